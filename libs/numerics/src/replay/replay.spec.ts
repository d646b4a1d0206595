import fc from 'fast-check';
import { equalBytes, sha256, toHex, type SignedCommit } from '@seedfleet/ledger';
import { aRun } from '../../vectors/a-run.js';
import { branchState, stateHash, type AdapterState } from './adapter-state.js';
import { applyCommit, replayCommit, replayCommits } from './replay.js';

const rules = ['sgd', 'normalised', 'momentum', 'adam'] as const;
const replay = (state: AdapterState, run: ReturnType<typeof aRun>, commits: SignedCommit[]) => commits.reduce((at, commit) => replayCommit(at, run.context, commit), state);

test('the context of a manifest names the same hash as its signature', () => {
  const { manifestHash, context } = aRun({ rounds: 0 });
  expect(equalBytes(context.manifestHash, manifestHash)).toBe(true);
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

test.each(rules)('to catch up leads to the state of a replay commit by commit (%s)', (type) => {
  const run = aRun({ type, groups: 2 });
  const caughtUp = replayCommits(run.start, run.context, run.commits);
  expect(caughtUp.round).toBe(run.commits.length);
  expect(toHex(stateHash(caughtUp))).toBe(toHex(stateHash(run.end)));
  expect(run.start.values.every((array) => array.every((value) => value === 0))).toBe(true);
});

test('to catch up over a commit that changes the state otherwise than it says names its round, and over a gap the gap', () => {
  const { start, context, commits } = aRun({ rounds: 4 });
  const forged = commits.map((commit) => commit.round === 1 ? { ...commit, learningRate: 7 } : commit);
  expect(() => replayCommits(start, context, forged)).toThrow(expect.objectContaining({ code: 'log.state-mismatch', message: expect.stringContaining('after round 1 ') as string }));
  expect(() => replayCommits(start, context, commits.slice(1))).toThrow(expect.objectContaining({ code: 'log.broken-chain', field: 'round' }));
  expect(replayCommits(start, context, [])).toBe(start);
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

test.each(rules)('a branch begins with B of its parent, moments zero, round 0, whatever its rule (%s)', (type) => {
  const { end } = aRun({ type, rounds: 3 });
  const before = end.values.map((array) => array.slice());
  for (const [rule, moments] of [['sgd', 0], ['normalised', 0], ['momentum', 1], ['adam', 2]] as const) {
    const branch = branchState(end, { type: rule });
    expect(branch).toEqual({ layout: end.layout, round: 0, values: [end.values[0], ...Array.from({ length: moments }, () => new Float64Array(end.layout.size))] });
    branch.values[0]?.fill(7);
  }
  expect(end.values).toEqual(before);
});
