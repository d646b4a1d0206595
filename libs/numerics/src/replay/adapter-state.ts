import { hashValues } from '@seedfleet/ledger';
import { type Layout } from '../layout/layout.js';

/** How a gradient becomes a step; the constants are fixed with the name (docs/numerics.md, "Step rules"). */
export type StepRuleType = 'sgd' | 'normalised' | 'momentum' | 'adam';

/** The adapter of a run after some of its commits. Never changed in place: a new commit makes a new one. */
export interface AdapterState {
  layout: Layout;
  /** commits applied */
  round: number;
  /** [B], momentum [B, m], adam [B, m, v]; each [layout.size] float64 */
  values: Float64Array[];
}

/** All zero: before the first commit an adapter changes nothing. */
export function initialState({ layout, stepRule }: { layout: Layout; stepRule: { type: StepRuleType } }): AdapterState {
  const arrays = { sgd: 1, normalised: 1, momentum: 2, adam: 3 }[stepRule.type];
  return { layout, round: 0, values: Array.from({ length: arrays }, () => new Float64Array(layout.size)) };
}

/**
 * What a branch begins with: B of its parent. Moments begin at zero and rounds at 0, so that adam corrects the bias of moments that it has itself
 * gathered. docs/numerics.md, "Branches".
 * @param parent after the commits that the branch keeps; not changed
 */
export function branchState(parent: AdapterState, stepRule: { type: StepRuleType }): AdapterState {
  const { layout, values: [, ...moments] } = initialState({ layout: parent.layout, stepRule });
  const [b = new Float64Array(layout.size)] = parent.values;
  return { layout, round: 0, values: [b.slice(), ...moments] };
}

/** SHA-256 of the little-endian float64 bytes of B site by site, then of the moments. @returns [32] */
export function stateHash(state: AdapterState): Uint8Array {
  return hashValues(state.values);
}
