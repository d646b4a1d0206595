import { execFileSync } from 'node:child_process';
import { type Run } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { aRun, anUploadedModel } from '../testing/a-model.js';
import { scrape, valueOf, type Series } from '../testing/scrape.js';

let fleet: CoordinatorUnderTest;
let run: Run;
const devices: DeviceUnderTest[] = [];
let series: Series[];

beforeAll(async () => {
  fleet = await aCoordinator();
  run = await aRun(fleet, (await anUploadedModel(fleet)).id, { roundsMax: 3 });
  for (let i = 0; i < 2; i++) devices.push(await DeviceUnderTest.ready(fleet, run.id));
  await DeviceUnderTest.enrol(fleet).then((device) => device.connect('wrong')).catch(() => {});
  for (let round = 0; round < 2; round++) {
    for (const device of devices) {
      const report = device.reportOf(await device.nextStart(round));
      if (round === 0) await device.send('round:report', { ...report, differences: new Float32Array(1) });
      await device.send('round:report', report);
    }
    for (const device of devices) await device.reachRound(round + 1);
  }
  await Promise.all(devices.map((device) => device.nextStart(2)));
  await fleet.call('GET', '/api/v1/devices/dev_0123456789ab');
  await fleet.call('GET', '/nothing-here');
  series = await scrape(fleet);
}, 60_000);

afterAll(async () => {
  for (const device of devices) device.close();
  await fleet.close();
});

test('rounds, their devices, their reports and their log are counted', () => {
  const value = (name: string, labels = {}) => valueOf(series, name, labels);
  expect(value('seedfleet_rounds_total', { outcome: 'committed' })).toBe(2);
  expect(value('seedfleet_rounds_total', { outcome: 'abandoned' })).toBe(0);
  expect(value('seedfleet_round_devices_total', { stage: 'selected' })).toBe(6);
  expect(value('seedfleet_round_devices_total', { stage: 'counted' })).toBe(4);
  expect(value('seedfleet_reports_total', { outcome: 'recorded' })).toBe(4);
  expect(value('seedfleet_reports_total', { outcome: 'refused', reason: 'report.length' })).toBe(2);
  expect(value('seedfleet_report_ack_seconds_count')).toBe(6);
  expect(value('seedfleet_round_duration_seconds_count', { outcome: 'committed' })).toBe(2);
  for (const stage of ['collect', 'aggregate', 'commit', 'broadcast']) expect([stage, value('seedfleet_round_stage_seconds_count', { stage })]).toEqual([stage, 2]);
  expect(value('seedfleet_log_bytes_total')).toBe(devices[0]?.commits.reduce((sum, { length }) => sum + length, 0));
});

test('devices and runs are counted by state, connections by what became of them', () => {
  const value = (name: string, labels = {}) => valueOf(series, name, labels);
  expect(value('seedfleet_devices', { state: 'active' })).toBe(3);
  expect(value('seedfleet_devices', { state: 'revoked' })).toBe(0);
  expect(value('seedfleet_device_connections')).toBe(2);
  expect(value('seedfleet_device_handshakes_total', { outcome: 'admitted' })).toBe(2);
  expect(value('seedfleet_device_handshakes_total', { outcome: 'refused', reason: 'credential.invalid' })).toBe(1);
  expect(value('seedfleet_runs', { state: 'running' })).toBe(1);
  expect(value('seedfleet_run_round', { run: String(run.id) })).toBe(2);
  expect(value('seedfleet_run_last_progress_timestamp_seconds', { run: String(run.id) })).toBeGreaterThan(Date.parse(run.createdAt) / 1_000);
  expect(value('seedfleet_database_up')).toBe(1);
});

test('requests are timed by the pattern of their route: what stands in a path is no label', () => {
  expect(valueOf(series, 'seedfleet_http_request_duration_seconds_count', { method: 'GET', route: '/api/v1/devices/:id', status: '404' })).toBe(1);
  expect(valueOf(series, 'seedfleet_http_request_duration_seconds_count', { route: 'none', status: '404' })).toBe(1);
});

test('no label names a device, and labels are few: a thousand more devices would add no series', () => {
  const values = series.flatMap(({ labels }) => Object.values(labels));
  for (const device of devices) expect(values).not.toContain(device.id);
  expect(values.filter((value) => /[0-9a-f]{12}/.test(value))).toEqual([]);
  const allowed = ['cause', 'kind', 'le', 'method', 'node', 'outcome', 'quantile', 'reason', 'route', 'run', 'space', 'stage', 'state', 'status', 'type', 'version', 'major', 'minor', 'patch'];
  expect(series.flatMap(({ labels }) => Object.keys(labels)).filter((name) => !allowed.includes(name))).toEqual([]);
});

test('the process is measured too: memory, processor, delay of the event loop', () => {
  const names = new Set(series.map(({ name }) => name));
  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds', 'nodejs_gc_duration_seconds_count', 'seedfleet_build_info']) expect(names).toContain(name);
});

test('Prometheus\'s own checker finds names, units and types as its conventions want them', async () => {
  const { bytes } = await fleet.call('GET', '/metrics');
  // What Node's own collectors are called is not ours: prom-client's names end in no unit here and there.
  const ours = Buffer.from(bytes).toString('utf8').split('\n').filter((line) => line.replace(/^# (HELP|TYPE) /, '').startsWith('seedfleet_')).join('\n');
  const checked = execFileSync('promtool', ['check', 'metrics'], { input: `${ours}\n`, encoding: 'utf8' });
  expect(checked).toBe('');
});

test('nobody gets them without a credential, and a viewer\'s token is enough', async () => {
  expect((await fleet.call('GET', '/metrics', { token: null })).status).toBe(401);
  const { token } = (await fleet.call('POST', '/api/v1/api-tokens', { body: { name: 'prometheus', role: 'viewer' } })).json as { token: string };
  const answer = await fleet.call('GET', '/metrics', { token });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8; version=0.0.4');
});
