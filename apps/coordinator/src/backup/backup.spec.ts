import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { verifyRun } from '@seedfleet/artifacts';
import { decodeLog, type SignedManifest } from '@seedfleet/ledger';
import { type Run } from '@seedfleet/protocol';
import { aCoordinatorProcess, type CoordinatorProcess } from '../testing/a-coordinator-process.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { aRun, anUploadedModel } from '../testing/a-model.js';
import { aPostgres, type PostgresUnderTest } from '../testing/a-postgres.js';

const previous = JSON.parse(readFileSync(new URL('../../../../e2e/fleet/previous-version.json', import.meta.url), 'utf8')) as { version: string };
const mainFile = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
let folder: string;
let postgres: PostgresUnderTest;
/** what opens encrypted archives, made by the coordinator's own command */
let identityFile: string;
let recipient: string;
/** an archive of PostgreSQL, encrypted */
let sealed: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'seedfleet-backup-'));
  identityFile = join(folder, 'identity');
  sealed = join(folder, 'sealed.backup');
  postgres = await aPostgres();
  ({ recipient = '' } = await command(['backup-key', '--out', identityFile], { SEEDFLEET_HOME: folder }));
}, 60_000);

afterAll(() => {
  postgres.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The coordinator's own command. @returns the line that it prints, on standard output or error */
function command(args: string[], environment: Record<string, string>): Promise<{ event: string; code?: string; rows?: number; files?: number; recipient?: string }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [mainFile, ...args], { env: { PATH: process.env['PATH'], ...environment } }, (error, stdout, stderr) => {
      const line = error === null ? stdout : stderr.trim().split('\n').at(-1) ?? '';
      if (line === '') reject(new Error(`${args.join(' ')} printed nothing`));
      else resolve(JSON.parse(line) as { event: string });
    });
  });
}

async function doRound(devices: readonly DeviceUnderTest[], round: number): Promise<void> {
  for (const device of devices) await device.send('round:report', device.reportOf(await device.nextStart(round)));
  for (const device of devices) await device.reachRound(round + 1);
}

const runOf = async (fleet: CoordinatorProcess, run: number) => (await fleet.call('GET', `/api/v1/runs/${run}`)).json as Run;

/** Rows that no round writes: a group by hand and one by a filter, a channel, a rule, an alert that is open, and what devices measured of themselves. */
async function furnish(fleet: CoordinatorProcess, devices: readonly DeviceUnderTest[]): Promise<void> {
  const post = async (path: string, body: object) => (await fleet.call('POST', `/api/v1${path}`, { body })).json as { id: string };
  const { id: group } = await post('/groups', { name: 'by hand', filter: null });
  await post(`/groups/${group}/members`, { devices: devices.map(({ id }) => id) });
  await post('/groups', { name: 'by filter', filter: 'state=active' });
  const { id: channel } = await post('/alert-channels', { type: 'webhook', name: 'chat', url: 'http://127.0.0.1:9/hook' });
  await post('/alert-rules', { name: 'skew', condition: { type: 'version-skew' }, channels: [channel] });
}

/** What `furnish` made, as the API tells it. */
async function furniture(fleet: CoordinatorProcess): Promise<unknown> {
  const items = async (name: string) => ((await fleet.call('GET', `/api/v1/${name}`)).json as { items: Record<string, unknown>[] }).items;
  const devices = (await items('devices')).map(({ id, name, forwardMs, peakMegabytes, platform, tags }) => ({ id, name, forwardMs, peakMegabytes, platform, tags }));
  const groups = (await items('groups')).map(({ id, name, filter, count, revision }) => ({ id, name, filter, count, revision }));
  return { devices, groups, rules: await items('alert-rules'), channels: (await items('alert-channels')).map(({ id, name, target }) => ({ id, name, target })) };
}

const linesOf = (archive: Buffer) => gunzipSync(archive).toString('utf8').trim().split('\n');

