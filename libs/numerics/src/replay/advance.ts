import { FleetError } from '@seedfleet/errors';
import { type Layout } from '../layout/layout.js';
import { type Distribution } from '../perturbation/direction.js';
import { type StepRuleType } from './adapter-state.js';
import { gradientInto } from './gradient.js';
import { subtractByDirections, sumsOf, tableStreams } from './rademacher-sum.js';
import { scaledCoefficients, stepRules } from './step-rules.js';

/** What of a run one step depends on, next to its commit. */
export interface StepContext {
  /** [32] of perturbationKey */
  key: Uint8Array;
  distribution: Distribution;
  stepRule: { type: StepRuleType };
}

/** What one commit means as numbers. */
export interface CommittedStep {
  /** [n] group by group, query by query */
  seeds: BigUint64Array;
  /** [n] float64 in the order of the seeds */
  coefficients: Float64Array;
  learningRate: number;
}

/**
 * One step in place: G from seeds and coefficients, then the step rule. docs/numerics.md, "Replay".
 * @param values the arrays of an AdapterState, overwritten
 * @param place  of the step: its layout and its number, from 1
 * @throws FleetError `numerics.length`, `numerics.not-finite`; nothing has changed then
 */
export function advanceInto(values: readonly Float64Array[], { seeds, coefficients, learningRate }: CommittedStep, { key, distribution, stepRule, layout, step }: StepContext & { layout: Layout; step: number }): void {
  if (seeds.length !== coefficients.length || seeds.length === 0) {
    throw new FleetError('numerics.length', { field: 'coefficients', problem: `There are ${coefficients.length} coefficients for ${seeds.length} seeds.` });
  }
  if (!coefficients.every(Number.isFinite) || !Number.isFinite(learningRate)) {
    throw new FleetError('numerics.not-finite', { field: 'coefficients', problem: 'A coefficient or the learning rate is not a finite number.' });
  }
  const scaled = scaledCoefficients(stepRule.type, coefficients);
  const [b] = values as [Float64Array];
  if (values.length === 1 && distribution === 'rademacher' && seeds.length <= tableStreams) {
    descend(b, { layout, key, seeds, coefficients: scaled, learningRate });
    return;
  }
  const gradient = new Float64Array(layout.size);
  gradientInto(gradient, { layout, key, distribution, seeds, coefficients: scaled });
  stepRules[stepRule.type]({ values, gradient, learningRate, step });
}

/** B = B - lr G where G has few different values: lr G is made once for each, and for all sites of one scale. */
function descend(b: Float64Array, { layout, key, seeds, coefficients, learningRate }: CommittedStep & { layout: Layout; key: Uint8Array }): void {
  const stepsOfScale = new Map<number, Float64Array>();
  for (const site of layout.sites) {
    const steps = stepsOfScale.get(site.scale) ?? sumsOf(coefficients.map((coefficient) => coefficient * site.scale)).map((sum) => learningRate * (sum / coefficients.length));
    stepsOfScale.set(site.scale, steps);
    subtractByDirections(b.subarray(site.offset, site.offset + site.size), { site, seeds, key }, steps);
  }
}
