import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { type Alert, type AlertRule, type AuditEntry, type Device, type System } from '@seedfleet/protocol';
import { serveCoordinator, type Handler, type ServedCoordinator } from '../testing/served-coordinator.js';
import { aModel, aRun } from '../testing/served-run.js';
import { emptyFolder, loggedIn, typed } from '../testing/typed.js';

/** Stands wherever a person, a device or a setting could have put something. */
const planted = 'planted-secret';
const at = '2026-11-25T10:00:00.000Z';

const device: Device = {
  id: 'dev_1', name: planted, state: 'active', online: true, fingerprint: planted, workerVersion: '0.3.0', platform: `${planted} linux`, lastSeenAt: at, enrolledAt: at, tags: [planted],
  threads: 2, memoryMegabytes: 512, forwardMs: 12, peakMegabytes: 300, clonedAt: null,
};
const system: System = {
  version: '0.0.0', node: 'v20.20.2', platform: 'linux x64', startedAt: at,
  database: { kind: 'postgresql', version: '15.0', bytes: 1, migrations: 9, tables: [], connections: { open: 1, idle: 1, max: 10, waiting: 0 }, answerMs: 0.4 },
  disk: { home: `/home/${planted}`, freeBytes: 1, totalBytes: 2, modelBytes: 0 }, memory: { residentBytes: 1, heapBytes: 1, systemFreeBytes: 1, systemBytes: 2 }, eventLoop: { meanMs: 1, p99Ms: 2 },
  devices: { connected: 1, enrolled: 1 }, runs: { going: 0, ledHere: 0 }, replicas: [{ id: 'r1', host: planted, version: '0.0.0', startedAt: at, leads: 0 }],
  retention: { reportDays: 90, reportRounds: 1_000, checkpointEvery: 10 }, settings: { mail: true, traces: false, logLevel: 'info' },
};
const entry: AuditEntry = { sequence: 1, at, actor: planted, action: 'run.create', subject: planted, detail: { name: planted }, previousHash: '0'.repeat(64), hash: 'a'.repeat(64) };
const rule: AlertRule = { id: 'rul_1', name: planted, condition: { type: 'run-failed' }, channels: ['chn_1'], silencedUntil: null, createdAt: at, revision: 1 };
const alert: Alert = { id: 'alr_1', rule: 'rul_1', ruleName: planted, subject: planted, summary: planted, firedAt: at, resolvedAt: null };

const whole: Record<string, Handler> = {
  version: () => ({ version: '0.0.0', protocol: { min: 1, max: 1 }, node: 'v20.20.2' }), readyz: () => ({ status: 'ok', parts: { database: 'ok' } }), showSystem: () => system, metrics: () => '# HELP seedfleet_rounds_total Rounds.\n',
  verifyAudit: () => ({ intact: true, entries: 1, headHash: 'a'.repeat(64), brokenAt: null }), listAuditEntries: () => ({ items: [entry], next: null }),
  listRuns: () => ({ items: [aRun({ name: planted, state: 'failed', cause: `${planted} was not there.` }), aRun({ cause: 'attempts-exhausted' })], next: null }),
  listModels: () => ({ items: [aModel({ name: planted, output: planted })] }), listDevices: () => ({ items: [device], next: null }), listAlertRules: () => ({ items: [rule] }), listAlerts: () => ({ items: [alert], next: null }),
};

let coordinator: ServedCoordinator;
afterEach(() => coordinator.close());

async function bundled(handlers: Record<string, Handler>) {
  coordinator = await serveCoordinator(handlers);
  const folder = await emptyFolder();
  const out = join(folder, 'bundle.tar.gz');
  const outcome = await typed(['support', 'bundle', '--out', out, '-o', 'json'], { env: loggedIn(coordinator) });
  const unpack = () => {
    execFileSync('tar', ['xzf', out, '-C', folder]);
    return new Map(readdirSync(folder).filter((name) => name !== 'bundle.tar.gz').map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  };
  return { out, outcome, unpack };
}

test('a bundle holds states, counts and heads, and nothing that a person, a device or a secret setting said', async () => {
  const { out, outcome, unpack } = await bundled(whole);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(outcome.stdout)).toMatchObject({ out, missing: [] });
  expect(statSync(out).mode & 0o777).toBe(0o600);
  const files = unpack();
  expect([...files.keys()].sort()).toEqual(['README.txt', 'alerts.json', 'audit.json', 'devices.json', 'health.json', 'here.json', 'metrics.txt', 'models.json', 'runs.json', 'system.json', 'version.json']);
  for (const text of files.values()) for (const secret of [planted, coordinator.token, coordinator.url]) expect(text).not.toContain(secret);
  expect(JSON.parse(files.get('runs.json') ?? '')).toMatchObject([{ state: 'failed', cause: 'a sentence, left out' }, { cause: 'attempts-exhausted' }]);
  expect(JSON.parse(files.get('devices.json') ?? '')).toEqual({ count: 1, online: 1, byState: { active: 1 }, byWorkerVersion: { '0.3.0': 1 }, byPlatform: { 'unlike any': 1 } });
  expect(JSON.parse(files.get('audit.json') ?? '')).toMatchObject({ verification: { intact: true }, newest: [{ sequence: 1, at, action: 'run.create', hash: entry.hash }] });
});

test('a coordinator that is ill gives what it can, and each part that is missing says why', async () => {
  const { outcome, unpack } = await bundled({ ...whole, showSystem: () => { throw new FleetError('operator.forbidden', { problem: `${planted} may not.` }); } });
  expect(JSON.parse(outcome.stdout)).toMatchObject({ missing: ['system'] });
  const files = unpack();
  expect(JSON.parse(files.get('system.missing.json') ?? '')).toEqual({ code: 'operator.forbidden' });
  expect(files.get('runs.json')).toContain('attempts-exhausted');
});

test('a coordinator that does not answer at all is said to be, and no file is overwritten', async () => {
  const { out, outcome } = await bundled(whole);
  expect(outcome.exitCode).toBe(0);
  expect(await typed(['support', 'bundle', '--out', out], { env: loggedIn(coordinator) })).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('there is such a file already') });
  await coordinator.close();
  expect(await typed(['support', 'bundle', '--out', `${out}.other`], { env: loggedIn(coordinator) })).toMatchObject({ exitCode: 6, stdout: '' });
});
