/** Distance from the median, in median absolute deviations, from which a value stands out. 1.4826 makes it a standard deviation of normal values. */
const farAway = 5 * 1.4826;

/** Fewer values have no usual place to stand out from. */
const leastOthers = 5;

const medianOf = (values: readonly number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length === 0 ? 0 : sorted.length % 2 === 1 ? sorted[Math.floor(middle)] ?? 0 : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};

/** Which values stand far out from the others; none where all are alike, or too few. */
export function outliersOf(values: readonly number[]): boolean[] {
  if (values.length < leastOthers) return values.map(() => false);
  const median = medianOf(values);
  const spread = medianOf(values.map((value) => Math.abs(value - median)));
  return values.map((value) => spread > 0 && Math.abs(value - median) > farAway * spread);
}
