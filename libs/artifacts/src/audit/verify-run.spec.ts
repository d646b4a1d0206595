import { decodeCommit, encodeCommit, generateKeyPair, sha256, toHex, type Manifest } from '@seedfleet/ledger';
import { branchState, stateHash } from '@seedfleet/numerics';
import { aFinishedRun } from './a-finished-run.js';
import { verifyRun } from './verify-run.js';

const { privateKey, publicKey } = generateKeyPair();
const run = aFinishedRun({ rounds: 5, coordinatorPrivateKey: privateKey });

test('a run verifies from its manifest and log alone, to the head and state that its coordinator named', () => {
  const seen: number[] = [];
  const verified = verifyRun({ ...run, coordinatorKey: toHex(publicKey), onRound: (rounds) => seen.push(rounds) });
  expect(verified).toMatchObject({ rounds: 5, head: run.headHash, stateHash: run.stateHash });
  expect(verified.state.round).toBe(5);
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});

test('a run without commits has its manifest as head', () => {
  expect(verifyRun({ ...run, log: [] })).toMatchObject({ rounds: 0, head: run.signedManifest.hash });
});

test.each(['gaussian', 'rademacher'] as const)('a run of %s directions in three groups verifies', (distribution) => {
  const groups = aFinishedRun({ rounds: 3, coordinatorPrivateKey: privateKey, estimator: { ...run.signedManifest.manifest.estimator, distribution, groups: 3 } });
  expect(verifyRun(groups).stateHash).toBe(groups.stateHash);
});

test('a log without one of its commits does not verify', () => {
  for (let at = 0; at < 4; at++) expect(() => verifyRun({ ...run, log: run.log.toSpliced(at, 1) })).toThrow(expect.objectContaining({ code: 'log.broken-chain' }));
});

test('a commit that its own coordinator signed over a state it does not lead to is found by replay', () => {
  const last = decodeCommit(run.log[4] as Uint8Array);
  const lie = encodeCommit({ ...last, stateHash: sha256(), manifestHash: manifestHash() }, privateKey);
  expect(() => verifyRun({ ...run, log: [...run.log.slice(0, 4), lie.bytes] })).toThrow(expect.objectContaining({ code: 'log.state-mismatch' }));
});

test('a run of another coordinator than expected does not verify', () => {
  expect(() => verifyRun({ ...run, coordinatorKey: toHex(generateKeyPair().publicKey) })).toThrow(expect.objectContaining({ code: 'manifest.signature' }));
});

describe('a branch', () => {
  const adam = { type: 'adam', learningRate: 0.01, schedule: 'constant' } as const;
  const parent = aFinishedRun({ rounds: 6, coordinatorPrivateKey: privateKey, stepRule: adam });
  const atFour = verifyRun({ ...parent, log: parent.log.slice(0, 4) });
  const origin = {
    run: 1, manifestHash: parent.signedManifest.hash, round: 4, commitHash: atFour.head,
    stateHash: toHex(stateHash(branchState(atFour.state, adam))),
  };
  const aBranch = (changes: Partial<Manifest> = {}) => aFinishedRun({ rounds: 3, run: 2, coordinatorPrivateKey: privateKey, stepRule: adam, parentState: atFour.state, branch: origin, ...changes });
  const branch = aBranch();

  test('verifies from its own log and that of its parent, of which later commits do not count', () => {
    expect(verifyRun({ ...branch, parent, coordinatorKey: toHex(publicKey) })).toMatchObject({ rounds: 3, head: branch.headHash, stateHash: branch.stateHash });
    expect(verifyRun({ ...branch, log: [], parent: { ...parent, log: parent.log.slice(0, 4) } }).state.values).toEqual([atFour.state.values[0], ...[1, 2].map(() => new Float64Array(atFour.state.layout.size))]);
  });

  test('of a branch verifies through both parents', () => {
    const whole = verifyRun({ ...branch, parent });
    const second = aBranch({ run: 3, branch: { run: 2, manifestHash: branch.signedManifest.hash, round: 3, commitHash: branch.headHash, stateHash: toHex(stateHash(branchState(whole.state, adam))) } });
    const young = aFinishedRun({ rounds: 2, coordinatorPrivateKey: privateKey, parentState: whole.state, ...second.signedManifest.manifest });
    expect(verifyRun({ ...young, parent: { ...branch, parent } }).stateHash).toBe(young.stateHash);
    expect(() => verifyRun({ ...young, parent: branch })).toThrow(expect.objectContaining({ code: 'branch.parent-missing' }));
  });

  test.each<[string, string, string, () => Parameters<typeof verifyRun>[0]]>([
    ['without its parent', 'branch.parent-missing', 'parent', () => branch],
    ['with a parent whose log ends too early', 'branch.parent-missing', 'parent', () => ({ ...branch, parent: { ...parent, log: parent.log.slice(0, 3) } })],
    ['with another parent', 'branch.differs', 'branch.manifestHash', () => ({ ...branch, parent: aFinishedRun({ rounds: 6, coordinatorPrivateKey: privateKey, name: 'another', stepRule: adam }) })],
    ['that names another commit', 'branch.differs', 'branch.commitHash', () => ({ ...aBranch({ branch: { ...origin, commitHash: parent.headHash } }), parent })],
    ['that names another state', 'branch.differs', 'branch.stateHash', () => ({ ...aBranch({ branch: { ...origin, stateHash: parent.stateHash } }), parent })],
    ['with another run key, from which another frozen A would grow', 'branch.differs', 'runKey', () => ({ ...aBranch({ runKey: 'ee'.repeat(32) }), parent })],
    ['with other labels', 'branch.differs', 'task', () => ({ ...aBranch({ task: { type: 'classification', labels: ['a', 'b'], tokensMax: 64 } }), parent })],
  ])('%s does not verify', (_, code, field, given) => {
    expect(() => verifyRun(given())).toThrow(expect.objectContaining({ code, field }));
  });
});

/** Round 0 names the manifest as the commit before it. */
function manifestHash(): Uint8Array {
  return decodeCommit(run.log[0] as Uint8Array).previousHash;
}
