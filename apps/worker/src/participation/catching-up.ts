import { FleetError } from '@seedfleet/errors';
import { type ParticipantInput } from '@seedfleet/rounds';
import { type Logger } from 'pino';
import { type Session } from '../session/session.js';
import { type Surroundings } from '../surroundings.js';
import { CatchUpMeter } from './catch-up-meter.js';
import { codeOf } from './failure.js';
import { type KnownHead } from './known-head.js';
import { type Replica } from './replica.js';

export interface CatchingUpParts {
  run: number;
  replica: Replica;
  head: KnownHead;
  /** Values that one commit's directions have together. */
  directionValues: number;
  /** A device that is there to check the log replays every commit, whatever that costs. */
  logOnly: boolean;
  surroundings: Surroundings;
  logger: Logger;
  send: Session['send'];
  fetchCheckpoint(): Promise<Uint8Array>;
}

/** Commits that are replayed before the event loop gets a turn, and that share one write to the disk. */
const replaySlice = 16;

/** How a replica gets from its round to the head: pages of the log, replay, checkpoints, and what they cost here. */
export class CatchingUp {
  private readonly meter: CatchUpMeter;

  constructor(private readonly parts: CatchingUpParts) {
    this.meter = new CatchUpMeter({ nowMs: () => parts.surroundings.nowMs(), directionValues: parts.directionValues });
  }

  get last(): CatchUpMeter['last'] {
    return this.meter.last;
  }

  begin(): void {
    this.meter.begin(this.parts.replica.round);
  }

  /** One page of the log. @throws FleetError those of the session */
  async tail(from: number): Promise<ParticipantInput> {
    const { run, head: known, surroundings, logOnly } = this.parts;
    const sinceMs = surroundings.nowMs();
    const { commits, head, checkpoint } = await this.parts.send('ledger:tail', { run, from });
    const bytes = commits.reduce((sum, commit) => sum + commit.length, 0);
    this.meter.fetched({ bytes, milliseconds: surroundings.nowMs() - sinceMs, by: 'log' });
    known.hear(head);
    for (const commit of commits) known.receive(commit);
    const useful = checkpoint === null || checkpoint.round <= from ? null : checkpoint;
    const cheaper = logOnly ? 'log' : this.meter.cheaper({
      commits: head - from, commitsAfterCheckpoint: head - (useful?.round ?? from), commitBytes: bytes / Math.max(1, commits.length), checkpointBytes: useful?.bytes ?? null,
    });
    return { type: 'tail', from, commits, headRound: head, cheaper };
  }

  /** Verifies, replays and keeps the commits. */
  async apply(commits: readonly Uint8Array[]): Promise<ParticipantInput> {
    const { run, replica, head, surroundings, logger } = this.parts;
    const sinceMs = surroundings.nowMs();
    try {
      for (let first = 0; first < commits.length; first += replaySlice) {
        if (first > 0) await new Promise((resolve) => setImmediate(resolve));
        this.applySlice(commits.slice(first, first + replaySlice));
      }
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      logger.error({ run, round: replica.round, code: error.code }, error.problem);
      return { type: 'mismatch', round: replica.round };
    }
    this.meter.replayed({ commits: commits.length, milliseconds: surroundings.nowMs() - sinceMs });
    this.meter.reached({ round: replica.round, headRound: head.round });
    logger.debug({ run, ...replica.describe() }, 'applied');
    return { type: 'applied', round: replica.round };
  }

  async loadCheckpoint(): Promise<ParticipantInput> {
    const { run, replica, head, surroundings, logger } = this.parts;
    try {
      const sinceMs = surroundings.nowMs();
      const bytes = await this.parts.fetchCheckpoint();
      this.meter.fetched({ bytes: bytes.length, milliseconds: surroundings.nowMs() - sinceMs, by: 'checkpoint' });
      replica.load(bytes);
    } catch (error) {
      logger.warn({ run, code: codeOf(error) }, 'the checkpoint could not be used');
      return { type: 'checkpoint-failed', code: codeOf(error) };
    }
    this.meter.reached({ round: replica.round, headRound: head.round });
    return { type: 'checkpoint-loaded', round: replica.round };
  }

  private applySlice(commits: readonly Uint8Array[]): void {
    const { replica } = this.parts;
    try {
      replica.apply(commits);
    } catch (error) {
      if (commits.length === 1) throw error;
      // One of them is wrong: take those before it, and stop at it.
      for (const commit of commits) replica.apply([commit]);
    }
  }
}
