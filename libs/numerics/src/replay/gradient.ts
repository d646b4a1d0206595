import { type Layout, type PlacedSite } from '../layout/layout.js';
import { directionInto, type Distribution } from '../perturbation/direction.js';
import { rademacherSumInto } from './rademacher-sum.js';

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
export function gradientInto(out: Float64Array, origin: GradientOrigin): void {
  const { coefficients, distribution, seeds, key } = origin;
  for (const site of origin.layout.sites) {
    const g = out.subarray(site.offset, site.offset + site.size);
    const factors = coefficients.map((coefficient) => coefficient * site.scale);
    if (distribution === 'rademacher') rademacherSumInto(g, { site, seeds, key }, factors);
    else sumInto(g, { site, factors, origin });
    for (let i = 0; i < g.length; i++) g[i] = (g[i] as number) / coefficients.length;
  }
}

function sumInto(g: Float64Array, { site, factors, origin: { key, seeds, distribution } }: { site: PlacedSite; factors: Float64Array; origin: GradientOrigin }): void {
  const z = new Float64Array(site.size);
  g.fill(0);
  factors.forEach((factor, j) => {
    directionInto(z, { key, seed: seeds[j] as bigint, site: site.index, distribution });
    // Query by query, never regrouped: float addition is not associative, and replay must round as everyone does.
    for (let i = 0; i < g.length; i++) g[i] = (g[i] as number) + factor * (z[i] as number);
  });
}
