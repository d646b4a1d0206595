import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { decodeCommit } from '@seedfleet/ledger';
import { Logger } from '../app/logger.js';
import { Clock } from '../app/surroundings.js';
import { type RoundEvent } from '../rounds/round-event.js';
import { quantileOf, statisticsOf } from './report-statistics.js';
import { RoundStatisticsRepository, type AttemptKey, type EndedAttempt, type RecordedReport, type StatisticsRow } from './round-statistics.repository.js';
import { type StateNorms } from './state-norms.js';

/** What ended within so long is looked at together: one statement for many rounds of a fast run. */
const settleEveryMs = 1_000;
/** Ended so long ago without statistics: whoever led the run is gone. Before, it may be about to write down what only it knows. */
const gapAfterMs = 60_000;
/** Attempts whose reports are in memory at a time. */
const attemptsPerPage = 50;
/** Attempts that are remembered before they are looked at: older ones are found again in the database, without what only memory knew. */
const rememberedMax = 10_000;

/** What the database does not say about an attempt. */
interface Remembered {
  online: number | null;
  declined: Map<string, string>;
  norms: StateNorms | null;
}

/**
 * Computes the statistics of every attempt once it has ended, from what it left in the database and what was heard of it meanwhile. It only
 * looks: no round waits for it. After a crash the gaps are filled at the next start, without what only memory knew.
 */
@Injectable()
export class RoundStatistics implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly remembered = new Map<string, Remembered>();
  /** runs with attempts that ended since */
  private readonly ended = new Set<number>();
  private working: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly repository: RoundStatisticsRepository, private readonly clock: Clock, private readonly logger: Logger) {}

  hear(event: RoundEvent): void {
    switch (event.type) {
      case 'taken-up':
        if (event.again) this.work(() => this.repository.saveRestart({ run: event.run, round: event.round, at: this.clock.now() }));
        return;
      case 'opened':
        this.recall(event).online = event.online;
        return;
      case 'answered':
        if (event.declined === null) this.recall(event).declined.delete(event.device);
        else this.recall(event).declined.set(event.device, event.declined);
        return;
      case 'committed':
        this.recall(event).norms = event.norms;
        return this.follow(event.run);
      case 'abandoned':
        return this.follow(event.run);
      default:
        return;
    }
  }

  onApplicationBootstrap(): void {
    this.work(async () => {
      for (const run of await this.repository.findRunsWithGaps(new Date(this.clock.nowMs() - gapAfterMs))) await this.fill(run);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.settle();
    this.stopped = true;
    await this.working;
  }

  /** Resolves when every attempt that has ended by now has its statistics. */
  async settle(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const runs = [...this.ended];
    this.ended.clear();
    for (const run of runs) this.work(() => this.fill(run));
    await this.working;
  }

  private follow(run: number): void {
    this.ended.add(run);
    this.timer ??= setTimeout(() => void this.settle(), settleEveryMs).unref();
  }

  private recall(key: AttemptKey): Remembered {
    const name = nameOf(key);
    const known = this.remembered.get(name) ?? { online: null, declined: new Map<string, string>(), norms: null };
    this.remembered.set(name, known);
    const [oldest] = this.remembered.keys();
    if (this.remembered.size > rememberedMax && oldest !== undefined) this.remembered.delete(oldest);
    return known;
  }

  /** One after the other. A failure costs plots their points until the next start, and nothing else. */
  private work(task: () => Promise<void>): void {
    this.working = this.working.then(task).catch((error: unknown) => this.logger.failure('statistics.failed', error));
  }

  private async fill(run: number): Promise<void> {
    const eligible = await this.repository.countReady(run);
    while (!this.stopped) {
      const attempts = await this.repository.findMissing(run, attemptsPerPage);
      const [first, last] = [attempts[0], attempts.at(-1)];
      if (first === undefined || last === undefined) return;
      const reports = await this.repository.findReports(run, { from: first.round, to: last.round });
      await this.repository.save(attempts.map((attempt) => this.rowOf(attempt, { eligible, reports: reports.filter(({ round, attempt: of }) => round === attempt.round && of === attempt.attempt) })));
      for (const attempt of attempts) this.remembered.delete(nameOf(attempt));
      if (attempts.length < attemptsPerPage) return;
    }
  }

  private rowOf({ run, round, attempt, openedAt, commit }: EndedAttempt, { eligible, reports }: { eligible: number; reports: RecordedReport[] }): StatisticsRow {
    const { online = null, declined = new Map<string, string>(), norms = null } = this.remembered.get(nameOf({ run, round, attempt })) ?? {};
    const arrivals = Float64Array.from(reports, ({ recordedAt }) => (recordedAt.getTime() - openedAt.getTime()) / 1_000).sort();
    const gradients = commit === null ? new Float64Array() : Float64Array.from(decodeCommit(commit.bytes).coefficients).sort();
    const declines: Record<string, number> = {};
    for (const reason of declined.values()) declines[reason] = (declines[reason] ?? 0) + 1;
    return {
      run, round, attempt, eligible: online === null ? null : Math.max(eligible, online), online, declines, declined: [...declined],
      // Retention may have deleted reports before this ran: the commit still counts them.
      reported: Math.max(reports.length, commit?.reports ?? 0), counted: commit?.reports ?? 0,
      arrivalP50: quantileOf(arrivals, 0.5), arrivalP90: quantileOf(arrivals, 0.9), arrivalMax: quantileOf(arrivals, 1),
      ...statisticsOf(reports.map(({ group, differences }) => ({ group, differences: toFloats(differences) }))),
      gradientP10: quantileOf(gradients, 0.1), gradientP50: quantileOf(gradients, 0.5), gradientP90: quantileOf(gradients, 0.9),
      stepNorm: norms?.stepNorm ?? null, adapterNorm: norms?.adapterNorm ?? null,
    };
  }
}

const nameOf = ({ run, round, attempt }: AttemptKey) => `${run}/${round}/${attempt}`;

/** float32 LE, as reports are stored. */
export function toFloats(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true));
}