/** In the middle of a round, beside the running coordinator. */
test.each(['embedded', 'postgresql'])('on the %s database: a run is backed up, everything is destroyed and restored, and the run goes on to the end with a log that verifies', async (kind) => {
  const database = (name: string): Record<string, string> => (kind === 'embedded' ? {} : { DATABASE_URL: postgres.url.replace(/postgres$/, name) });
  const [archive, restoredHome] = [join(folder, `${kind}.backup`), join(folder, `${kind}-home`)];
  if (kind === 'postgresql') for (const name of ['first', 'second']) postgres.create(name);
  const first = await aCoordinatorProcess(database('first'));
  const run = await aRun(first, (await anUploadedModel(first)).id, { roundsMax: 4, checkpointEveryRounds: 1 });
  const devices = [await DeviceUnderTest.ready(first, run.id), await DeviceUnderTest.ready(first, run.id)];
  for (let round = 0; round < 2; round++) await doRound(devices, round);
  for (const device of devices) await device.nextStart(2);
  for (const device of devices) device.close();
  await furnish(first, devices);
  const before = await runOf(first, run.id);
  const furnished = await furniture(first);
  expect(before.round).toBe(2);

  const written = await command(['backup', '--out', archive], { SEEDFLEET_HOME: first.home, ...database('first') });
  expect(written).toMatchObject({ event: 'backup.written' });
  expect(statSync(archive).mode & 0o777).toBe(0o600);
  expect(await command(['backup', '--out', archive], { SEEDFLEET_HOME: first.home, ...database('first') })).toMatchObject({ code: 'backup.exists' });
  const refused = await command(['restore', '--from', archive], { SEEDFLEET_HOME: first.home, ...database('first') });
  expect(refused.code).toBe('restore.not-empty');
  expect(first.process.exitCode).toBeNull();
  await first.close();
  if (kind === 'postgresql') postgres.drop('first');

  const { rows, files } = written;
  expect(await command(['restore', '--from', archive], { SEEDFLEET_HOME: restoredHome, ...database('second') })).toMatchObject({ event: 'backup.restored', rows, files });
  if (kind === 'postgresql') {
    const again = await command(['backup', '--out', sealed, '--recipient', recipient], { SEEDFLEET_HOME: restoredHome, ...database('second') });
    expect(again).toMatchObject({ event: 'backup.written', encrypted: true, rows, files });
    // Line for line what the first archive has, every value of every table, but for the time and the checksum; opened by age itself.
    const opened = execFileSync('age', ['--decrypt', '--identity', identityFile, sealed], { maxBuffer: 1e9 });
    expect(linesOf(opened).slice(1, -1)).toEqual(linesOf(readFileSync(archive)).slice(1, -1));
  }
  const second = await aCoordinatorProcess({ SEEDFLEET_HOME: restoredHome, ...database('second') }, restoredHome);
  try {
    expect(await furniture(second)).toEqual(furnished);
    expect(await runOf(second, run.id)).toMatchObject({ round: 2, headHash: before.headHash, stateHash: before.stateHash, manifestHash: before.manifestHash });
    const back = devices.map((device) => new DeviceUnderTest(second, device.keys, device.id));
    for (const [index, device] of back.entries()) {
      await device.connect();
      await device.fetchManifest(run.id);
      for (const commit of devices[index]?.commits ?? []) device.take(commit);
      await device.hello([]);
      await device.prepared(run.id);
    }
    for (let round = 2; round < 4; round++) await doRound(back, round);
    for (const device of back) {
      await device.end();
      device.close();
    }
    const signedManifest = (await second.call('GET', `/api/v1/runs/${run.id}/manifest`)).json as SignedManifest;
    const log = decodeLog((await second.call('GET', `/api/v1/runs/${run.id}/log`)).bytes);
    const after = await runOf(second, run.id);
    expect(verifyRun({ signedManifest, log })).toMatchObject({ rounds: 4, head: after.headHash, stateHash: after.stateHash });
    expect(verifyRun({ signedManifest, log: log.slice(0, 2) }).head).toBe(before.headHash);
    expect((await second.call('GET', '/api/v1/audit-entries/verification')).json).toMatchObject({ intact: true });
    expect((await aRun(second, (await anUploadedModel(second)).id)).id).toBe(run.id + 1);
  } finally {
    await second.close();
  }
}, 120_000);

