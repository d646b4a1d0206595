import { type CohortSeat, type CountedReport } from '@seedfleet/rounds';
import { BrokenPromise } from '../promises/broken-promise.js';
import { type RunEnd } from './messages.js';

interface RoundRow {
  round: number;
  attempt: number;
  state: 'collecting' | 'committed' | 'abandoned';
  cohort: readonly CohortSeat[];
  reports: CountedReport[];
}

/** What is durable of the run at its coordinator. A transaction is there as a whole or not at all, as PostgreSQL promises; so this needs no torn writes. */
export class Database {
  readonly rounds: RoundRow[] = [];
  readonly commits: { bytes: Uint8Array; stateHash: string }[] = [];
  checkpoint: { round: number; bytes: Uint8Array } | null = null;
  evaluatedRound: number | null = null;
  state: 'running' | 'paused' | RunEnd = 'running';

  get isOver(): boolean {
    return this.state === 'completed' || this.state === 'failed' || this.state === 'cancelled';
  }

  get ended(): RunEnd | null {
    return this.state === 'running' || this.state === 'paused' ? null : this.state;
  }

  /** The newest attempt at the next round, whatever became of it. */
  newest(): RoundRow | undefined {
    const last = this.rounds.at(-1);
    return last?.round === this.commits.length ? last : undefined;
  }

  /** @throws BrokenPromise `no-report-lost` for a second one of a device: the first was forgotten, or would be overwritten */
  saveReport({ round, attempt }: { round: number; attempt: number }, report: CountedReport): void {
    const { reports } = this.find(round, attempt);
    if (reports.some(({ device }) => device === report.device)) throw new BrokenPromise('no-report-lost', `a second report of ${report.device} for attempt ${round}/${attempt} is saved over the first`);
    reports.push(report);
  }

  find(round: number, attempt: number): RoundRow {
    const row = this.rounds.find((candidate) => candidate.round === round && candidate.attempt === attempt);
    if (row === undefined) throw new Error(`attempt ${round}/${attempt} is not in the database`);
    return row;
  }
}
