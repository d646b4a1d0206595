import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { serverLimits } from '../app/limits.js';
import { Logger } from '../app/logger.js';
import { settingsToken } from '../app/surroundings.module.js';
import { type Settings } from '../app/settings.js';
import { Clock } from '../app/surroundings.js';
import { MetricRegistry } from '../metrics/metric-registry.js';
import { LeaseKeeper } from '../replicas/lease-keeper.js';
import { AuditLog } from '../operators/audit-log.js';
import { checkpointsToDelete } from './checkpoints-to-delete.js';
import { type RetentionSettings } from './retention-settings.js';
import { RetentionRepository, type RetainedRun } from './retention.repository.js';

const sweepEveryMs = 3_600_000;
/** Rows of one statement: reports that wait for the database wait no longer than for these. */
const rowsPerStatement = 1_000;
/** Statements of one kind in one sweep: what is left is deleted in the next. */
const statementsMax = 1_000;
const dayMs = 86_400_000;

/** Rows that one sweep deleted. */
export type Swept = Record<'reports' | 'checkpoints' | 'sessions' | 'idempotency_keys' | 'connections', number>;

/**
 * Deletes what no run needs any more, every hour and in small pieces. The log is never touched: a run stays verifiable for ever. Without its
 * raw reports a commit's hash of reports can no longer be recomputed, only compared.
 */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly settings: RetentionSettings;
  private readonly deleted: Counter<'kind'>;
  private readonly sweptAt: Gauge;
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(
    @Inject(settingsToken) settings: Settings, private readonly repository: RetentionRepository, private readonly audit: AuditLog,
    private readonly clock: Clock, private readonly logger: Logger, private readonly keeper: LeaseKeeper, { registry }: MetricRegistry,
  ) {
    this.settings = settings.retention;
    this.deleted = new Counter({ name: 'seedfleet_retention_deleted_total', help: 'Rows that retention deleted.', labelNames: ['kind'], registers: [registry] });
    this.sweptAt = new Gauge({ name: 'seedfleet_retention_last_sweep_timestamp_seconds', help: 'End of the last sweep; 0 before the first.', registers: [registry] });
    for (const kind of ['reports', 'checkpoints', 'sessions', 'idempotency_keys', 'connections']) this.deleted.inc({ kind }, 0);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      if (!this.keeper.holds('duty:retention')) return;
      this.sweeping = this.sweep().catch((error: unknown) => this.logger.failure('retention.failed', error));
    }, sweepEveryMs);
    this.timer.unref();
  }

  /** Ends after the statement that runs. */
  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.sweeping;
  }

  async sweep(): Promise<Swept> {
    const nowMs = this.clock.nowMs();
    const swept: Swept = { reports: 0, checkpoints: 0, sessions: 0, idempotency_keys: 0, connections: 0 };
    for (const run of await this.repository.findRuns()) {
      const roundMax = await this.lastRoundToDelete(run, nowMs);
      if (roundMax !== null) swept.reports += await this.repeat('reports', (limit) => this.repository.deleteReports({ run: run.id, roundMax, limit }));
      swept.checkpoints += await this.deleteCheckpoints(run);
    }
    const expiredBefore = new Date(nowMs);
    swept.sessions = await this.repeat('sessions', (limit) => this.repository.deleteSessions({ expiredBefore, limit }));
    const before = new Date(nowMs - serverLimits.idempotencySeconds * 1_000);
    swept.idempotency_keys = await this.repeat('idempotency_keys', (limit) => this.repository.deleteIdempotencyKeys({ before, limit }));
    const { reportDays } = this.settings;
    const openedBefore = new Date(nowMs - reportDays * dayMs);
    if (reportDays > 0) swept.connections = await this.repeat('connections', (limit) => this.repository.deleteConnections({ openedBefore, limit }));
    const { reports, checkpoints } = swept;
    if (reports + checkpoints > 0) await this.audit.record({ actor: 'coordinator', action: 'retention.delete', subject: 'retention', detail: { reports, checkpoints, ...this.settings } });
    this.sweptAt.set(this.clock.nowMs() / 1_000);
    this.logger.info('retention.swept', swept);
    return swept;
  }

  /** Reports up to this round are deleted; null: none. Those of a round that may still be open never. */
  private async lastRoundToDelete({ id, hasEnded, round }: RetainedRun, nowMs: number): Promise<number | null> {
    const { reportDays, reportRounds } = this.settings;
    const old = reportDays === 0 ? null : await this.repository.lastRoundEnded(id, new Date(nowMs - reportDays * dayMs));
    const closed = old === null ? -1 : hasEnded ? old : Math.min(old, round - 1);
    const beyond = hasEnded && reportRounds > 0 ? round - reportRounds - 1 : -1;
    const last = Math.max(closed, beyond);
    return last < 0 ? null : last;
  }

  private async deleteCheckpoints({ id, checkpointEveryRounds }: RetainedRun): Promise<number> {
    const spare = checkpointsToDelete(await this.repository.findCheckpoints(id), { checkpointEveryRounds, every: this.settings.checkpointEvery });
    return this.repeat('checkpoints', (limit) => this.repository.deleteCheckpoints(spare.splice(0, limit).map((checkpoint) => checkpoint.id)));
  }

  private async repeat(kind: keyof Swept, statement: (limit: number) => Promise<number>): Promise<number> {
    let rows = 0;
    for (let i = 0; i < statementsMax && !this.stopped; i++) {
      const count = await statement(rowsPerStatement);
      this.deleted.inc({ kind }, count);
      rows += count;
      if (count < rowsPerStatement) break;
    }
    return rows;
  }
}
