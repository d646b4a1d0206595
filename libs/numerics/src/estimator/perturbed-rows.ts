import { FleetError } from '@seedfleet/errors';
import { type Layout } from '../layout/layout.js';
import { directionInto } from '../perturbation/direction.js';
import { rowPlan, rowsOf, type Estimator } from './estimator.js';

/** Everything that the rows of one round depend on. */
export interface RowsOrigin {
  /** [layout.size] float64 master of B */
  b: Float64Array;
  layout: Layout;
  /** [32] of perturbationKey */
  key: Uint8Array;
  /** [q] of this device's group */
  seeds: BigUint64Array;
  estimator: Estimator;
}

/**
 * The adapters that one forward pass compares: row p = float32(B + sign_p (eps s) z_j), in the order of `rowPlan`. Formed from the master
 * each time, never perturbed and un-perturbed in place.
 * @param out [P, layout.size] float32, row by row, overwritten
 * @throws FleetError `numerics.length`
 */
export function perturbedRowsInto(out: Float32Array, { b, layout, key, seeds, estimator }: RowsOrigin): void {
  requireLength('out', out.length, rowsOf(estimator) * layout.size);
  requireLength('b', b.length, layout.size);
  requireLength('seeds', seeds.length, estimator.queries);
  const rows = rowPlan(estimator);
  for (const site of layout.sites) {
    const z = new Float64Array(site.size);
    const step = estimator.eps * site.scale;
    let query = -1;
    rows.forEach((row, p) => {
      if (row.sign !== 0 && row.query !== query) {
        query = row.query;
        directionInto(z, { key, seed: seeds[query] as bigint, site: site.index, distribution: estimator.distribution });
      }
      const start = p * layout.size + site.offset;
      const signed = row.sign * step;
      for (let i = 0; i < site.size; i++) {
        const master = b[site.offset + i] as number;
        out[start + i] = row.sign === 0 ? master : master + signed * (z[i] as number);
      }
    });
  }
}

function requireLength(field: string, found: number, wanted: number): void {
  if (found !== wanted) throw new FleetError('numerics.length', { field, problem: `${field} has ${found} entries, ${wanted} are needed.` });
}
