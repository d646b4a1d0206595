/** What the differences of one attempt say together; null where they say nothing: no reports, or too few to compare. */
export interface ReportStatistics {
  /** quantiles of the absolute differences of all devices and queries */
  differenceP10: number | null;
  differenceP50: number | null;
  differenceP90: number | null;
  /** mean over queries of abs(mean over devices), over the mean of the standard errors of these means */
  signalToNoise: number | null;
  /** mean over queries of the share of devices that agree on the sign of the majority: 0.5 to 1 */
  signAgreement: number | null;
}

export interface GroupedDifferences {
  group: number;
  /** [q] */
  differences: Float32Array;
}

/** Devices of different groups look along different directions: only those of one group are compared with each other. */
export function statisticsOf(reports: readonly GroupedDifferences[]): ReportStatistics {
  const magnitudes = Float64Array.from(reports.flatMap(({ differences }) => [...differences].map(Math.abs))).sort();
  const queries = [...byGroup(reports).values()].filter((members) => members.length > 1).flatMap(queryStatistics);
  const noise = meanOf(queries.map(({ standardError }) => standardError));
  const signal = meanOf(queries.map(({ mean }) => Math.abs(mean)));
  return {
    differenceP10: quantileOf(magnitudes, 0.1), differenceP50: quantileOf(magnitudes, 0.5), differenceP90: quantileOf(magnitudes, 0.9),
    signalToNoise: signal === null || noise === null || noise === 0 ? null : signal / noise,
    signAgreement: meanOf(queries.map(({ agreement }) => agreement)),
  };
}

/** Nearest rank. @param sorted ascending */
export function quantileOf(sorted: ArrayLike<number>, share: number): number | null {
  return sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function byGroup(reports: readonly GroupedDifferences[]): Map<number, Float32Array[]> {
  const groups = new Map<number, Float32Array[]>();
  for (const { group, differences } of reports) {
    const members = groups.get(group) ?? [];
    members.push(differences);
    groups.set(group, members);
  }
  return groups;
}

/** @param members at least two, [q] each */
function queryStatistics(members: readonly Float32Array[]): { mean: number; standardError: number; agreement: number }[] {
  const devices = members.length;
  return Array.from({ length: members[0]?.length ?? 0 }, (_, query) => {
    let sum = 0;
    let positive = 0;
    for (const differences of members) {
      const value = differences[query] ?? 0;
      sum += value;
      if (value > 0) positive += 1;
    }
    const mean = sum / devices;
    let squares = 0;
    for (const differences of members) squares += ((differences[query] ?? 0) - mean) ** 2;
    return { mean, standardError: Math.sqrt(squares / (devices - 1) / devices), agreement: Math.max(positive, devices - positive) / devices };
  });
}

const meanOf = (values: readonly number[]): number | null => (values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length);
