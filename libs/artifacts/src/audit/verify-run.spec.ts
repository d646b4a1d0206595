import { decodeCommit, encodeCommit, generateKeyPair, sha256, toHex } from '@seedfleet/ledger';
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

/** Round 0 names the manifest as the commit before it. */
function manifestHash(): Uint8Array {
  return decodeCommit(run.log[0] as Uint8Array).previousHash;
}
