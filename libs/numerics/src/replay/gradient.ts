import { type Layout } from '../layout/layout.js';
import { directionInto, type Distribution } from '../perturbation/direction.js';

/** Everything that a round's estimate depends on. */
export interface GradientOrigin {
  layout: Layout;
  /** [32] of perturbationKey */
  key: Uint8Array;
  distribution: Distribution;
  /** [n] group by group, query by query */
  seeds: BigUint64Array;
  /** [n] float64, in the order of the seeds */
  coefficients: Float64Array;
}

/**
 * Gradient estimate of a round: G = (1/n) Σ_j (c_j s) z(seed_j), n over groups, then queries. docs/numerics.md, "Replay".
 * @param out [layout.size] float64, overwritten
 */
export function gradientInto(out: Float64Array, { layout, key, distribution, seeds, coefficients }: GradientOrigin): void {
  const n = coefficients.length;
  out.fill(0);
  for (const site of layout.sites) {
    const z = new Float64Array(site.size);
    const g = out.subarray(site.offset, site.offset + site.size);
    for (let j = 0; j < n; j++) {
      directionInto(z, { key, seed: seeds[j] as bigint, site: site.index, distribution });
      const factor = (coefficients[j] as number) * site.scale;
      // Query by query, never regrouped: float addition is not associative, and replay must round as everyone does.
      for (let i = 0; i < g.length; i++) g[i] = (g[i] as number) + factor * (z[i] as number);
    }
    for (let i = 0; i < g.length; i++) g[i] = (g[i] as number) / n;
  }
}
