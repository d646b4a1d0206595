import { type Group, type ResponseOf, type Run } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRunRequest } from '../testing/a-model.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
let model: string;
let devices: DeviceUnderTest[];

beforeAll(async () => {
  fleet = await aCoordinator();
  model = (await anUploadedModel(fleet)).id;
  devices = [];
  for (let i = 0; i < 4; i++) devices.push(await DeviceUnderTest.enrol(fleet));
}, 60_000);
afterEach(async () => {
  const { items } = (await fleet.call('GET', '/api/v1/runs?state=running')).json as ResponseOf<'listRuns'>;
  for (const { id } of items) await fleet.call('POST', `/api/v1/runs/${id}/stop`);
  for (const device of devices) device.close();
});
afterAll(() => fleet.close());

const tagged = (device: DeviceUnderTest, ...tags: string[]) => fleet.call('PUT', `/api/v1/devices/${device.id}/tags`, { body: { tags } });
const labGroup = async (name: string) => (await fleet.call('POST', '/api/v1/groups', { body: { name, filter: `tag=${name}` } })).json as Group;
const aRunOf = async (group: object, changes: object = {}) => (await fleet.call('POST', '/api/v1/runs', { body: { ...aRunRequest(model, { roundsMax: 50 }), ...changes, group } })).json as Run;
const show = async (id: number) => (await fleet.call('GET', `/api/v1/runs/${id}`)).json as Run;
const membersOf = async (id: number) => ((await fleet.call('GET', `/api/v1/runs/${id}/assignments`)).json as ResponseOf<'listAssignments'>).items.filter(({ aside }) => !aside).map(({ device }) => device).sort();
const idsOf = (...of: DeviceUnderTest[]) => of.map(({ id }) => id).sort();
const four = () => { const [a, b, c, d] = devices; if (!a || !b || !c || !d) throw new Error('four devices'); return { a, b, c, d }; };

async function ready(device: DeviceUnderTest, run: number): Promise<void> {
  device.starts.splice(0);
  await device.connect();
  await device.hello();
  await device.fetchManifest(run);
  expect(await device.prepared(run)).toMatchObject({ ok: true });
}
const report = async (round: number, ...of: DeviceUnderTest[]) => {
  for (const device of of) expect(await device.send('round:report', device.reportOf(await device.nextStart(round)))).toEqual({ ok: true, recorded: true });
  for (const device of of) await device.reachRound(round + 1);
};

test('who comes into the group of a run that follows it is offered the run, and who leaves it is not asked any more but keeps up', async () => {
  const { a, b, c, d } = four();
  for (const device of [a, b]) await tagged(device, 'lab');
  const group = await labGroup('lab');
  const run = await aRunOf({ id: group.id });
  expect(run).toMatchObject({ devices: 2, group: { id: group.id, name: 'lab', membership: 'followed' } });
  await ready(a, run.id);
  await ready(b, run.id);
  await report(0, a, b);

  await c.connect();
  await c.hello();
  const offered = new Promise<number>((resolve) => c.socket.on('run:assigned', ({ run: id }) => resolve(id)));
  await tagged(c, 'lab');
  await tagged(b, 'office');
  await fleet.coordinator.followGroups();
  expect(await offered).toBe(run.id);
  expect(await membersOf(run.id)).toEqual(idsOf(a, c));
  expect((await fleet.call('DELETE', `/api/v1/groups/${group.id}`)).status).toBe(409);

  // Its part in the round that was open already still counts; later rounds are another's.
  await report(1, a, b);
  await c.fetchManifest(run.id);
  const tail = await c.send('ledger:tail', { run: run.id, from: 0 });
  if (!tail.ok) throw new Error(tail.error.problem);
  for (const commit of tail.commits) c.take(commit);
  await c.prepared(run.id);
  await report(2, a, c);
  await b.reachRound(3);
  expect(b.starts.map(({ round }) => round)).toEqual([0, 1]);
  expect(b.stateHash).toBe(a.stateHash);

  await fleet.restart();
  for (const device of [a, b, c]) {
    device.starts.splice(0);
    await device.connect();
    await device.hello();
    await device.prepared(run.id);
  }
  await report(3, a, c);
  expect(b.starts).toEqual([]);

  await tagged(b, 'lab');
  await tagged(a);
  await fleet.coordinator.followGroups();
  await report(4, a, c);
  await report(5, b, c);
  expect(await membersOf(run.id)).toEqual(idsOf(b, c));
  expect(d.starts).toEqual([]);
}, 60_000);

test('the devices of a frozen group are those that are in it when the run starts', async () => {
  const { a, b, c } = four();
  await tagged(a, 'rack');
  const group = await labGroup('rack');
  const draft = await aRunOf({ id: group.id, membership: 'frozen' }, { start: false });
  expect(await membersOf(draft.id)).toEqual(idsOf(a));
  await tagged(a);
  await tagged(b, 'rack');
  await fleet.call('POST', `/api/v1/runs/${draft.id}/start`);
  expect(await membersOf(draft.id)).toEqual(idsOf(b));
  await tagged(c, 'rack');
  await fleet.coordinator.followGroups();
  expect(await membersOf(draft.id)).toEqual(idsOf(b));
  expect(await show(draft.id)).toMatchObject({ devices: 1, group: { membership: 'frozen' } });
  expect((await fleet.call('DELETE', `/api/v1/groups/${group.id}`)).status).toBe(204);
  expect(await show(draft.id)).toMatchObject({ devices: 1, group: null });
});

test.each([
  ['a group that there is not', { group: { id: 'grp_none' } }, 404, 'request.not-found', 'group.id'],
  ['a group beside a list', { group: { id: 'grp_none' }, devices: ['dev_1'] }, 422, 'request.invalid', 'group'],
])('a run of %s is refused', async (_, change, status, code, field) => {
  const answer = await fleet.call('POST', '/api/v1/runs', { body: { ...aRunRequest(model), ...change } });
  expect(problemOf(answer)).toMatchObject({ status, code, field });
});
