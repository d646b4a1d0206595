import { type BulkResult, type Device, type DeviceCount, type Group, type NewEnrolmentToken } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { aToken, DeviceUnderTest } from '../testing/a-device.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
let devices: DeviceUnderTest[];

beforeAll(async () => {
  fleet = await aCoordinator();
  devices = [];
  for (let i = 0; i < 3; i++) devices.push(await DeviceUnderTest.enrol(fleet));
}, 60_000);
afterAll(() => fleet.close());
afterEach(async () => {
  for (const { id } of await groups()) await fleet.call('DELETE', `/api/v1/groups/${id}`);
  for (const { id } of devices) await fleet.call('PUT', `/api/v1/devices/${id}/tags`, { body: { tags: [] } });
});

const groups = async () => ((await fleet.call('GET', '/api/v1/groups')).json as { items: Group[] }).items;
const aGroup = async (body: object) => (await fleet.call('POST', '/api/v1/groups', { body })).json as Group;
const tagged = async (device: DeviceUnderTest, ...tags: string[]) => (await fleet.call('PUT', `/api/v1/devices/${device.id}/tags`, { body: { tags } })).json as Device;
const listed = async (filter: string) => ((await fleet.call('GET', `/api/v1/devices?filter=${encodeURIComponent(filter)}`)).json as { items: Device[] }).items.map(({ id }) => id).sort();
const idsOf = (...of: DeviceUnderTest[]) => of.map(({ id }) => id).sort();
const first = () => { const [a, b, c] = devices; if (!a || !b || !c) throw new Error('three devices'); return { a, b, c }; };

test('tags are kept in order, and find their devices', async () => {
  const { a, b } = first();
  expect((await tagged(a, 'lab', 'gpu')).tags).toEqual(['gpu', 'lab']);
  await tagged(b, 'lab');
  expect(await listed('tag=lab')).toEqual(idsOf(a, b));
  expect(await listed('tag=lab tag!=gpu')).toEqual(idsOf(b));
});

test('a dynamic group counts whoever its filter means now', async () => {
  const { a, b } = first();
  await tagged(a, 'lab');
  const group = await aGroup({ name: 'Lab machines', filter: 'tag=lab state=active' });
  expect(group).toMatchObject({ count: 1, online: 0, revision: 1 });
  await tagged(b, 'lab');
  await b.connect();
  await b.hello();
  expect((await groups())[0]).toMatchObject({ count: 2, online: 1 });
  b.socket.disconnect();
  expect(await listed('group="Lab machines"')).toEqual(idsOf(a, b));
});

test('a static group holds the devices that are put into it, and those that enrol for it', async () => {
  const { a, b } = first();
  const { id } = await aGroup({ name: 'office' });
  expect(((await fleet.call('POST', `/api/v1/groups/${id}/members`, { body: { devices: [a.id, b.id, a.id] } })).json as Group).count).toBe(2);
  expect(((await fleet.call('POST', `/api/v1/groups/${id}/members/removals`, { body: { devices: [a.id] } })).json as Group).count).toBe(1);
  const token: NewEnrolmentToken = await aToken(fleet, { group: id });
  expect(token.group).toBe(id);
  const newcomer = await DeviceUnderTest.enrol(fleet, token.token);
  expect(await listed('group=office')).toEqual(idsOf(b, newcomer));
});

