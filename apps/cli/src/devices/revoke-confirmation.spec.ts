import { aDeviceDetail } from '../testing/a-device-detail.js';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { loggedIn, typed } from '../testing/typed.js';

const device = aDeviceDetail({ name: 'laptop-7' });
let coordinator: ServedCoordinator;

beforeEach(async () => {
  coordinator = await serveCoordinator({ showDevice: () => device, revokeDevice: () => ({ ...device, state: 'revoked' }) });
});
afterEach(() => coordinator.close());

const revoke = (words: string[], answer: string | null) => typed(['devices', 'revoke', 'dev_1', ...words], { env: loggedIn(coordinator), answer });

test.each([
  ['--yes is given', ['--yes'], null],
  ['the person types yes', [], 'yes'],
])('a device is revoked if %s', async (_, words, answer) => {
  expect((await revoke(words, answer)).exitCode).toBe(0);
  expect(coordinator.calls).toContain('revokeDevice');
});

test.each([
  ['nobody is there to ask', [], null],
  ['the person types no', [], 'no'],
])('nothing is revoked if %s, and the device is named', async (_, words, answer) => {
  expect(await revoke(words, answer)).toMatchObject({ exitCode: 4, stdout: '', stderr: expect.stringContaining('Revoke device laptop-7 (dev_1)') });
  expect(coordinator.calls).not.toContain('revokeDevice');
});

test('--dry-run says what would happen, and nothing does', async () => {
  expect(await revoke(['--dry-run'], 'yes')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('Would happen: Revoke device laptop-7') });
  expect(coordinator.calls).not.toContain('revokeDevice');
});
