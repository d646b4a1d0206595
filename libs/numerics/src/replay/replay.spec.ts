import fc from 'fast-check';
import { encodeCommit, equalBytes, generateKeyPair, sha256, signManifest, toHex, verifyManifest, type Manifest, type SignedCommit } from '@seedfleet/ledger';
import { aManifest } from '@seedfleet/ledger/testing';
import { deriveSeeds } from '../seed/seed.js';
import { initialState, stateHash, type AdapterState, type StepRuleType } from './adapter-state.js';
import { applyCommit, replayCommit, replayContext } from './replay.js';

const { privateKey } = generateKeyPair();
const rules = ['sgd', 'normalised', 'momentum', 'adam'] as const;

function aRun({ type = 'sgd', rounds = 6, groups = 1 }: { type?: StepRuleType; rounds?: number; groups?: number }) {
  const base = aManifest({ coordinatorPrivateKey: privateKey });
  const manifest: Manifest = { ...base, stepRule: { ...base.stepRule, type }, estimator: { ...base.estimator, groups } };
  const verified = verifyManifest(signManifest(manifest, privateKey));
  const context = replayContext(manifest);
  const start = initialState({ layout: context.layout, stepRule: context.stepRule });
  const commits: SignedCommit[] = [];
  let state = start;
  for (let round = 0; round < rounds; round++) {
    const origin = { previousHash: commits.at(-1)?.hash ?? verified.hash, attempt: round % 2, groups: Array.from({ length: groups }, (_, g) => g), queries: context.queries };
    const coefficients = Float64Array.from({ length: groups * context.queries }, (_, j) => (round + 1) / (j - 1.5));
    state = applyCommit(state, { seeds: deriveSeeds({ manifestHash: verified.hash, ...origin }), coefficients, learningRate: 0.1 }, context);
    commits.push(encodeCommit({ ...origin, round, learningRate: 0.1, reports: 2, coefficients, reportsHash: sha256(), stateHash: stateHash(state), manifestHash: verified.hash }, privateKey));
  }
  return { verified, context, start, commits, end: state };
}

const replay = (state: AdapterState, run: ReturnType<typeof aRun>, commits: SignedCommit[]) => commits.reduce((at, commit) => replayCommit(at, run.context, commit), state);

test('the context of a manifest names the same hash as its signature', () => {
  const { verified, context } = aRun({ rounds: 0 });
  expect(equalBytes(context.manifestHash, verified.hash)).toBe(true);
});

test.each(rules)('replay with %s may stop anywhere and go on', (type) => {
  const run = aRun({ type, groups: 2 });
  fc.assert(fc.property(fc.nat({ max: run.commits.length }), (cut) => {
    const stopped = replay(run.start, run, run.commits.slice(0, cut));
    const saved = { ...stopped, values: stopped.values.map((array) => array.slice()) };
    expect(toHex(stateHash(replay(saved, run, run.commits.slice(cut))))).toBe(toHex(stateHash(run.end)));
  }));
});

test('a commit that names another state is refused', () => {
  const run = aRun({ rounds: 1 });
  const [commit] = run.commits as [SignedCommit];
  expect(() => replayCommit(run.start, run.context, { ...commit, stateHash: sha256() })).toThrow(expect.objectContaining({ code: 'log.state-mismatch' }));
  expect(() => replayCommit(run.start, run.context, { ...commit, attempt: 1 })).toThrow(expect.objectContaining({ code: 'log.state-mismatch' }));
});

test('a commit of another round than the next is refused', () => {
  const run = aRun({ rounds: 2 });
  expect(() => replayCommit(run.start, run.context, run.commits[1] as SignedCommit)).toThrow(expect.objectContaining({ code: 'log.broken-chain', field: 'round' }));
});

test('applying a commit leaves the state before it as it was', () => {
  const run = aRun({ type: 'adam', rounds: 2 });
  const before = replay(run.start, run, run.commits.slice(0, 1));
  const hash = toHex(stateHash(before));
  replayCommit(before, run.context, run.commits[1] as SignedCommit);
  expect(toHex(stateHash(before))).toBe(hash);
});

test('coefficients that are all zero move nothing, with any step rule', () => {
  for (const type of rules) {
    const { start, context } = aRun({ type, rounds: 0 });
    const next = applyCommit(start, { seeds: BigUint64Array.of(1n, 2n), coefficients: Float64Array.of(0, 0), learningRate: 1 }, context);
    expect(next.values[0]?.every((value) => value === 0)).toBe(true);
  }
});

test.each([
  ['a coefficient that is not finite', { coefficients: Float64Array.of(1, NaN) }, 'numerics.not-finite'],
  ['a learning rate that is not finite', { learningRate: Infinity }, 'numerics.not-finite'],
  ['fewer coefficients than seeds', { coefficients: Float64Array.of(1) }, 'numerics.length'],
])('%s is refused before anything is computed', (_name, change, code) => {
  const { start, context } = aRun({ rounds: 0 });
  const step = { seeds: BigUint64Array.of(1n, 2n), coefficients: Float64Array.of(1, 1), learningRate: 1, ...change };
  expect(() => applyCommit(start, step, context)).toThrow(expect.objectContaining({ code }));
});
