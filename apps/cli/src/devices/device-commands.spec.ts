import { type Device } from '@seedfleet/protocol';
import { aDeviceDetail } from '../testing/a-device-detail.js';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { loggedIn, typed } from '../testing/typed.js';

const aDevice = (changes: Partial<Device> = {}): Device => ({
  id: 'dev_1', name: 'kitchen', state: 'pending', online: true, fingerprint: 'SHA256:abc', workerVersion: '0.0.0', platform: 'linux-x64',
  lastSeenAt: '2026-11-25T10:00:00.000Z', enrolledAt: '2026-11-25T09:00:00.000Z', tags: ['lab'], threads: 2, memoryMegabytes: 16_000, forwardMs: 12.5, peakMegabytes: 310, clonedAt: null, ...changes,
});

let coordinator: ServedCoordinator | undefined;
afterEach(() => coordinator?.close());

test('a list of devices is fetched to its last page', async () => {
  const pages: Record<string, { items: Device[]; next: string | null }> = {
    '': { items: [aDevice({ id: 'dev_1' }), aDevice({ id: 'dev_2' })], next: 'c2' },
    c2: { items: [aDevice({ id: 'dev_3', lastSeenAt: null, online: false })], next: null },
  };
  coordinator = await serveCoordinator({ listDevices: ({ query }) => pages[query['cursor'] ?? ''] });
  const env = loggedIn(coordinator);
  const asJson = await typed(['devices', 'list', '-o', 'json'], { env });
  expect(JSON.parse(asJson.stdout)).toEqual({ items: [...pages['']?.items ?? [], ...pages['c2']?.items ?? []] });
  const lines = (await typed(['devices', 'list'], { env })).stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^ID\s+NAME\s+STATE\s+ONLINE\s+WORKER\s+LAST SEEN\s+TAGS$/);
  expect(lines.slice(1).map((line) => line.split(/\s+/)[0])).toEqual(['dev_1', 'dev_2', 'dev_3']);
});

test('the state that is asked for goes to the coordinator', async () => {
  coordinator = await serveCoordinator({ listDevices: ({ query }) => ({ items: [aDevice({ name: query['state'] ?? 'none' })], next: null }) });
  expect((await typed(['devices', 'list', '--state', 'pending'], { env: loggedIn(coordinator) })).stdout).toContain('pending');
});

test.each([
  ['approve', 'approveDevice', 'active'], ['suspend', 'suspendDevice', 'suspended'], ['resume', 'resumeDevice', 'active'],
] as const)('`devices %s` calls %s and shows the device as it is then', async (action, route, state) => {
  coordinator = await serveCoordinator({ [route]: ({ params }: { params: Record<string, string> }) => aDevice({ id: params['id'] ?? '', state }) });
  const outcome = await typed(['devices', action, 'dev_7', '-o', 'json'], { env: loggedIn(coordinator) });
  expect(JSON.parse(outcome.stdout)).toEqual(aDevice({ id: 'dev_7', state }));
  expect(coordinator.calls).toEqual([route]);
});

test('`devices show` tells everything that is known', async () => {
  coordinator = await serveCoordinator({ showDevice: ({ params }) => aDeviceDetail({ id: params['id'] ?? '' }) });
  const outcome = await typed(['devices', 'show', 'dev_7', '-o', 'json'], { env: loggedIn(coordinator) });
  expect(JSON.parse(outcome.stdout)).toEqual(aDeviceDetail({ id: 'dev_7' }));
  expect(coordinator.calls).toEqual(['showDevice']);
});

test('the name of a device cannot steer the terminal', async () => {
  coordinator = await serveCoordinator({ listDevices: () => ({ items: [aDevice({ name: '\u001b[2Jgone\u0007' })], next: null }) });
  expect((await typed(['devices', 'list'], { env: loggedIn(coordinator) })).stdout).toContain('?[2Jgone?');
});

test('an empty fleet says how to enrol the first device', async () => {
  coordinator = await serveCoordinator({ listDevices: () => ({ items: [], next: null }) });
  expect((await typed(['devices', 'list'], { env: loggedIn(coordinator) })).stdout).toContain('seedfleet tokens create');
});
