import { decodeCommit, encodeCommit, fromHex, generateKeyPair, sha256, signManifest, toHex } from '@seedfleet/ledger';
import { aFinishedRun } from '@seedfleet/artifacts/testing';
import { type ServedCoordinator } from '../testing/served-coordinator.js';
import { coordinatorKeys, serveRun, type Served } from '../testing/served-run.js';
import { loggedIn, typed } from '../testing/typed.js';

let coordinator: ServedCoordinator | undefined;
afterEach(async () => {
  await coordinator?.close();
  coordinator = undefined;
});

async function verified(spoil?: Parameters<typeof serveRun>[0], words: string[] = []) {
  coordinator = await serveRun(spoil);
  return typed(['runs', 'verify', '1', ...words], { env: loggedIn(coordinator) });
}

/** Signs a commit anew after a change, so that only what the change breaks is broken. */
function resigned({ log, signedManifest }: { log: Uint8Array[]; signedManifest: { hash: string } }, round: number, change: Partial<ReturnType<typeof decodeCommit>>, privateKey: Uint8Array): void {
  const commit = decodeCommit(log[round] ?? new Uint8Array());
  log[round] = encodeCommit({ ...commit, ...change, manifestHash: fromHex(signedManifest.hash) }, privateKey).bytes;
}

test('a run whose manifest, chain and replay agree with the coordinator passes', async () => {
  const outcome = await verified();
  expect(outcome.stderr).toBe('');
  expect(outcome.stdout).toContain('PASSED: manifest and 12 commits are signed and chained');
  expect(outcome.exitCode).toBe(0);
});

test('the proof as JSON names what was compared', async () => {
  const finished = aFinishedRun({ rounds: 12, coordinatorPrivateKey: coordinatorKeys.privateKey });
  const outcome = await verified(undefined, ['-o', 'json']);
  expect(JSON.parse(outcome.stdout)).toEqual({
    passed: true, run: 1, rounds: 12, manifestHash: finished.signedManifest.hash, headHash: finished.headHash, stateHash: finished.stateHash, coordinatorKey: toHex(coordinatorKeys.publicKey),
  });
});

test('a run with no commit yet passes on its manifest alone', async () => {
  const outcome = await verified((served) => {
    served.log = [];
    served.run = { ...served.run, round: 0, headHash: served.run.manifestHash, stateHash: null, state: 'running' };
  });
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
});

test('a run that went on while it was fetched passes on the rounds that the coordinator spoke of', async () => {
  const outcome = await verified((served, finished) => {
    const commit = decodeCommit(finished.log[8] ?? new Uint8Array());
    served.run = { ...served.run, state: 'running', round: 9, headHash: toHex(commit.hash), stateHash: toHex(commit.stateHash) };
  });
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
});

const stranger = generateKeyPair();

const lies: [string, string, Parameters<typeof serveRun>[0]][] = [
  ['one flipped bit in a coefficient', 'log.signature', ({ log }) => { const commit = log[4]; if (commit) commit[30] = (commit[30] ?? 0) ^ 1; }],
  ['one flipped bit in a signature', 'log.signature', ({ log }) => { const commit = log[11]; if (commit) commit[commit.length - 1] = (commit[commit.length - 1] ?? 0) ^ 1; }],
  ['a commit signed by somebody else', 'log.signature', (served, { signedManifest }) => { resigned({ log: served.log, signedManifest }, 11, {}, stranger.privateKey); }],
  ['a missing commit in the middle', 'log.broken-chain', ({ log }) => { log.splice(6, 1); }],
  ['two commits in the wrong order', 'log.broken-chain', ({ log }) => { [log[2], log[3]] = [log[3] ?? new Uint8Array(), log[2] ?? new Uint8Array()]; }],
  ['a log that ends too early', 'run.log-incomplete', ({ log }) => { log.pop(); }],
  ['a signed commit whose state does not follow from it', 'log.state-mismatch', (served, { signedManifest }) => { resigned({ log: served.log, signedManifest }, 11, { stateHash: sha256(Uint8Array.of(1)) }, coordinatorKeys.privateKey); }],
  ['a commit of another run of the same coordinator', 'log.broken-chain', ({ log }) => { log[11] = aFinishedRun({ rounds: 12, run: 2, coordinatorPrivateKey: coordinatorKeys.privateKey }).log[11] ?? new Uint8Array(); }],
  ['a changed setting in the manifest', 'manifest.signature', ({ signedManifest }) => { Object.assign(manifestOf(signedManifest), { name: 'another' }); }],
  ['a manifest signed by somebody else', 'manifest.signature', (served, { signedManifest }) => { served.signedManifest = { ...signedManifest, signature: signManifest(signedManifest.manifest, stranger.privateKey).signature }; }],
  ['the manifest of another run', 'run.claim-differs', (served) => {
    const other = aFinishedRun({ rounds: 12, run: 2, coordinatorPrivateKey: coordinatorKeys.privateKey });
    Object.assign(served, { signedManifest: other.signedManifest, log: other.log });
  }],
  ['a claimed state hash that the log does not give', 'run.claim-differs', (served) => { served.run = { ...served.run, stateHash: 'a'.repeat(64) }; }],
  ['a claimed last commit that the log does not end in', 'run.claim-differs', (served) => { served.run = { ...served.run, headHash: 'b'.repeat(64) }; }],
];

function manifestOf(signed: unknown): object {
  if (typeof signed === 'object' && signed !== null && 'manifest' in signed && typeof signed.manifest === 'object' && signed.manifest !== null) return signed.manifest;
  throw new Error('no signed manifest');
}

test.each(lies)('%s is found out (%s)', async (_, code, spoil) => {
  const outcome = await verified(spoil, ['-o', 'json']);
  expect(JSON.parse(outcome.stderr).error.code).toBe(code);
  expect(outcome).toMatchObject({ exitCode: 8, stdout: '' });
});

test('a coordinator that forged everything is found out by its public key', async () => {
  const forge = (served: Served) => {
    const forged = aFinishedRun({ rounds: 12, coordinatorPrivateKey: stranger.privateKey });
    Object.assign(served, { signedManifest: forged.signedManifest, log: forged.log, run: { ...served.run, manifestHash: forged.signedManifest.hash, headHash: forged.headHash, stateHash: forged.stateHash } });
  };
  const key = ['--coordinator-key', toHex(coordinatorKeys.publicKey)];
  expect((await verified(forge)).exitCode).toBe(0);
  await coordinator?.close();
  const outcome = await verified(forge, key);
  expect(outcome.exitCode).toBe(8);
  expect(outcome.stderr).toContain('manifest.signature');
});
