/**
 * A size, or an integer that a graph computes from sizes, as a function of the batch b: `size * b^batch`.
 * `size: null` is a factor that does not depend on b and is not known (a sequence length, say). A null dimension is unknown altogether.
 */
export type Dimension = { readonly batch: number; readonly size: number | null } | null;

export const one: Dimension = { batch: 0, size: 1 };
export const anySize: Dimension = { batch: 0, size: null };
export const batchSize: Dimension = { batch: 1, size: 1 };

export function fixed(size: number): Dimension {
  return { batch: 0, size };
}

export function isFixed(dimension: Dimension | undefined, size: number): boolean {
  return dimension?.batch === 0 && dimension.size === size;
}

/** Known not to depend on the batch. */
export function isFree(dimension: Dimension | undefined): boolean {
  return dimension?.batch === 0;
}

/** Known to be a multiple of the batch. */
export function countsExamples(dimension: Dimension | undefined): boolean {
  return dimension?.batch === 1;
}

export function multiply(a: Dimension, b: Dimension): Dimension {
  if (!a || !b) return null;
  return { batch: a.batch + b.batch, size: a.size === null || b.size === null ? null : a.size * b.size };
}

export function add(a: Dimension, b: Dimension, sign: 1 | -1): Dimension {
  if (!a || !b || a.batch !== b.batch) return null;
  const size = a.size === null || b.size === null ? null : a.size + sign * b.size;
  return a.batch === 0 || size !== null ? { batch: a.batch, size } : null;
}

export function divide(a: Dimension, b: Dimension): Dimension {
  if (!a || !b || b.batch > a.batch || b.size === 0) return null;
  if (a.size === null || b.size === null) return { batch: a.batch - b.batch, size: null };
  // An inexact quotient of a multiple of b is no longer a multiple of b.
  if (a.size % b.size !== 0) return a.batch === 0 ? fixed(Math.trunc(a.size / b.size)) : null;
  return { batch: a.batch - b.batch, size: a.size / b.size };
}

/** Size of an axis that two broadcast operands share; undefined where an operand does not have that axis. */
export function broadcast(a: Dimension | undefined, b: Dimension | undefined): Dimension | undefined {
  if (a === undefined || (b !== undefined && isFixed(a, 1))) return b;
  if (b === undefined || isFixed(b, 1)) return a;
  return countsExamples(b) ? b : a;
}

/** 1 where equal, 0 where not, null where it depends: a size is never negative. */
export function equal(a: Dimension, b: Dimension): Dimension {
  if (!a || !b) return null;
  if (a.batch === 0 && b.batch === 0 && a.size !== null && b.size !== null) return fixed(a.size === b.size ? 1 : 0);
  const negative = (d: NonNullable<Dimension>) => d.batch === 0 && d.size !== null && d.size < 0;
  return negative(a) !== negative(b) ? fixed(0) : null;
}
