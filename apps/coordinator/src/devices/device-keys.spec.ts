import { setTimeout as sleep } from 'node:timers/promises';
import { concatBytes, generateKeyPair, sign, toHex, utf8, type KeyPair } from '@seedfleet/ledger';
import { rotationContext, type AuditEntry, type Device, type Enrolment, type EnrolmentToken, type MessageOf, type NewEnrolmentToken } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { aToken, DeviceUnderTest, enrolmentBody } from '../testing/a-device.js';
import { aRunRequest, anUploadedModel } from '../testing/a-model.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
beforeAll(async () => { fleet = await aCoordinator(); }, 60_000);
afterAll(() => fleet.close());

const json = async <T>(path: string) => (await fleet.call('GET', `/api/v1${path}`)).json as T;
const shown = ({ id }: DeviceUnderTest) => json<Device>(`/devices/${id}`);
const entries = async ({ id }: DeviceUnderTest) => (await json<{ items: AuditEntry[] }>(`/audit-entries?subject=${id}&action=device.cloned`)).items;
const kept = ({ id }: DeviceUnderTest) => fleet.coordinator.database.prisma.deviceConnection.count({ where: { deviceId: id } });

/** One process with the key of a device: comes, says hello, and is heard. */
async function comes(device: DeviceUnderTest, instance: string | undefined): Promise<DeviceUnderTest> {
  const before = await kept(device);
  const process = new DeviceUnderTest(fleet, device.keys, device.id);
  await process.connect();
  const message: MessageOf<'session:hello'> = { protocol: 1, workerVersion: '0.0.0', capabilities: { threads: 1, memoryMegabytes: 100, platform: 'linux' }, runs: [], ...(instance === undefined ? {} : { instance }) };
  expect(await process.send('session:hello', message)).toMatchObject({ ok: true });
  while (await kept(device) === before) await sleep(5);
  return process;
}

const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(16));

test('two processes that take turns with one key are told of on the device, in the audit log once, and by the rule', async () => {
  await fleet.call('POST', '/api/v1/alert-rules', { body: { name: 'copies', condition: { type: 'device-cloned' } } });
  const device = await DeviceUnderTest.enrol(fleet);
  for (const instance of [a, b, a]) await comes(device, instance);
  expect((await shown(device)).clonedAt).toBeNull();
  const last = await comes(device, b);
  while ((await shown(device)).clonedAt === null) await sleep(5);
  fleet.pass(20_000);
  await comes(device, a);
  while ((await entries(device)).length === 0) await sleep(5);
  expect(await entries(device)).toMatchObject([{ actor: 'coordinator', detail: { processes: 2, instances: `${a} ${b}` } }]);
  expect(last.refused).toEqual([]);
  await fleet.coordinator.lookForAlerts();
  expect(await json('/alerts?open=yes')).toMatchObject({ items: [{ ruleName: 'copies', subject: device.id }] });
  fleet.pass(3_700_000);
  await fleet.coordinator.lookForAlerts();
  expect(await json('/alerts?open=yes')).toEqual({ items: [], next: null });
});

test('restarts, lost connections, and workers that name no process are never taken for copies', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  for (const instance of [a, a, b, b, undefined, c, c, undefined, undefined]) await comes(device, instance);
  expect((await shown(device)).clonedAt).toBeNull();
});

test('turns that are further apart than the window say nothing', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  for (const instance of [a, b, a, b]) {
    await comes(device, instance);
    fleet.pass(400_000);
  }
  expect((await shown(device)).clonedAt).toBeNull();
});

const returnToken = async ({ id }: DeviceUnderTest) => (await fleet.call('POST', `/api/v1/devices/${id}/return-tokens`, { body: {} })).json as NewEnrolmentToken;
const enrols = (token: string, keys: KeyPair) => fleet.call('POST', '/api/v1/device/enrolments', { body: enrolmentBody({ token, keys, name: 'as the wiped device calls itself' }), token: null });
const actions = async ({ id }: DeviceUnderTest) => (await json<{ items: AuditEntry[] }>(`/audit-entries?subject=${id}`)).items.map(({ action }) => action);
const codeOfCredential = async (device: DeviceUnderTest) => problemOf({ status: 0, json: await device.credential() } as never).code;

function keyChange({ device, to, by = device.keys }: { device: DeviceUnderTest; to: KeyPair; by?: KeyPair }) {
  const message = concatBytes([utf8(rotationContext), utf8(device.id), to.publicKey]);
  return { device: device.id, publicKey: toHex(to.publicKey), signature: toHex(sign(by.privateKey, message)), proof: toHex(sign(to.privateKey, message)) };
}
const changeKey = (body: object) => fleet.call('POST', '/api/v1/device/keys', { body, token: null });

