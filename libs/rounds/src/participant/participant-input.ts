import { type ErrorCode } from '@seedfleet/errors';
import { type DeclineReason } from '../conductor/decline-reason.js';
import { type EvaluationSums } from '../conductor/conductor-input.js';
import { type CatchUp } from './participant-effect.js';

/** What a participant asks of the coordinator and repeats until it is answered. Also the names of its timers. */
export type ParticipantRequest = 'prepare' | 'announce' | 'tail' | 'report' | 'evaluation';

/** A round:start, as far as the participant decides on it. */
export interface RoundStart {
  round: number;
  attempt: number;
  group: number;
  /** [q], group's own */
  seeds: BigUint64Array;
  /** milliseconds left when the coordinator sent it */
  deadlineMs: number;
}

/** Everything that a participant can be told. Rounds count commits: the state of round r has r commits applied. */
export type ParticipantInput =
  /** session:hello was answered; `headRound` and `stateMatches` from its ack for this run */
  | { type: 'connected'; headRound: number; stateMatches: boolean }
  | { type: 'disconnected' }
  /** the effect `prepare` is done: model, graph and data are ready */
  | { type: 'prepared'; trainExamples: number; heldOutExamples: number }
  | { type: 'preparation-failed'; code: ErrorCode }
  /** ack of the effect `announce` */
  | { type: 'announced'; headRound: number }
  /**
   * `seedsMatch`: the app derived the chained seeds itself (from the hash of the newest commit that it has received, applied or not) and they
   * are these. `declined`: the owner's policy forbids this round, and why.
   */
  | ({ type: 'start'; seedsMatch: boolean; declined: DeclineReason | null } & RoundStart)
  /** the effect `evaluate` is done; differences [q], examples of the batch */
  | { type: 'losses'; round: number; attempt: number; differences: Float32Array; examples: number }
  | { type: 'losses-failed'; round: number; attempt: number; code: ErrorCode }
  | { type: 'report-answered'; round: number; attempt: number }
  /** `retryAfterMs`: when it may be sent again, if the coordinator said so */
  | { type: 'report-refused'; round: number; attempt: number; code: ErrorCode; retryAfterMs?: number }
  /** a commit was broadcast; its signature and chain are checked by the app when it is applied */
  | { type: 'commit'; round: number; bytes: Uint8Array }
  /** ack of `request-tail`: commits from `from`, consecutive, maybe none; `cheaper` by cheaperCatchUp (`log` if there is no checkpoint) */
  | { type: 'tail'; from: number; commits: readonly Uint8Array[]; headRound: number; cheaper: CatchUp }
  /** ack with a refusal to announce, request-tail or send-evaluation */
  | { type: 'refused'; request: 'announce' | 'tail' | 'evaluation'; code: ErrorCode }
  /** the request's ack timed out */
  | { type: 'unanswered'; request: Exclude<ParticipantRequest, 'prepare'> }
  /** the effect `apply` is done and durable: `round` commits are applied */
  | { type: 'applied'; round: number }
  | { type: 'checkpoint-loaded'; round: number }
  /** the checkpoint could not be fetched or did not verify */
  | { type: 'checkpoint-failed'; code: ErrorCode }
  /** replay of the effect `apply` gave another state hash than the commit of `round` says, or the chain is broken there */
  | { type: 'mismatch'; round: number }
  | { type: 'evaluation-start'; round: number; deadlineMs: number }
  /** the effect `evaluate-held-out` is done */
  | ({ type: 'evaluated'; round: number } & EvaluationSums)
  | { type: 'evaluation-failed'; round: number; code: ErrorCode }
  | { type: 'evaluation-answered'; round: number }
  | { type: 'timer'; name: ParticipantRequest }
  /** run:ended, or the coordinator says at hello that the run is over */
  | { type: 'ended'; state: 'completed' | 'failed' | 'cancelled' };
