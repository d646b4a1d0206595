import { differencesOf, perturbedRowsInto, rowsOf, type Estimator, type Layout } from '@seedfleet/numerics';
import { type Random } from '../world/random.js';

/**
 * The loss of one device, in place of a model and data: L(B) = 1/(2n) Σ_i (B_i - t_i - e_i)². Its target t lies near the fleet's, each batch
 * has an e of its own, so that devices disagree and batches are noisy, as real ones are.
 */
export interface Objective {
  /** [q] what the device reports of one batch at B */
  differences(b: Float64Array, seeds: BigUint64Array): Float32Array;
  /** at B, without noise */
  loss(b: Float64Array): number;
}

/** The value that the fleet's targets lie around: everywhere the same, so that a report can say how far it is. */
export const fleetTarget = 0.5;

export function anObjective({ layout, key, estimator, random }: { layout: Layout; key: Uint8Array; estimator: Estimator; random: Random }): Objective {
  const target = Float64Array.from({ length: layout.size }, () => fleetTarget + (random.uniform() - 0.5) * 0.2);
  const lossOf = (row: Float32Array | Float64Array, noise: number) => {
    let sum = 0;
    for (let i = 0; i < layout.size; i++) {
      const distance = (row[i] as number) - (target[i] as number) - noise;
      sum += distance * distance;
    }
    return sum / (2 * layout.size);
  };
  return {
    differences(b, seeds) {
      const rows = new Float32Array(rowsOf(estimator) * layout.size);
      perturbedRowsInto(rows, { b, layout, key, seeds, estimator });
      const noise = (random.uniform() - 0.5) * 0.1;
      const losses = Float64Array.from({ length: rowsOf(estimator) }, (_, p) => lossOf(rows.subarray(p * layout.size, (p + 1) * layout.size), noise));
      return differencesOf({ estimator, losses });
    },
    loss: (b) => lossOf(b, 0),
  };
}