test('a wiped device comes back under its old name with its tags, groups and runs; its old key is out at once', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  const before = await shown(device);
  await fleet.call('PUT', `/api/v1/devices/${device.id}/tags`, { body: { tags: ['lab'] } });
  const group = (await fleet.call('POST', '/api/v1/groups', { body: { name: 'by hand' } })).json as { id: string };
  await fleet.call('POST', `/api/v1/groups/${group.id}/members`, { body: { devices: [device.id] } });
  const run = (await fleet.call('POST', '/api/v1/runs', { body: aRunRequest((await anUploadedModel(fleet)).id) })).json as { id: number };
  await device.connect();
  await device.hello();
  const { credential: old } = await device.credential();
  const copy = new DeviceUnderTest(fleet, device.keys, device.id);

  const token = await returnToken(device);
  expect(token).toMatchObject({ returning: device.id, usesMax: 1, name: before.name });
  const keys = generateKeyPair();
  const answer = await enrols(token.token, keys);
  expect(answer).toMatchObject({ status: 201, json: { device: device.id, name: before.name, state: 'active' } });
  expect((await enrols(token.token, keys)).json).toEqual(answer.json);
  expect(problemOf(await enrols(token.token, generateKeyPair())).code).toBe('token.used-up');
  expect(device.refused).toMatchObject([{ error: { code: 'device.key-replaced' } }]);
  while (device.socket.connected) await sleep(5);
  await expect(copy.connect(old)).rejects.toMatchObject({ data: { code: 'credential.invalid' } });
  expect(await codeOfCredential(copy)).toBe('device.key-replaced');

  const returned = new DeviceUnderTest(fleet, keys, device.id);
  await returned.connect();
  await returned.hello();
  await returned.fetchManifest(run.id);
  expect(await returned.prepared(run.id)).toMatchObject({ ok: true });
  const now = await shown(device);
  expect(now).toMatchObject({ name: before.name, tags: ['lab'], enrolledAt: before.enrolledAt });
  expect(now.fingerprint).not.toBe(before.fingerprint);
  expect((await json<{ items: Device[] }>(`/devices?filter=${encodeURIComponent('group="by hand"')}`)).items.map(({ id }) => id)).toEqual([device.id]);
  expect(await actions(device)).toEqual(expect.arrayContaining(['device.re-enrol', 'device.return']));
  returned.close();
});

test('a key that a device had never lets anybody in again, and a revoked device does not come back', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  await enrols((await returnToken(device)).token, generateKeyPair());
  expect(problemOf(await enrols((await aToken(fleet)).token, device.keys)).code).toBe('enrolment.key-known');
  expect(problemOf(await enrols((await returnToken(device)).token, device.keys)).code).toBe('enrolment.key-known');
  const token = await returnToken(device);
  await fleet.call('POST', `/api/v1/devices/${device.id}/revoke`);
  expect(problemOf(await enrols(token.token, generateKeyPair())).code).toBe('device.revoked');
  expect(await fleet.call('POST', `/api/v1/devices/${device.id}/return-tokens`, { body: {} })).toMatchObject({ status: 409, json: { code: 'state.transition', state: 'revoked' } });
  expect((await json<{ items: EnrolmentToken[] }>('/enrolment-tokens')).items.find(({ id }) => id === token.id)).toMatchObject({ uses: 0 });
});

test('a device gives itself a new key with the old one; asked again it is answered as before, and the old key is out at once', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  await device.connect();
  await device.hello();
  const to = generateKeyPair();
  const change = keyChange({ device, to });
  const answer = await changeKey(change);
  expect(answer).toMatchObject({ status: 200, json: { device: device.id, state: 'active' } satisfies Partial<Enrolment> });
  expect((await changeKey(change)).json).toEqual(answer.json);
  expect(device.refused).toMatchObject([{ error: { code: 'device.key-replaced' } }]);
  expect(await codeOfCredential(device)).toBe('device.key-replaced');
  expect((await new DeviceUnderTest(fleet, to, device.id).credential()).credential).toBeTruthy();
  expect((await actions(device)).filter((action) => action === 'device.rotate-key')).toHaveLength(1);
  expect(problemOf(await changeKey(keyChange({ device, to: generateKeyPair() }))).code).toBe('device.key-replaced');
});

test('a new key that the old one did not sign, or that did not sign itself, or that somebody has, is refused', async () => {
  const [device, other] = [await DeviceUnderTest.enrol(fleet), await DeviceUnderTest.enrol(fleet)];
  const to = generateKeyPair();
  expect(problemOf(await changeKey(keyChange({ device, to, by: other.keys }))).code).toBe('device.key-proof');
  expect(problemOf(await changeKey({ ...keyChange({ device, to }), proof: keyChange({ device, to: generateKeyPair() }).proof })).code).toBe('device.key-proof');
  expect(problemOf(await changeKey({ ...keyChange({ device, to }), device: other.id })).code).toBe('device.key-proof');
  expect(problemOf(await changeKey(keyChange({ device, to: other.keys }))).code).toBe('enrolment.key-known');
  expect(await actions(device)).toEqual(['device.enrol']);
});
