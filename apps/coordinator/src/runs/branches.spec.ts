import { verifyRun } from '@seedfleet/artifacts';
import { decodeLog, type SignedManifest } from '@seedfleet/ledger';
import { type ResponseOf, type Run } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRun, aRunRequest } from '../testing/a-model.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
let model: string;
let parent: Run;
/** B of the parent after each number of commits */
const parentB: Float64Array[] = [];
const devices: DeviceUnderTest[] = [];

const show = async (run: number) => (await fleet.call('GET', `/api/v1/runs/${run}`)).json as Run;
const branchOf = (run: number, body: object) => fleet.call('POST', `/api/v1/runs/${run}/branches`, { body });

async function readyPair(run: number): Promise<void> {
  for (let i = 0; i < 2; i++) devices.push(await DeviceUnderTest.ready(fleet, run));
}

async function reportRound(round: number): Promise<void> {
  for (const device of devices) await device.send('round:report', device.reportOf(await device.nextStart(round)));
  for (const device of devices) await device.reachRound(round + 1);
}

async function publicBytes(run: number) {
  const signedManifest = (await fleet.call('GET', `/api/v1/runs/${run}/manifest`)).json as SignedManifest;
  return { signedManifest, log: decodeLog((await fleet.call('GET', `/api/v1/runs/${run}/log`)).bytes) };
}

function leave(): void {
  for (const device of devices.splice(0)) device.close();
}

beforeAll(async () => {
  fleet = await aCoordinator();
  model = (await anUploadedModel(fleet)).id;
  parent = await aRun(fleet, model, { roundsMax: 4, checkpointEveryRounds: 3 });
  await readyPair(parent.id);
  for (let round = 0; round < 4; round++) {
    parentB.push(devices[0]?.state.values[0] as Float64Array);
    await reportRound(round);
  }
  await devices[0]?.end();
  parentB.push(devices[0]?.state.values[0] as Float64Array);
  leave();
}, 60_000);

afterEach(leave);
afterAll(() => fleet.close());

test('a branch begins with B of its parent after the kept commits, goes on by its own log, and verifies through its parent', async () => {
  const made = await branchOf(parent.id, { round: 2, name: 'second thoughts', start: true, changes: { stepRule: { type: 'normalised', learningRate: 0.001, schedule: 'constant' } } });
  expect(made.status).toBe(201);
  const branch = made.json as Run;
  expect(branch).toMatchObject({ name: 'second thoughts', state: 'running', round: 0, branch: { run: parent.id, round: 2 }, model: parent.model });
  await readyPair(branch.id);
  expect(devices[0]?.state.values).toEqual([parentB[2]]);
  expect(devices[0]?.stateHash).toBe(branch.stateHash);
  await reportRound(0);
  await reportRound(1);
  const [first, second] = devices;
  expect(first?.stateHash).toBe(second?.stateHash);
  expect(await show(branch.id)).toMatchObject({ round: 2, stateHash: first?.stateHash });
  const ours = await publicBytes(branch.id);
  const theirs = await publicBytes(parent.id);
  expect(verifyRun({ ...ours, parent: theirs })).toMatchObject({ rounds: 2, stateHash: first?.stateHash });
  const { runKey, adapter, task, policy, branch: origin } = ours.signedManifest.manifest;
  expect(theirs.signedManifest.manifest).toMatchObject({ runKey, adapter, task, policy });
  expect(origin?.manifestHash).toBe(theirs.signedManifest.hash);
}, 60_000);

test('a branch goes on after a restart of the coordinator before its first commit, and branches itself', async () => {
  const branch = (await branchOf(parent.id, { round: 3, start: true })).json as Run;
  expect(branch).toMatchObject({ name: 'toy run from round 3', branch: { run: parent.id, round: 3 } });
  await fleet.restart();
  await readyPair(branch.id);
  expect(devices[0]?.state.values.map((array, i) => (i === 0 ? array : array.every((value) => value === 0)))).toEqual([parentB[3], true, true]);
  await reportRound(0);
  const after = devices[0]?.state.values[0];
  leave();
  for (const [round, b] of [[0, parentB[3]], [1, after]] as const) {
    const twig = (await branchOf(branch.id, { round })).json as Run;
    expect(twig).toMatchObject({ state: 'draft', branch: { run: branch.id, round } });
    const proof = verifyRun({ ...await publicBytes(twig.id), parent: { ...await publicBytes(branch.id), parent: await publicBytes(parent.id) } });
    expect(proof).toMatchObject({ rounds: 0, stateHash: twig.stateHash });
    expect(proof.state.values[0]).toEqual(b);
  }
}, 60_000);

test('a branch at round 0 is the parent anew, from zero', async () => {
  const branch = (await branchOf(parent.id, { round: 0 })).json as Run;
  const proof = verifyRun({ ...await publicBytes(branch.id), parent: await publicBytes(parent.id) });
  expect(proof.state.values.every((array) => array.every((value) => Object.is(value, 0)))).toBe(true);
  expect(proof.manifest.branch).toMatchObject({ round: 0, commitHash: parent.manifestHash });
});

test('the devices of a branch are those of its parent that are still active', async () => {
  const [one, other] = [await DeviceUnderTest.enrol(fleet), await DeviceUnderTest.enrol(fleet)];
  const run = (await fleet.call('POST', '/api/v1/runs', { body: { ...aRunRequest(model), start: false, devices: [one.id, other.id] } })).json as Run;
  await fleet.call('POST', `/api/v1/devices/${other.id}/revoke`);
  const branch = (await branchOf(run.id, { round: 0 })).json as Run;
  const { items } = (await fleet.call('GET', `/api/v1/runs/${branch.id}/assignments`)).json as ResponseOf<'listAssignments'>;
  expect(items.map(({ device }) => device)).toEqual([one.id]);
});

test('the state that a branch begins with stays, whatever checkpoints come after it', async () => {
  const branch = (await branchOf(parent.id, { round: 1 })).json as Run;
  const { bytes } = await fleet.call('GET', `/api/v1/runs/${branch.id}/checkpoint?round=0`);
  expect((await fleet.call('GET', `/api/v1/runs/${branch.id}/checkpoint`)).bytes).toEqual(bytes);
  expect(problemOf(await fleet.call('GET', `/api/v1/runs/${branch.id}/checkpoint?round=1`))).toMatchObject({ code: 'request.not-found' });
});

test.each([
  ['of a round that the parent has not reached', { round: 5 }, 422, 'branch.round', 'round'],
  ['with more groups than the cohort has devices', { round: 1, changes: { estimator: { ...aRunRequest('').estimator, groups: 3 } } }, 422, 'manifest.invalid', 'estimator.groups'],
  ['with another adapter', { round: 1, changes: { adapter: aRunRequest('').adapter } }, 422, 'request.invalid', 'changes'],
])('a branch %s is refused, and none is made', async (_, body, status, code, field) => {
  const count = async () => ((await fleet.call('GET', '/api/v1/runs')).json as ResponseOf<'listRuns'>).items.length;
  const before = await count();
  expect(problemOf(await branchOf(parent.id, body))).toMatchObject({ status, code, field });
  expect(await count()).toBe(before);
});

test('there is no branch of a run that does not exist', async () => {
  expect(problemOf(await branchOf(9_999, { round: 0 }))).toMatchObject({ status: 404, code: 'request.not-found' });
});
