import { encodeCommit, generateKeyPair, sha256, signManifest, verifyManifest, type Manifest, type SignedCommit } from '@seedfleet/ledger';
import { aManifest } from '@seedfleet/ledger/testing';
import { applyCommit, deriveSeeds, initialState, replayContext, stateHash, type StepRuleType } from '../src/index.js';

/** A run as its coordinator makes it: signed manifest, chained seeds, signed commits, and the state that they lead to. */
export function aRun({ type = 'sgd', rounds = 6, groups = 1 }: { type?: StepRuleType; rounds?: number; groups?: number }) {
  const { privateKey } = generateKeyPair();
  const base = aManifest({ coordinatorPrivateKey: privateKey });
  const manifest: Manifest = { ...base, stepRule: { ...base.stepRule, type }, estimator: { ...base.estimator, groups } };
  const signedManifest = signManifest(manifest, privateKey);
  const { hash: manifestHash } = verifyManifest(signedManifest);
  const context = replayContext(manifest);
  const start = initialState({ layout: context.layout, stepRule: context.stepRule });
  const commits: SignedCommit[] = [];
  let state = start;
  for (let round = 0; round < rounds; round++) {
    const origin = { previousHash: commits.at(-1)?.hash ?? manifestHash, attempt: round % 2, groups: Array.from({ length: groups }, (_, g) => g), queries: context.queries };
    const coefficients = Float64Array.from({ length: groups * context.queries }, (_, j) => (round + 1) / (j - 1.5));
    state = applyCommit(state, { seeds: deriveSeeds({ manifestHash, ...origin }), coefficients, learningRate: 0.1 }, context);
    commits.push(encodeCommit({ ...origin, round, learningRate: 0.1, reports: 2, coefficients, reportsHash: sha256(), stateHash: stateHash(state), manifestHash }, privateKey));
  }
  return { signedManifest, manifestHash, context, start, commits, end: state };
}
