/** What the differences of one eps showed. */
export interface EpsMeasure {
  eps: number;
  /** [n] projected gradients, difference / eps, of the same directions at every eps */
  gradients: Float64Array;
  /** root mean square of the n differences */
  size: number;
}

export interface EpsFinding {
  eps: number;
  /** size of the differences over the noise floor */
  signalToNoise: number;
  /** correlation of the projected gradients with those of the next greater eps; null at the greatest */
  agreement: number | null;
  /** correlation with those of the reference; null without one */
  correlation: number | null;
  /** correlation with those of float32 at the same eps; null where float32 is what was checked */
  float32: number | null;
}

export interface Linearity {
  /** the smallest eps whose differences stand above the noise, and are those of float32; null where none does */
  reference: number | null;
  /** the greatest eps up to which the projected gradients stay those of the reference */
  upTo: number | null;
  /** the last one tried before upTo, but for a range of one: far from the noise, and not where the loss begins to bend. In eight bits without a range: the best one. */
  suggested: number | null;
  findings: EpsFinding[];
}

/** Differences this many times the noise tell directions apart. */
export const signalMin = 10;
/** Two neighbouring eps that agree less than this see noise, or the roughness of quantised activations, which repeats and has no noise. */
export const agreementMin = 0.95;
/** Least correlation with the reference that still counts as linear. */
export const correlationMin = 0.95;

/**
 * Where the loss is a line to its differences: from the smallest eps above the noise up to where curvature bends it.
 * @param measures ascending eps, the same directions
 * @param noise    root mean square of differences that should be zero
 */
export function linearityOf(measures: readonly EpsMeasure[], noise: number): Linearity {
  const { agreements, signals } = seenIn(measures, noise);
  const at = measures.findIndex((_, k) => (signals[k] ?? 0) >= signalMin && (agreements[k] ?? -1) >= agreementMin);
  const reference = measures[at];
  const correlations = measures.map(({ gradients }) => (reference ? correlationOf(reference.gradients, gradients) : null));
  const findings = measures.map(({ eps }, k) => ({ eps, signalToNoise: signals[k] ?? 0, agreement: agreements[k] ?? null, correlation: correlations[k] ?? null, float32: null }));
  if (!reference) return { reference: null, upTo: null, suggested: null, findings };
  let last = at;
  while (last + 1 < measures.length && (correlations[last + 1] ?? -1) >= correlationMin) last++;
  return { reference: reference.eps, upTo: measures[last]?.eps ?? null, suggested: measures[Math.max(at, last - 1)]?.eps ?? null, findings };
}

/**
 * The same of losses in another precision. Small differences of quantised losses repeat and agree with each other and are still not those of the model, so
 * that they are held against float32's: at the same eps, and at the eps where float32 is a line (the slopes themselves). Good is an eps where both
 * correlations are.
 * @param float the same directions at the same eps, in float32
 */
export function linearityBeside(measures: readonly EpsMeasure[], { float, noise }: { float: readonly EpsMeasure[]; noise: number }): Linearity {
  const { agreements, signals } = seenIn(measures, noise);
  const { reference } = linearityOf(float, noise);
  const slopes = float.find(({ eps }) => eps === reference);
  const findings = measures.map(({ eps, gradients }, k) => ({
    eps, signalToNoise: signals[k] ?? 0, agreement: agreements[k] ?? null,
    correlation: slopes ? correlationOf(slopes.gradients, gradients) : null, float32: correlationOf(float[k]?.gradients ?? gradients, gradients),
  }));
  const good = findings.filter((finding) => qualityOf(finding) >= correlationMin);
  const best = bestOf(findings);
  const suggested = good.at(-2) ?? good.at(-1) ?? (best && qualityOf(best) > 0 ? best : undefined);
  return { reference: good[0]?.eps ?? null, upTo: good.at(-1)?.eps ?? null, suggested: suggested?.eps ?? null, findings };
}

/** How far the projected gradients of one eps can be trusted: the lesser of their correlations with the slopes and with float32; 0 in the noise. */
export function qualityOf({ signalToNoise, correlation, float32 }: Pick<EpsFinding, 'signalToNoise' | 'correlation' | 'float32'>): number {
  return signalToNoise < signalMin ? 0 : Math.min(correlation ?? 0, float32 ?? 1);
}

/** The finding with the best quality, the smallest eps of equals; undefined without any. */
export function bestOf(findings: readonly EpsFinding[]): EpsFinding | undefined {
  return [...findings].sort((a, b) => qualityOf(b) - qualityOf(a) || a.eps - b.eps)[0];
}

function seenIn(measures: readonly EpsMeasure[], noise: number): { agreements: (number | null)[]; signals: number[] } {
  return {
    agreements: measures.map(({ gradients }, k) => { const next = measures[k + 1]; return next ? correlationOf(gradients, next.gradients) : null; }),
    signals: measures.map(({ size }) => (noise === 0 ? (size === 0 ? 0 : Infinity) : size / noise)),
  };
}

/** Pearson's correlation; 0 where one of the two does not vary. */
export function correlationOf(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / n;
  const [ma, mb] = [meanOf(a), meanOf(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [(a[i] ?? 0) - ma, (b[i] ?? 0) - mb];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

export function rootMeanSquare(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) ** 2;
  return values.length === 0 ? 0 : Math.sqrt(sum / values.length);
}
