import { InvariantError } from '@seedfleet/errors';

/** The differences of one device in one round. */
export interface DeviceReport {
  /** the device's id: only the order of summation comes from it */
  device: string;
  /** its direction group */
  group: number;
  /** examples that its losses are means over; >= 1 */
  examples: number;
  /** [q] */
  differences: Float32Array;
}

/** What a round's reports come to. */
export interface AggregatedGroups {
  /** ids of the groups with at least one report, ascending */
  groups: number[];
  /** [groups.length * q] float64, group by group */
  differences: Float64Array;
  reports: number;
  /** over all reports */
  examples: number;
}

/**
 * Mean of the differences per group and query, weighted by examples: d_j = Σ_m n_m d_mj / Σ_m n_m, over the devices m of the group. Devices
 * are summed in the order of their ids, so that the order of arrival never changes a bit.
 * @throws InvariantError for what the conductor must have refused: no reports, two of one device, wrong lengths, numbers that are not finite
 */
export function aggregateGroups({ reports, queries }: { reports: readonly DeviceReport[]; queries: number }): AggregatedGroups {
  if (reports.length === 0) throw new InvariantError('there is no report to aggregate');
  const ordered = [...reports].sort((a, b) => (a.device < b.device ? -1 : a.device > b.device ? 1 : 0));
  ordered.forEach((report, i) => requireReport({ report, previous: ordered[i - 1], queries }));
  const groups = [...new Set(ordered.map(({ group }) => group))].sort((a, b) => a - b);
  const differences = new Float64Array(groups.length * queries);
  groups.forEach((group, g) => {
    weightedMeanInto(differences.subarray(g * queries, (g + 1) * queries), ordered.filter((report) => report.group === group));
  });
  return { groups, differences, reports: ordered.length, examples: ordered.reduce((sum, { examples }) => sum + examples, 0) };
}

/** @param out [q] zeros, overwritten */
function weightedMeanInto(out: Float64Array, reports: readonly DeviceReport[]): void {
  let weight = 0;
  for (const { examples, differences } of reports) {
    weight += examples;
    for (let j = 0; j < out.length; j++) out[j] = (out[j] as number) + examples * (differences[j] as number);
  }
  for (let j = 0; j < out.length; j++) out[j] = (out[j] as number) / weight;
}

function requireReport({ report, previous, queries }: { report: DeviceReport; previous: DeviceReport | undefined; queries: number }): void {
  const broken = (problem: string) => new InvariantError(`a report that reached the aggregator ${problem}`);
  if (previous?.device === report.device) throw broken('came twice from one device');
  if (!Number.isInteger(report.group) || report.group < 0) throw broken('names a group that is not a whole number from 0');
  if (!Number.isInteger(report.examples) || report.examples < 1) throw broken('stands on no examples');
  if (report.differences.length !== queries) throw broken(`has ${report.differences.length} differences for ${queries} queries`);
  if (!report.differences.every(Number.isFinite)) throw broken('has a difference that is not finite');
}
