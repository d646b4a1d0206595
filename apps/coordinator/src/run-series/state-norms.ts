import { type AdapterState } from '@seedfleet/numerics';

/** Euclidean norms over all trained values: of the step, and of the values after it. Moments of the optimizer are not among them. */
export interface StateNorms {
  stepNorm: number;
  adapterNorm: number;
}

export function normsOf({ before, after }: { before: AdapterState; after: AdapterState }): StateNorms {
  const [from = new Float64Array()] = before.values;
  const [to = new Float64Array()] = after.values;
  let step = 0;
  let adapter = 0;
  for (let i = 0; i < to.length; i++) {
    const value = to[i] ?? 0;
    const change = value - (from[i] ?? 0);
    step += change * change;
    adapter += value * value;
  }
  return { stepNorm: Math.sqrt(step), adapterNorm: Math.sqrt(adapter) };
}
