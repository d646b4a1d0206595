import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditEntry, type Device, type MessageOf } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';

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