test.each([
  ['a second group of a name', async () => { await aGroup({ name: 'x' }); return fleet.call('POST', '/api/v1/groups', { body: { name: 'x' } }); }, 409, 'group.name-taken'],
  ['a filter that cannot be read', () => fleet.call('POST', '/api/v1/groups', { body: { name: 'x', filter: 'tga=lab' } }), 422, 'request.invalid'],
  ['a group made of a group', () => fleet.call('POST', '/api/v1/groups', { body: { name: 'x', filter: 'group=y' } }), 422, 'request.invalid'],
  ['a member of a dynamic group', async () => fleet.call('POST', `/api/v1/groups/${(await aGroup({ name: 'x', filter: 'tag=a' })).id}/members`, { body: { devices: [first().a.id] } }), 409, 'group.dynamic'],
  ['a member that is no device', async () => fleet.call('POST', `/api/v1/groups/${(await aGroup({ name: 'x' })).id}/members`, { body: { devices: ['dev_none'] } }), 404, 'request.not-found'],
  ['a token into a dynamic group', async () => fleet.call('POST', '/api/v1/enrolment-tokens', { body: { group: (await aGroup({ name: 'x', filter: 'tag=a' })).id } }), 409, 'group.dynamic'],
  ['a list with a field that there is not', () => fleet.call('GET', '/api/v1/devices?filter=colour%3Dred'), 422, 'request.invalid'],
])('%s is refused', async (_, call, status, code) => {
  const answer = await call();
  expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status, code });
});

test('a change with the ETag of an earlier answer is refused once somebody else changed the group', async () => {
  const { id, revision } = await aGroup({ name: 'x' });
  const change = (name: string, etag?: string) => fleet.call('PUT', `/api/v1/groups/${id}`, { body: { name }, ...(etag === undefined ? {} : { headers: { 'if-match': etag } }) });
  const changed = await change('y', `"${revision}"`);
  expect(changed).toMatchObject({ status: 200, json: { name: 'y', revision: 2 } });
  expect(changed.headers.get('etag')).toBe('"2"');
  const stale = await change('z', `"${revision}"`);
  expect({ status: stale.status, code: problemOf(stale).code }).toEqual({ status: 412, code: 'request.stale' });
  expect((await change('z')).status).toBe(200);
  expect((await change('z', 'anything')).status).toBe(422);
});

test('one action on all that a filter means happens only if they are as many as were shown', async () => {
  const { a, b, c } = first();
  await tagged(a, 'spare');
  await tagged(b, 'spare');
  const count = (await fleet.call('GET', '/api/v1/devices/count?filter=tag%3Dspare')).json as DeviceCount;
  expect(count).toEqual({ count: 2, online: 0, states: { pending: 0, active: 2, suspended: 0, revoked: 0 } });
  await tagged(c, 'spare');
  const change = (body: object) => fleet.call('POST', '/api/v1/devices/changes', { body: { filter: 'tag=spare', ...body } });
  const others = await change({ action: 'suspend', expected: count.count });
  expect({ status: others.status, code: problemOf(others).code }).toEqual({ status: 409, code: 'devices.others-meant' });
  expect(await listed('state=suspended')).toEqual([]);

  expect((await change({ action: 'suspend', expected: 3 })).json).toEqual({ changed: 3, unchanged: [] } satisfies BulkResult);
  expect((await change({ action: 'approve', expected: 3 })).json).toMatchObject({ changed: 0, unchanged: [{ state: 'suspended' }, { state: 'suspended' }, { state: 'suspended' }] });
  expect((await change({ action: 'resume', expected: 3 })).json).toMatchObject({ changed: 3 });
  expect((await change({ action: 'remove-tag', tag: 'spare', expected: 3 })).json).toMatchObject({ changed: 3 });
  expect(await listed('tag=spare')).toEqual([]);
  expect((await change({ action: 'add-tag', expected: 1 })).status).toBe(422);
});

test('a device that is suspended with others loses its connection at once', async () => {
  const { a } = first();
  await tagged(a, 'spare');
  await a.connect();
  await a.hello();
  const gone = new Promise((resolve) => a.socket.once('disconnect', resolve));
  await fleet.call('POST', '/api/v1/devices/changes', { body: { filter: 'tag=spare', action: 'suspend', expected: 1 } });
  await gone;
  expect(a.refused.map(({ error }) => error.code)).toEqual(['device.suspended']);
  await fleet.call('POST', '/api/v1/devices/changes', { body: { filter: 'tag=spare', action: 'resume', expected: 1 } });
});
