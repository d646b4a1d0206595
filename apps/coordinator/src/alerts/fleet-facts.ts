import { Injectable } from '@nestjs/common';
import { type AlertCondition, runStates } from '@seedfleet/protocol';
import { Clock } from '../app/surroundings.js';
import { Database } from '../database/database.js';
import { RunBudgets } from '../runs/run-budgets.js';
import { version } from '../health/version.js';
import { type FleetFacts, type WatchedRun } from './firing-alerts.js';

const dayMs = 86_400_000;

/** Reads what the rules look at: no more of it than the longest of them needs. */
@Injectable()
export class FleetFactReader {
  constructor(private readonly database: Database, private readonly budgets: RunBudgets, private readonly clock: Clock) {}

  async read(conditions: readonly AlertCondition[]): Promise<FleetFacts> {
    const now = this.clock.now();
    const wants = (...types: AlertCondition['type'][]) => conditions.some(({ type }) => types.includes(type));
    return {
      now, version,
      runs: wants('round-stalled', 'loss-rising', 'participation-low', 'run-failed', 'state-mismatch', 'budget') ? await this.runs(conditions, now) : [],
      devices: wants('device-gone', 'version-skew', 'device-cloned') ? await this.database.prisma.device.findMany({ where: { state: 'active' }, select: { id: true, name: true, connected: true, lastSeenAt: true, enrolledAt: true, workerVersion: true, clonedAt: true } }) : [],
    };
  }

  private async runs(conditions: readonly AlertCondition[], now: Date): Promise<WatchedRun[]> {
    const evaluations = 1 + Math.max(0, ...conditions.map((condition) => (condition.type === 'loss-rising' ? condition.evaluations : 0)));
    const rounds = Math.max(1, ...conditions.map((condition) => (condition.type === 'participation-low' ? condition.rounds : 0)));
    const rows = await this.database.prisma.run.findMany({
      where: { OR: [{ state: 'running' }, { state: 'failed', endedAt: { gt: new Date(now.getTime() - dayMs) } }] }, orderBy: { id: 'asc' },
      select: {
        id: true, name: true, state: true, cause: true, startedAt: true, endedAt: true,
        evaluations: { orderBy: { round: 'desc' }, take: evaluations, select: { lossSum: true, count: true } },
        rounds: { where: { endedAt: { not: null } }, orderBy: [{ round: 'desc' }, { attempt: 'desc' }], take: rounds, select: { state: true, cohort: true, endedAt: true, _count: { select: { reports: true } } } },
        assignments: { where: { cause: { startsWith: 'log.state-mismatch' } }, orderBy: { deviceId: 'asc' }, select: { device: { select: { name: true } } } },
        commits: { orderBy: { round: 'desc' }, take: 1, select: { round: true, attempt: true } },
      },
    });
    const spent = conditions.some(({ type }) => type === 'budget') ? await this.budgets.spentOf(rows.filter(({ state }) => state === 'running').map(({ id }) => id), now) : new Map<number, number>();
    return Promise.all(rows.map(async ({ evaluations: losses, rounds: ended, assignments, commits: [commit], state, ...run }) => ({
      ...run, state: runStates.find((known) => known === state) ?? 'failed',
      losses: losses.map(({ lossSum, count }) => lossSum / count).reverse(),
      rounds: ended.map(({ cohort, _count }) => ({ selected: Array.isArray(cohort) ? cohort.length : 0, reported: _count.reports })),
      mismatched: assignments.map(({ device }) => device.name), spent: spent.get(run.id) ?? null,
      committedAt: commit === undefined ? null : ended.find((round) => round.state === 'committed')?.endedAt ?? await this.endOf(run.id, commit),
    })));
  }

  private async endOf(runId: number, { round, attempt }: { round: number; attempt: number }): Promise<Date | null> {
    return (await this.database.prisma.round.findUnique({ where: { runId_round_attempt: { runId, round, attempt } }, select: { endedAt: true } }))?.endedAt ?? null;
  }
}
