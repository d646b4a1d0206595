import { type Dimension, isFree } from './dimension.js';

/**
 * What is known of a value without running the graph.
 * - `free`: does not depend on the batch, neither in size nor in content: constants, positions, sequence lengths.
 * - `rows`: the examples stand on axis 0 in order, each a block of equal size; so repeating axis 0 repeats the batch.
 * - `columns`: rows transposed, two axes: what a Gemm with transA reads.
 * - `other`: the batch is somewhere else in it (another axis, the integer b itself), or nobody can tell.
 */
export interface Fact {
  readonly layout: 'free' | 'rows' | 'columns' | 'other';
  /** Undefined where even the number of axes is unknown; never so for `rows` and `columns`. */
  readonly shape?: readonly Dimension[] | undefined;
  /** The integers of a scalar or vector that a graph computes with shapes. */
  readonly content?: readonly Dimension[] | undefined;
}

export const unknown: Fact = { layout: 'other' };

export function free(shape?: readonly Dimension[]): Fact {
  return { layout: 'free', shape };
}

/** A scalar (`axes` 0) or vector of integers with known dependence on the batch. */
export function integers(content: readonly Dimension[], axes: 0 | 1 = 1): Fact {
  const shape = axes === 0 ? [] : [{ batch: 0, size: content.length }];
  return { layout: content.every(isFree) ? 'free' : 'other', shape, content };
}
