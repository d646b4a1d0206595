/** A mean of differences, and where it lies with 95 % confidence. */
export interface PairedInterval {
  mean: number;
  low: number;
  high: number;
  /** Pairs. */
  count: number;
}

/** Of the standard normal distribution. */
const quantile975 = 1.959963984540054;

/**
 * Mean of after - before over pairs, with the 95 % interval of Student's t: mean ± t s / sqrt(n).
 * The quantile is Fisher's expansion of t in 1/(n - 1) (Abramowitz and Stegun 26.7.5), good to 1e-3 from ten pairs on.
 * @param before [n], @param after [n] of the same examples in the same order; n >= 10
 */
export function pairedInterval({ before, after }: { before: readonly number[]; after: readonly number[] }): PairedInterval {
  const count = before.length;
  if (count < 10 || after.length !== count) throw new RangeError(`${count} and ${after.length} values are no ten pairs`);
  const differences = after.map((value, i) => value - (before[i] ?? NaN));
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / count;
  const variance = differences.reduce((sum, difference) => sum + (difference - mean) ** 2, 0) / (count - 1);
  const half = studentQuantile975(count - 1) * Math.sqrt(variance / count);
  return { mean, low: mean - half, high: mean + half, count };
}

function studentQuantile975(degrees: number): number {
  const z = quantile975;
  return z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) + (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3);
}
