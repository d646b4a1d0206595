import { type Device, type Group } from '@seedfleet/protocol';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { loggedIn, typed } from '../testing/typed.js';

const aGroup = (changes: Partial<Group> = {}): Group => ({ id: 'grp_1', name: 'lab', filter: 'tag=lab', count: 2, online: 1, createdAt: '2026-11-25T10:00:00.000Z', revision: 1, ...changes });
const aDevice = (id: string): Device => ({
  id, name: `machine ${id}`, state: 'active', online: true, fingerprint: '00-11', workerVersion: null, platform: null, lastSeenAt: null, enrolledAt: '2026-11-25T10:00:00.000Z', tags: [], threads: null, memoryMegabytes: null, forwardMs: null, peakMegabytes: null, clonedAt: null,
});
let coordinator: ServedCoordinator;
afterEach(() => coordinator.close());

test('a group is made with its filter, and one without by hand', async () => {
  const bodies: unknown[] = [];
  coordinator = await serveCoordinator({ createGroup: ({ body }) => { bodies.push(body); return aGroup({ filter: (body as { filter: string | null }).filter }); } });
  const env = loggedIn(coordinator);
  expect((await typed(['groups', 'create', '--name', 'lab', '--filter', 'tag=lab'], { env })).stdout).toContain('tag=lab');
  expect((await typed(['groups', 'create', '--name', 'pilot'], { env })).stdout).toContain('by hand');
  expect(bodies).toEqual([{ name: 'lab', filter: 'tag=lab' }, { name: 'pilot', filter: null }]);
});

test('a filter with a mistake is refused before it is sent, with the fields that there are', async () => {
  coordinator = await serveCoordinator({ createGroup: () => aGroup() });
  const outcome = await typed(['groups', 'create', '--name', 'lab', '--filter', 'tga=lab'], { env: loggedIn(coordinator) });
  expect(outcome).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('There is no field "tga"; fields are name, state,') });
  expect(coordinator.calls).toEqual([]);
});

test('a change of many shows who is meant, and sends how many they were', async () => {
  let body: unknown;
  coordinator = await serveCoordinator({
    listDevices: () => ({ items: [aDevice('dev_1'), aDevice('dev_2')], next: null }),
    changeDevices: (call) => { body = call.body; return { changed: 1, unchanged: [{ id: 'dev_2', name: 'machine dev_2', state: 'revoked' }] }; },
  });
  const words = ['devices', 'change', 'suspend', '--filter', 'tag=spare'];
  expect(await typed(words, { env: loggedIn(coordinator) })).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('suspend: 2 devices (machine dev_1, machine dev_2)') });
  expect(body).toBeUndefined();
  const { stdout } = await typed([...words, '--yes'], { env: loggedIn(coordinator) });
  expect(body).toEqual({ filter: 'tag=spare', action: 'suspend', expected: 2 });
  expect(stdout).toMatch(/1 devices changed[^]*machine dev_2 +revoked/);
});

test('a filter that means nobody changes nothing', async () => {
  coordinator = await serveCoordinator({ listDevices: () => ({ items: [], next: null }) });
  expect(await typed(['devices', 'change', 'revoke', '--filter', 'name=x', '--yes'], { env: loggedIn(coordinator) })).toMatchObject({ exitCode: 0, stdout: 'The filter means no device.\n' });
});

test('a group is deleted once that is confirmed', async () => {
  coordinator = await serveCoordinator({ showGroup: () => aGroup(), deleteGroup: () => undefined });
  const env = loggedIn(coordinator);
  expect((await typed(['groups', 'delete', 'grp_1'], { env, answer: 'no' })).exitCode).toBe(4);
  expect((await typed(['groups', 'delete', 'grp_1'], { env, answer: 'yes' })).stdout).toBe('Group lab is deleted.\n');
});
