import { FleetError } from '@seedfleet/errors';
import { encodeManifest, equalBytes, fromHex, sha256, type Manifest, type SignedCommit } from '@seedfleet/ledger';
import { layoutOf, type Layout } from '../layout/layout.js';
import { perturbationKey } from '../perturbation/perturbation-key.js';
import { deriveSeeds } from '../seed/seed.js';
import { stateHash, type AdapterState } from './adapter-state.js';
import { advanceInto, type CommittedStep, type StepContext } from './advance.js';

/** Everything that replay needs of a manifest. */
export interface ReplayContext extends StepContext {
  layout: Layout;
  /** [32] */
  manifestHash: Uint8Array;
  queries: number;
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
export function applyCommit({ layout, round, values: before }: AdapterState, committed: CommittedStep, context: StepContext): AdapterState {
  const values = before.map((array) => array.slice());
  advanceInto(values, committed, { ...context, layout, step: round + 1 });
  return { layout, round: round + 1, values };
}

/**
 * Applies a commit of the log whose signature and chain were checked (ledger's `verifyLink`), and compares the state with the one it names.
 * @throws FleetError `log.broken-chain` if it is not the next commit of this state, `log.state-mismatch`, and those of applyCommit
 */
export function replayCommit(state: AdapterState, context: ReplayContext, commit: SignedCommit): AdapterState {
  const next = applyCommit(state, committedStep(state.round, context, commit), context);
  requireState(next, commit);
  return next;
}

/**
 * Applies many such commits and compares the state after the last one with the one it names: for a device that catches up. To hash every state on the way takes longer
 * than to compute it, and a wrong one leads to a wrong last one. A last state that is wrong is looked for commit by commit, so that the error names
 * the round. An auditor, who answers for every commit, takes `replayCommit`.
 * @returns a new state; the given one stays as it was
 * @throws FleetError those of replayCommit
 */
export function replayCommits(state: AdapterState, context: ReplayContext, commits: readonly SignedCommit[]): AdapterState {
  const last = commits.at(-1);
  if (last === undefined) return state;
  const { layout } = state;
  const values = state.values.map((array) => array.slice());
  commits.forEach((commit, i) => advanceInto(values, committedStep(state.round + i, context, commit), { ...context, layout, step: state.round + i + 1 }));
  const caughtUp = { layout, round: state.round + commits.length, values };
  if (equalBytes(stateHash(caughtUp), last.stateHash)) return caughtUp;
  return commits.reduce((at, commit) => replayCommit(at, context, commit), state);
}

function committedStep(round: number, { manifestHash }: ReplayContext, commit: SignedCommit): CommittedStep {
  if (commit.round !== round) {
    throw new FleetError('log.broken-chain', { field: 'round', problem: `The state has ${round} commits applied, this is the commit of round ${commit.round}.` });
  }
  const { previousHash, attempt, groups, queries, coefficients, learningRate } = commit;
  return { seeds: deriveSeeds({ manifestHash, previousHash, attempt, groups, queries }), coefficients, learningRate };
}

function requireState(state: AdapterState, commit: SignedCommit): void {
  if (equalBytes(stateHash(state), commit.stateHash)) return;
  throw new FleetError('log.state-mismatch', { field: 'stateHash', problem: `The state after round ${commit.round} is not the one that its commit names.` });
}
