import { toHex } from '@seedfleet/ledger';
import { type Run } from '@seedfleet/protocol';
import { type Canary, type RunBudget } from '@seedfleet/rounds';
import { metricsOf } from './evaluation-metrics.js';
import { type Figures } from './run-figures.repository.js';
import { type RunRow } from './run.repository.js';

const hourMs = 3_600_000;

/** A run as operators see it. @param reports that its devices made; counted only where it has a budget */
export function runView(row: RunRow, { head, last, devices, reports, now }: Figures & { reports: number; now: Date }): Run {
  const { id, name, state, cause, round, roundsMax, model, createdAt, startedAt, endedAt, manifestHash, branch, group, startWhen, canary, budget, queries } = row;
  return {
    id, name, state, cause, round, roundsMax, model, createdAt: createdAt.toISOString(), startedAt: startedAt?.toISOString() ?? null, endedAt: endedAt?.toISOString() ?? null,
    manifestHash: toHex(manifestHash), headHash: toHex(head?.hash ?? manifestHash), stateHash: head === null ? branch?.stateHash ?? null : toHex(head.stateHash),
    devices, lastEvaluation: last === null ? null : metricsOf(last, row),
    branch: branch === null ? null : { run: branch.run, round: branch.round },
    group: group === null ? null : { id: group.id, name: group.name, membership: group.followed ? 'followed' : 'frozen' },
    startAt: startWhen.startAt?.toISOString() ?? null, after: startWhen.after, whenFree: startWhen.whenFree,
    canary: canary === null ? null : canaryView(canary),
    budget: budget === null ? null : budgetView(budget, { scalars: reports * queries, hours: hoursOf(row, now) }),
  };
}

/** From its first start to its end, or now. */
export const hoursOf = ({ startedAt, endedAt }: Pick<RunRow, 'startedAt' | 'endedAt'>, now: Date) => (startedAt === null ? 0 : Math.max(0, ((endedAt ?? now).getTime() - startedAt.getTime()) / hourMs));

function canaryView({ plan: { rounds, devices, departuresMax, onFailure }, stage, cause, asked, departed, before, after }: Canary): NonNullable<Run['canary']> {
  return { rounds, devices, departuresMax, onFailure, stage, cause, asked, departed, lossBefore: before, lossAfter: after?.loss ?? null };
}

function budgetView({ scalars, hours }: RunBudget, spent: { scalars: number; hours: number }): NonNullable<Run['budget']> {
  return { scalars: scalars ?? null, scalarsSpent: spent.scalars, hours: hours ?? null, hoursSpent: spent.hours };
}
