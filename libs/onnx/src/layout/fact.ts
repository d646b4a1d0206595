import { type Dimension, isFree } from './dimension.js';

/**
 * What is known of a value without running the graph.
 * - `free`: does not depend on the batch, neither in size nor in content: constants, positions, sequence lengths.
 * - `rows`: the examples stand on one axis, in order, each a block of equal size; so repeating that axis repeats the batch.
 * - `other`: the batch is somewhere else in it (two axes, the integer b itself), or nobody can tell.
 */
export type Fact = FreeFact | RowsFact | OtherFact;

interface Known {
  /** Undefined where even the number of axes is unknown. */
  readonly shape?: readonly Dimension[] | undefined;
  /** The integers of a scalar or vector that a graph computes with shapes. */
  readonly content?: readonly Dimension[] | undefined;
}
interface FreeFact extends Known { readonly layout: 'free' }
export interface RowsFact extends Known {
  readonly layout: 'rows';
  readonly shape: readonly Dimension[];
  /** The axis of the examples, from the front; nearly always 0. */
  readonly axis: number;
}
interface OtherFact extends Known { readonly layout: 'other' }

export const unknown: Fact = { layout: 'other' };

export function free(shape?: readonly Dimension[]): Fact {
  return { layout: 'free', shape };
}

export function rows(shape: readonly Dimension[], axis: number): Fact {
  return { layout: 'rows', shape, axis };
}

/** Rows with the examples on axis 0. */
export function leads(fact: Fact | undefined): fact is RowsFact {
  return fact?.layout === 'rows' && fact.axis === 0;
}

/** A scalar (`axes` 0) or vector of integers with known dependence on the batch. */
export function integers(content: readonly Dimension[], axes: 0 | 1 = 1): Fact {
  const shape = axes === 0 ? [] : [{ batch: 0, size: content.length }];
  return { layout: content.every(isFree) ? 'free' : 'other', shape, content };
}
