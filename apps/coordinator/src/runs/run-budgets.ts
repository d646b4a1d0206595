import { Injectable } from '@nestjs/common';
import { spentOf } from '@seedfleet/rounds';
import { RunRepository } from './run.repository.js';
import { hoursOf } from './run-view.js';

/** How much of their budgets runs have spent. */
@Injectable()
export class RunBudgets {
  constructor(private readonly runs: RunRepository) {}

  /** The largest share of each run that has a budget. */
  async spentOf(ids: readonly number[], now: Date): Promise<Map<number, number>> {
    const rows = (await this.runs.findMany(ids)).filter(({ budget }) => budget !== null);
    const reports = await this.runs.countReports(rows.map(({ id }) => id));
    return new Map(rows.map((row) => [row.id, spentOf(row.budget ?? {}, { scalars: (reports.get(row.id) ?? 0) * row.queries, hours: hoursOf(row, now) })]));
  }
}
