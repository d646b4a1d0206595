import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aFinishedRun, type FinishedRun } from '@seedfleet/artifacts/testing';
import { verifyRun } from '@seedfleet/artifacts';
import { decodeCommit, decodeLog, encodeLog, toHex } from '@seedfleet/ledger';
import { type BranchRequest } from '@seedfleet/protocol';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { aRun, coordinatorKeys } from '../testing/served-run.js';
import { emptyFolder, loggedIn, typed } from '../testing/typed.js';

let coordinator: ServedCoordinator | undefined;
afterEach(async () => {
  await coordinator?.close();
  coordinator = undefined;
});

const stepRule = { type: 'normalised', learningRate: 0.05, schedule: 'constant' } as const;
const parent = aFinishedRun({ rounds: 12, coordinatorPrivateKey: coordinatorKeys.privateKey, stepRule });
const seven = decodeCommit(parent.log[6] as Uint8Array);
const branch = aFinishedRun({
  rounds: 3, run: 2, coordinatorPrivateKey: coordinatorKeys.privateKey, stepRule, parentState: verifyRun({ ...parent, log: parent.log.slice(0, 7) }).state,
  // Of a state that is B alone, the first state of the branch is that of its parent.
  branch: { run: 1, manifestHash: parent.signedManifest.hash, round: 7, commitHash: toHex(seven.hash), stateHash: toHex(seven.stateHash) },
});

/** A coordinator with run 1 and its branch, run 2. @param spoil changes what it serves of the parent */
async function serveBranch(spoil: (parent: FinishedRun) => void = () => undefined): Promise<ServedCoordinator> {
  const served = { ...parent, signedManifest: structuredClone(parent.signedManifest), log: parent.log.map((commit) => commit.slice()) };
  spoil(served);
  const runs: Record<string, FinishedRun> = { 1: served, 2: branch };
  const found = (id: string | undefined) => runs[id ?? ''] as FinishedRun;
  return serveCoordinator({
    showRun: () => aRun({ id: 2, round: 3, manifestHash: branch.signedManifest.hash, headHash: branch.headHash, stateHash: branch.stateHash, branch: { run: 1, round: 7 } }),
    showManifest: ({ params }) => found(params['id']).signedManifest,
    downloadLog: ({ params, query }) => Buffer.from(encodeLog(found(params['id']).log.slice(Number(query['from']), Number(query['from']) + 5))),
    listEvaluations: () => ({ items: [] }),
  });
}

async function requestOf(words: string[]): Promise<BranchRequest> {
  let request: unknown;
  coordinator = await serveCoordinator({
    showManifest: () => parent.signedManifest,
    branchRun: ({ body }) => {
      request = body;
      return aRun({ id: 2, state: 'running', branch: { run: 1, round: 7 } });
    },
  });
  const outcome = await typed(['runs', 'branch', '1', ...words], { env: loggedIn(coordinator) });
  await coordinator.close();
  expect(outcome).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/branch of +run 1 after 7 rounds/) });
  return request as BranchRequest;
}

test('`runs branch` keeps every setting that is not named, and changes the others in their part of the manifest', async () => {
  expect(await requestOf(['--round', '7'])).toEqual({ round: 7, start: true, changes: {} });
  const { policy } = parent.signedManifest.manifest;
  expect(await requestOf(['--round', '7', '--name', 'gentler', '--learning-rate', '0.01', '--rounds', '80', '--draft', '--devices', 'dev_1,dev_2'])).toEqual({
    round: 7, name: 'gentler', start: false, devices: ['dev_1', 'dev_2'], changes: { stepRule: { ...stepRule, learningRate: 0.01 }, policy: { ...policy, roundsMax: 80 } },
  });
});

test('without a round nothing is branched', async () => {
  expect(await typed(['runs', 'branch', '1'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--round') });
});

test('a branch verifies when its parent does, up to the commit that it keeps', async () => {
  coordinator = await serveBranch();
  expect(await typed(['runs', 'verify', '2'], { env: loggedIn(coordinator) })).toMatchObject({ exitCode: 0, stderr: '' });
  await coordinator.close();
  coordinator = await serveBranch(({ log }) => { log[9] = new Uint8Array(100); });
  expect(await typed(['runs', 'verify', '2'], { env: loggedIn(coordinator) })).toMatchObject({ exitCode: 0, stderr: '' });
});

test.each<[string, string, (parent: FinishedRun) => void]>([
  ['a changed bit in a kept commit of the parent', 'log.signature', ({ log }) => { const [first] = log; if (first) first[30] = (first[30] ?? 0) ^ 1; }],
  ['a log of the parent that ends before the branch', 'branch.parent-missing', ({ log }) => { log.splice(5); }],
  ['another parent', 'branch.differs', (served) => { Object.assign(served, aFinishedRun({ rounds: 12, name: 'another', coordinatorPrivateKey: coordinatorKeys.privateKey, stepRule })); }],
])('a branch with %s fails with %s', async (_, code, spoil) => {
  coordinator = await serveBranch(spoil);
  const outcome = await typed(['runs', 'verify', '2', '-o', 'json'], { env: loggedIn(coordinator) });
  expect(JSON.parse(outcome.stderr).error.code).toBe(code);
});

test('the folder of an exported branch proves itself: it has the kept commits of the parent beside its own', async () => {
  coordinator = await serveBranch();
  const folder = join(await emptyFolder(), 'out');
  expect(await typed(['runs', 'export', '2', '--out', folder], { env: loggedIn(coordinator) })).toMatchObject({ exitCode: 0 });
  expect(await readdir(folder)).toEqual(expect.arrayContaining(['manifest.json', 'commits.log', 'parent-1.manifest.json', 'parent-1.commits.log']));
  const publicRun = async (prefix: string) => ({
    signedManifest: JSON.parse(await readFile(join(folder, `${prefix}manifest.json`), 'utf8')), log: decodeLog(new Uint8Array(await readFile(join(folder, `${prefix}commits.log`)))),
  });
  expect(verifyRun({ ...await publicRun(''), parent: await publicRun('parent-1.') })).toMatchObject({ stateHash: branch.stateHash, rounds: 3 });
  expect(await readFile(join(folder, 'README.md'), 'utf8')).toContain('values of run 1 after 7 of its commits');
});
