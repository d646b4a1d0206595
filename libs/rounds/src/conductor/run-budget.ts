import { type Moment } from '../moment.js';
import { type Conductor } from './conductor.js';

/** What a run may cost: `policy.stop.budget` of its manifest. */
export interface RunBudget {
  /** differences that leave devices, in all rounds and attempts together */
  scalars?: number | undefined;
  /** hours from the first start, pauses included */
  hours?: number | undefined;
}

const hourMs = 3_600_000;

/** Whether the next attempt could spend more than the budget: it takes at most a cohort of reports. An hour that is over ends the run before its next attempt. */
export function budgetIsSpent({ policy, queries, scalars, startedAtMs }: Conductor, { nowMs }: Pick<Moment, 'nowMs'>): boolean {
  const budget = policy.stop?.budget ?? {};
  if (budget.scalars !== undefined && scalars + policy.cohort * queries > budget.scalars) return true;
  return budget.hours !== undefined && startedAtMs > 0 && nowMs - startedAtMs >= budget.hours * hourMs;
}

/** The largest share of a budget that is spent; 0 without one. */
export function spentOf({ scalars, hours }: RunBudget, spent: { scalars: number; hours: number }): number {
  return Math.max(scalars === undefined ? 0 : spent.scalars / scalars, hours === undefined ? 0 : spent.hours / hours);
}