test('an archive of the previous version restores, is migrated, and its run goes on from where it was', async () => {
  const [archive, home] = [fileURLToPath(new URL(`../../vectors/previous/${previous.version}.backup`, import.meta.url)), join(folder, 'previous-home')];
  postgres.create('previous');
  const environment = { SEEDFLEET_HOME: home, DATABASE_URL: postgres.url.replace(/postgres$/, 'previous') };
  const counts = countsOf(linesOf(readFileSync(archive)));
  expect(await command(['restore', '--from', archive], environment)).toMatchObject({ event: 'backup.restored', rows: Object.values(counts).reduce((sum, count) => sum + count, 0) });
  const fleet = await aCoordinatorProcess(environment, home);
  try {
    const items = async (name: string) => ((await fleet.call('GET', `/api/v1/${name}`)).json as { items: Record<string, unknown>[] }).items;
    for (const [name, table] of [['devices', 'devices'], ['groups', 'device_groups'], ['alert-rules', 'alert_rules'], ['alert-channels', 'alert_channels'], ['runs', 'runs'], ['models', 'base_models']] as const) {
      expect({ name, count: (await items(name)).length }).toEqual({ name, count: counts[table] });
    }
    expect((await items('groups')).map(({ count }) => count)).toEqual([2, 2]);
    for (const { id } of (await items('runs')).filter(({ state }) => state !== 'draft')) {
      const run = await runOf(fleet, id as number);
      const signedManifest = (await fleet.call('GET', `/api/v1/runs/${run.id}/manifest`)).json as SignedManifest;
      const log = decodeLog((await fleet.call('GET', `/api/v1/runs/${run.id}/log`)).bytes);
      expect(verifyRun({ signedManifest, log })).toMatchObject({ rounds: run.round, head: run.headHash, stateHash: run.stateHash });
    }
    expect((await items('runs')).map(({ state }) => state).sort()).toEqual(['completed', 'draft', 'running']);
    expect((await fleet.call('GET', '/api/v1/audit-entries/verification')).json).toMatchObject({ intact: true });
  } finally {
    await fleet.close();
  }
}, 60_000);

/** Rows of each table in an archive. */
function countsOf(lines: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  let table = '';
  for (const line of lines.map((text) => JSON.parse(text) as { table?: string } | string[])) {
    if (Array.isArray(line)) counts[table] = (counts[table] ?? 0) + 1;
    else if (line.table !== undefined) table = line.table;
  }
  return counts;
}

test('every table of the schema is in the archive: none is left out by forgetting it', () => {
  const schema = readFileSync(new URL('../../../../prisma/schema.prisma', import.meta.url), 'utf8');
  const tables = [...schema.matchAll(/@@map\("(\w+)"\)/g)].map(([, name]) => name);
  expect(tables).toContain('commits');
  expect(tables).toHaveLength([...schema.matchAll(/^model /gm)].length);
  const lines = gunzipSync(readFileSync(join(folder, 'embedded.backup'))).toString('utf8').trim().split('\n').map((line) => JSON.parse(line) as { table?: string });
  expect(lines.flatMap(({ table }) => table ?? []).sort()).toEqual([...tables].sort());
});

test('an archive that is cut, changed, of a newer version, or none is refused, and leaves the home empty', async () => {
  const [whole, home] = [join(folder, 'embedded.backup'), join(folder, 'empty-home')];
  const restore = async (name: string, change: (path: string) => void) => {
    const path = join(folder, name);
    copyFileSync(whole, path);
    change(path);
    return (await command(['restore', '--from', path], { SEEDFLEET_HOME: home })).code;
  };
  const edit = (from: string, to: string) => (path: string) => writeFileSync(path, gzipSync(gunzipSync(readFileSync(path)).toString('utf8').replace(from, to)));
  expect(await restore('cut', (path) => truncateSync(path, statSync(path).size - 100))).toBe('backup.damaged');
  expect(await restore('changed', edit('"toy run"', '"my  run"'))).toBe('backup.damaged');
  expect(await restore('none', (path) => writeFileSync(path, 'no archive'))).toBe('backup.damaged');
  expect(await restore('newer', (path) => {
    const [head = '', ...rows] = gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n').slice(0, -1);
    const lines = [head.replace('"migrations":[', '"migrations":["99990101000000_of_tomorrow",'), ...rows];
    const sha256 = createHash('sha256').update(lines.map((line) => `${line}\n`).join('')).digest('hex');
    writeFileSync(path, gzipSync(`${lines.join('\n')}\n${JSON.stringify({ end: { lines: lines.length, sha256 } })}\n`));
  })).toBe('backup.newer');
  expect((await command(['restore', '--from', join(folder, 'nowhere')], { SEEDFLEET_HOME: home })).code).toBe('backup.damaged');
  expect((await command(['restore'], { SEEDFLEET_HOME: home })).code).toBe('settings.invalid');
  expect((await command(['destroy'], { SEEDFLEET_HOME: home })).code).toBe('settings.invalid');
  expect((await command(['restore', '--from', sealed], { SEEDFLEET_HOME: home })).code).toBe('backup.sealed');
  const otherFile = join(folder, 'other-identity');
  await command(['backup-key', '--out', otherFile], { SEEDFLEET_HOME: home });
  expect(statSync(otherFile).mode & 0o777).toBe(0o600);
  expect((await command(['restore', '--from', sealed, '--identity-file', otherFile], { SEEDFLEET_HOME: home })).code).toBe('backup.wrong-key');
  expect((await command(['restore', '--from', sealed, '--identity-file', identityFile], { SEEDFLEET_HOME: home })).event).toBe('backup.restored');
}, 60_000);
