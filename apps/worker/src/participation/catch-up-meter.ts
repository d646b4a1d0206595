import { cheaperCatchUp } from '@seedfleet/rounds';
import { type CatchUp } from '../status/status-file.js';

interface UnderWay { sinceMs: number; fromRound: number; bytes: number; by: 'log' | 'checkpoint' }

/** What replay and network cost before anything was measured here: guesses that the first catch-up corrects. */
const guesses = { nanosecondsPerDirectionValue: 8, bytesPerMillisecond: 1000 };

/** Measures catching up: to choose between log and checkpoint, and to tell what the last time cost. */
export class CatchUpMeter {
  private underWay: UnderWay | null = null;
  private readonly nowMs: () => number;
  private replayMillisecondsPerCommit: number;
  private bytesPerMillisecond = guesses.bytesPerMillisecond;
  /** The last catching up that brought a round. */
  last: CatchUp | null = null;

  /** @param directionValues of one commit: values of the adapter times queries times groups */
  constructor({ nowMs, directionValues }: { nowMs: () => number; directionValues: number }) {
    this.nowMs = nowMs;
    this.replayMillisecondsPerCommit = directionValues * guesses.nanosecondsPerDirectionValue / 1e6;
  }

  begin(fromRound: number): void {
    this.underWay ??= { sinceMs: this.nowMs(), fromRound, bytes: 0, by: 'log' };
  }

  fetched({ bytes, milliseconds, by }: { bytes: number; milliseconds: number; by: 'log' | 'checkpoint' }): void {
    if (this.underWay !== null) {
      this.underWay.bytes += bytes;
      if (by === 'checkpoint') this.underWay.by = by;
    }
    // A small answer measures latency, not throughput.
    if (bytes > 16_384 && milliseconds > 0) this.bytesPerMillisecond = bytes / milliseconds;
  }

  replayed({ commits, milliseconds }: { commits: number; milliseconds: number }): void {
    if (commits > 0) this.replayMillisecondsPerCommit = milliseconds / commits;
  }

  /** The state has reached `round`; catching up ends when that is the head. */
  reached({ round, headRound }: { round: number; headRound: number }): void {
    if (this.underWay === null || round < headRound) return;
    const { sinceMs, fromRound, bytes, by } = this.underWay;
    if (round > fromRound) this.last = { rounds: round - fromRound, bytes, milliseconds: this.nowMs() - sinceMs, by };
    this.underWay = null;
  }

  cheaper(need: { commits: number; commitsAfterCheckpoint: number; commitBytes: number; checkpointBytes: number | null }): 'log' | 'checkpoint' {
    return cheaperCatchUp({ ...need, replayMillisecondsPerCommit: this.replayMillisecondsPerCommit, bytesPerMillisecond: this.bytesPerMillisecond });
  }
}
