import { type EvaluationSums } from '../conductor/conductor-input.js';
import { type RoundStart } from './participant-input.js';

/** The attempt that this device works on; the newest one wins. */
export interface Work extends Omit<RoundStart, 'deadlineMs'> {
  deadlineAtMs: number;
  stage:
    /** accepted; the engine or the replay is still busy with something else */
    | { type: 'held' }
    | { type: 'evaluating' }
    /** sent or to be sent, not answered yet; `tries` lengthens the next wait */
    | { type: 'reporting'; differences: Float32Array; examples: number; tries: number }
    /** kept until the round is over: a start that comes again gets the same report again */
    | { type: 'reported'; differences: Float32Array; examples: number };
}

/** The held-out evaluation that this device was asked for. */
export interface HeldOutWork {
  round: number;
  deadlineAtMs: number;
  stage: { type: 'held' } | { type: 'evaluating' } | { type: 'sending'; sums: EvaluationSums; tries: number } | { type: 'answered'; sums: EvaluationSums };
}

/** How this device gets to the head of the log. */
export type Sync =
  /** at the head, as far as it knows, or not connected */
  | { type: 'none' }
  /** waits for ledger:tail */
  | { type: 'asking' }
  /** waits for the timer `tail` to ask again */
  | { type: 'resting' }
  /** replays up to round `to` */
  | { type: 'applying'; to: number }
  | { type: 'loading' };

export type ParticipantPhase =
  | { type: 'assigned' }
  /** `resting`: it failed and is tried again by the timer `prepare` */
  | { type: 'preparing'; resting: boolean }
  | { type: 'ready' }
  | { type: 'left' }
  | { type: 'finished' };

/** All that one device knows about its part in one run: plain data that structured clone copies. */
export interface Participant {
  run: number;
  phase: ParticipantPhase;
  connected: boolean;
  /** commits applied and durable */
  round: number;
  /** commits that are known to exist */
  headRound: number;
  /** number of the next batch; durable before a batch is evaluated */
  batches: number;
  trainExamples: number;
  heldOutExamples: number;
  sync: Sync;
  /** broadcast while something was applied: they follow each other and `sync.to` */
  queue: readonly Uint8Array[];
  /**
   * Whether the coordinator must hear of the state at the head: `due` when the head is reached, `owed` once one more commit is applied
   * (it thinks that this device is behind, and has been told what we have), `sent` until it is answered, `resting` until the timer.
   */
  announcing: 'not' | 'owed' | 'due' | 'sent' | 'resting';
  /** the round that was announced last */
  announcedRound: number;
  /** the checkpoint failed, or the state was reset: catch up by log only, until the head is reached */
  logOnly: boolean;
  /** the state differed from the fleet's at this round and nothing newer has worked since */
  mismatchRound: number | null;
  work: Work | null;
  heldOut: HeldOutWork | null;
  /** what the engine computes, which cannot be interrupted */
  engine: 'idle' | 'losses' | 'held-out';
  /** evaluations that failed in a row */
  failures: number;
  /** in a row, without success: each makes the next wait longer */
  tries: { prepare: number; announce: number; tail: number };
  ended: 'completed' | 'failed' | 'cancelled' | null;
}

/** A device's part in one run, from what its vault holds. Its first input is `connected`. */
export function createParticipant({ run, round, batches }: { run: number; round: number; batches: number }): Participant {
  return {
    run, phase: { type: 'assigned' }, connected: false, round, headRound: round, batches, trainExamples: 0, heldOutExamples: 0,
    sync: { type: 'none' }, queue: [], announcing: 'not', announcedRound: round, logOnly: false, mismatchRound: null, work: null, heldOut: null, engine: 'idle',
    failures: 0, tries: { prepare: 0, announce: 0, tail: 0 }, ended: null,
  };
}
