import { FleetError } from '@seedfleet/errors';
import { encodeManifest, equalBytes, fromHex, sha256, type Manifest, type SignedCommit } from '@seedfleet/ledger';
import { layoutOf, type Layout } from '../layout/layout.js';
import { type Distribution } from '../perturbation/direction.js';
import { perturbationKey } from '../perturbation/perturbation-key.js';
import { deriveSeeds } from '../seed/seed.js';
import { stateHash, type AdapterState, type StepRuleType } from './adapter-state.js';
import { gradientInto } from './gradient.js';
import { scaledCoefficients, stepRules } from './step-rules.js';

/** What of a run one step depends on, next to its commit. */
export interface StepContext {
  /** [32] of perturbationKey */
  key: Uint8Array;
  distribution: Distribution;
  stepRule: { type: StepRuleType };
}

/** Everything that replay needs of a manifest. */
export interface ReplayContext extends StepContext {
  layout: Layout;
  /** [32] */
  manifestHash: Uint8Array;
  queries: number;
}

/** What one commit means as numbers. */
export interface CommittedStep {
  /** [n] group by group, query by query */
  seeds: BigUint64Array;
  /** [n] float64 in the order of the seeds */
  coefficients: Float64Array;
  learningRate: number;
}

export function replayContext(manifest: Manifest): ReplayContext {
  return {
    layout: layoutOf(manifest.adapter.sites),
    key: perturbationKey(fromHex(manifest.runKey)),
    distribution: manifest.estimator.distribution,
    stepRule: manifest.stepRule,
    manifestHash: sha256(encodeManifest(manifest)),
    queries: manifest.estimator.queries,
  };
}

/**
 * The state after one more commit: G from seeds and coefficients, then one step. docs/numerics.md, "Replay".
 * @returns a new state; the given one stays as it was
 * @throws FleetError `numerics.length`, `numerics.not-finite`
 */
export function applyCommit(state: AdapterState, { seeds, coefficients, learningRate }: CommittedStep, { key, distribution, stepRule }: StepContext): AdapterState {
  if (seeds.length !== coefficients.length || seeds.length === 0) {
    throw new FleetError('numerics.length', { field: 'coefficients', problem: `There are ${coefficients.length} coefficients for ${seeds.length} seeds.` });
  }
  if (!coefficients.every(Number.isFinite) || !Number.isFinite(learningRate)) {
    throw new FleetError('numerics.not-finite', { field: 'coefficients', problem: 'A coefficient or the learning rate is not a finite number.' });
  }
  const { layout } = state;
  const gradient = new Float64Array(layout.size);
  gradientInto(gradient, { layout, key, distribution, seeds, coefficients: scaledCoefficients(stepRule.type, coefficients) });
  const values = state.values.map((array) => array.slice());
  stepRules[stepRule.type]({ values, gradient, learningRate, step: state.round + 1 });
  return { layout, round: state.round + 1, values };
}

/**
 * Applies a commit of the log whose signature and chain were checked (ledger's `verifyLink`), and compares the state with the one it names.
 * @throws FleetError `log.broken-chain` if it is not the next commit of this state, `log.state-mismatch`, and those of applyCommit
 */
export function replayCommit(state: AdapterState, context: ReplayContext, commit: SignedCommit): AdapterState {
  if (commit.round !== state.round) {
    throw new FleetError('log.broken-chain', { field: 'round', problem: `The state has ${state.round} commits applied, this is the commit of round ${commit.round}.` });
  }
  const { previousHash, attempt, groups, queries, coefficients, learningRate } = commit;
  const seeds = deriveSeeds({ manifestHash: context.manifestHash, previousHash, attempt, groups, queries });
  const next = applyCommit(state, { seeds, coefficients, learningRate }, context);
  if (!equalBytes(stateHash(next), commit.stateHash)) {
    throw new FleetError('log.state-mismatch', { field: 'stateHash', problem: `The state after round ${commit.round} is not the one that its commit names.` });
  }
  return next;
}
