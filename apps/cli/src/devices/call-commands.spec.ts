import { type Device, type DeviceDetail, type DeviceLogLine } from '@seedfleet/protocol';
import { FleetError } from '@seedfleet/errors';
import { aDeviceDetail } from '../testing/a-device-detail.js';
import { serveCoordinator, type Handler, type ServedCoordinator } from '../testing/served-coordinator.js';
import { loggedIn, typed } from '../testing/typed.js';

let coordinator: ServedCoordinator | undefined;
afterEach(() => coordinator?.close());

/** The fleet has two devices called `twin`, one called `kitchen`. */
const listed: Handler = ({ query }) => {
  const named = (id: string, name: string): Device => aDeviceDetail({ id, name });
  return { items: [named('dev_1', 'kitchen'), named('dev_2', 'twin'), named('dev_3', 'twin')].filter(({ name }) => query['filter'] === `name="${name}"`), next: null };
};
async function run(words: string[], handlers: Parameters<typeof serveCoordinator>[0], options: { answer?: string | null; sleep?: () => Promise<void> } = {}) {
  coordinator = await serveCoordinator({ listDevices: listed, ...handlers });
  return typed(['devices', ...words], { env: loggedIn(coordinator), ...options });
}
const at = '2026-11-25T10:00:00.000Z';

test('a device is meant by its name or its id; a name that nobody has or several have is refused', async () => {
  const pingDevice: Handler = ({ params }) => ({ at, milliseconds: 4, clockSkewMs: params['id'] === 'dev_1' ? -12 : 3, uptimeSeconds: 60 });
  expect((await run(['ping', 'kitchen'], { pingDevice })).stdout).toBe('answered in 4 ms; its clock is 12 ms behind; its worker has run for 60 s\n');
  await coordinator?.close();
  expect((await run(['ping', 'dev_9'], { pingDevice })).stdout).toContain('3 ms ahead');
  expect(coordinator?.calls).toEqual(['pingDevice']);
  await coordinator?.close();
  expect(await run(['ping', 'nobody'], { pingDevice })).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('devices list') });
  await coordinator?.close();
  expect(await run(['ping', 'twin'], { pingDevice })).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('dev_2, dev_3') });
});

test('a device that is offline is a conflict that says when it was last seen', async () => {
  const outcome = await run(['resync', 'kitchen'], { resyncDevice: () => { throw new FleetError('device.offline', { problem: `The device is offline; it was last seen at ${at}.` }); } });
  expect(outcome).toMatchObject({ exitCode: 5, stdout: '', stderr: expect.stringContaining(at) });
});

test('the doctor prints what is wrong and how to fix it, and ends with 8 if anything is', async () => {
  const findings = [
    { check: 'node', result: 'passed' as const, code: null, fix: null, detail: 'v20.19.0', problem: null },
    { check: 'clock', result: 'failed' as const, code: 'clock.skewed', fix: 'Set the clock of this device, best by NTP.', detail: null, problem: null },
  ];
  const failed = await run(['doctor', 'kitchen'], { diagnoseDevice: () => ({ at, passed: false, findings }) });
  expect(failed.exitCode).toBe(8);
  expect(failed.stdout.split('\n').map((line) => line.trim())).toEqual(['PASSED   node   v20.19.0', 'FAILED   clock  clock.skewed', 'fix: Set the clock of this device, best by NTP.', '']);
  await coordinator?.close();
  expect((await run(['doctor', 'kitchen'], { diagnoseDevice: () => ({ at, passed: true, findings: findings.slice(0, 1) }) })).exitCode).toBe(0);
});

test('the log of a device is followed from the line after the last one shown', async () => {
  const line = (sequence: number, changes: Partial<DeviceLogLine> = {}): DeviceLogLine => ({ sequence, at, level: 'info', code: 'session.connected', fix: null, ...changes });
  const pages = [[line(1), line(2, { level: 'error', code: 'vault.unwritable', run: 3, fix: 'Check free space.' })], [], [line(3)]];
  const asked: unknown[] = [];
  let looks = 0;
  const outcome = await run(['log', 'kitchen', '--follow'], { showDeviceLog: ({ query }) => { asked.push(query['after']); return { items: pages[looks++] ?? [] }; } }, {
    sleep: () => (looks < 3 ? Promise.resolve() : Promise.reject(new FleetError('wait.timed-out', { problem: 'The spec has seen enough.' }))),
  });
  expect(asked).toEqual(['0', '2', '2']);
  expect(outcome.stdout).toContain('vault.unwritable  run 3\n');
  expect(outcome.stdout).toContain('fix: Check free space.');
  expect(outcome.stdout.match(/session\.connected/g)).toHaveLength(2);
});

test('what a device states of its policy and data is shown, and a copied key before anything else', async () => {
  const statement: DeviceDetail['statement'] = {
    at, policy: { tasks: null, models: ['encoder'], roundsPerDay: 100, scalarsPerDay: null, hours: { from: 22, to: 6 }, memoryMegabytes: null, evaluationExamplesMin: 10, precision: 'run', cacheMegabytes: 256, sharesPaths: false },
    datasets: [{ name: 'notes', examples: 160, format: 'jsonl', fields: [{ name: 'text', holds: 'text' }], labels: null, tags: ['english'], tasks: ['language'] }],
  };
  const { stdout } = await run(['show', 'kitchen'], { showDevice: () => aDeviceDetail({ statement, clonedAt: at, lastError: { at, code: 'vault.unwritable', run: 3, fix: 'Check free space.' } }) });
  for (const words of [/COPIED KEY +two processes/, /allows models +encoder/, /hours, local +22 to 6/, /last error +vault\.unwritable, run 3/, /notes +160 +- +text \(text\) +language +english/]) expect(stdout).toMatch(words);
});

test('a wiped device gets a token after the person agreed; without that its key stays', async () => {
  const token = { id: 'tok_1', name: 'kitchen', createdAt: at, expiresAt: at, usesMax: 1, uses: 0, approval: false, group: null, returning: 'dev_1', token: 'sfe_once' };
  const handlers = { showDevice: () => aDeviceDetail(), createReturnToken: () => token };
  expect(await run(['re-enrol', 'kitchen', '--yes'], handlers)).toMatchObject({ exitCode: 0, stdout: 'sfe_once\n', stderr: expect.stringContaining('seedfleet-worker enroll --url') });
  await coordinator?.close();
  expect(await run(['re-enrol', 'kitchen'], handlers, { answer: 'no' })).toMatchObject({ exitCode: 4, stdout: '' });
  expect(coordinator?.calls).not.toContain('createReturnToken');
});

test('the timeline lists what happened', async () => {
  const { stdout } = await run(['timeline', 'kitchen'], { listDeviceTimeline: () => ({ items: [{ at, kind: 'reported', run: 3, firstRound: 4, lastRound: 9, reports: 6, code: null }, { at, kind: 'enrolled', run: null, firstRound: null, lastRound: null, reports: null, code: null }], next: null }) });
  expect(stdout).toMatch(/reported +3 +6 reports, rounds 4 to 9/);
});
