import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { LeaderWrites } from '../rounds/leader-writes.js';
import { LeadershipLostError } from '../rounds/leadership-lost-error.js';
import { CommitRepository, type NewCommit } from '../rounds/commit.repository.js';
import { RoundRepository, type SavedReport } from '../rounds/round.repository.js';
import { LiveChanges } from '../live/live-changes.js';
import { RunRepository } from '../runs/run.repository.js';
import { aPostgres, type PostgresUnderTest } from '../testing/a-postgres.js';
import { Database } from './database.js';
import { lockHome } from './home-lock.js';
import { applyMigrations, migrationsFolder } from './migrations.js';
import { isUniqueViolation } from './unique-violation.js';

const folders: string[] = [];
function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'seedfleet-database-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const at = new Date('2026-11-25T12:00:00Z');

async function aRunRow({ prisma }: Database): Promise<number> {
  await prisma.baseModel.upsert({ where: { id: 'mod_1' }, update: {}, create: { id: 'mod_1', name: 'm', output: 'o', idsInput: 'i', maskInput: 'k', state: 'ready', sites: [], createdAt: at } });
  const { id } = await prisma.run.create({ data: { name: 'r', state: 'running', modelId: 'mod_1', everyDevice: true, createdAt: at, manifest: new Uint8Array(), manifestHash: new Uint8Array(), manifestSignature: new Uint8Array() } });
  return id;
}

async function aDeviceRow({ prisma }: Database, id: string): Promise<void> {
  await prisma.device.create({ data: { id, name: id, publicKey: new Uint8Array(Buffer.from(id)), state: 'active', enrolledAt: at } });
}

const aCommit = (run: number, change: Partial<NewCommit> = {}) => (): { row: NewCommit } => ({ row: {
  bytes: Uint8Array.of(1, 2), hash: new Uint8Array(32).fill(run), stateHash: new Uint8Array(32), reportsSalt: new Uint8Array(32),
  learningRate: 0.1, coefficientRms: 1, reports: 1, accepted: 1, at, ...change,
} });

describe.each(['embedded', 'postgresql'] as const)('on the %s database', (kind) => {
  let database: Database;
  let server: PostgresUnderTest | null = null;

  beforeAll(async () => {
    server = kind === 'postgresql' ? await aPostgres() : null;
    database = await Database.open({ home: aFolder(), url: server?.url ?? null });
  }, 60_000);

  afterAll(async () => {
    await database.close();
    server?.close();
  });

  test('every migration is applied at the first start', async () => {
    expect(database.kind).toBe(kind);
    expect(database.migrationsApplied.length).toBeGreaterThan(0);
    const rows = await database.prisma.$queryRawUnsafe<{ migration_name: string }[]>('SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL');
    expect(rows.map(({ migration_name }) => migration_name)).toEqual(database.migrationsApplied);
  });

  test('a report comes back bit for bit, and one device has one in an attempt', async () => {
    const rounds = new RoundRepository(database);
    const run = await aRunRow(database);
    await aDeviceRow(database, `dev_report_${kind}`);
    await rounds.open({ run, fencingToken: 0, round: 0, attempt: 0, cohort: [{ device: `dev_report_${kind}`, group: 0 }], openedAt: at, deadlineAt: at });
    const report = { device: `dev_report_${kind}`, group: 0, examples: 8, differences: Float32Array.of(1.5, -0, 1e-45, 3.4e38) };
    await rounds.saveReports(run, [{ round: 0, attempt: 0, ...report }], at);
    expect(await rounds.findReports({ run, round: 0, attempt: 0 })).toEqual([report]);
    const twice: unknown = await rounds.saveReports(run, [{ round: 0, attempt: 0, ...report }], at).catch((error: unknown) => error);
    expect(isUniqueViolation(twice)).toBe(true);
    expect(await rounds.findOpen(run, 0)).toMatchObject({ attempts: 0, open: { attempt: 0, cohort: [{ device: report.device, group: 0 }], reports: [report] } });
  });

  test('a round that is decided counts every report that was acknowledged before, and takes none after', async () => {
    const [commits, rounds] = [new CommitRepository(database), new RoundRepository(database)];
    const run = await aRunRow(database);
    const key = { run, round: 0, attempt: 0 };
    const devices = [0, 1, 2].map((index) => `dev_late_${kind}_${index}`);
    for (const device of devices) await aDeviceRow(database, device);
    await rounds.open({ ...key, fencingToken: 0, cohort: devices.map((device) => ({ device, group: 0 })), openedAt: at, deadlineAt: at });
    const reportOf = (device: string) => ({ device, group: 0, examples: 8, differences: Float32Array.of(0.5, -0) });
    const [first, second, third] = devices.map(reportOf) as [SavedReport, SavedReport, SavedReport];
    expect(await rounds.saveWhileCollecting(key, [first, second], at)).toEqual(new Set([first.device, second.device]));
    expect(await rounds.saveWhileCollecting(key, [second], at)).toEqual(new Set()); // it has one
    expect(await rounds.findOtherReports(key, [second.device])).toEqual([first]);
    let counted: SavedReport[] = [];
    await commits.save({ ...key, fencingToken: 0 }, (reports) => {
      counted = reports;
      return aCommit(run, { hash: new Uint8Array(32).fill(250) })();
    });
    expect(counted).toEqual([first, second]);
    expect(await rounds.saveWhileCollecting(key, [third], at)).toEqual(new Set());
  });

  test('a log cannot fork: one commit a round, and only by the coordinator that leads the run', async () => {
    const [commits, rounds, runs] = [new CommitRepository(database), new RoundRepository(database), new RunRepository(database, new LiveChanges())];
    const run = await aRunRow(database);
    await rounds.open({ run, fencingToken: 0, round: 0, attempt: 0, cohort: [], openedAt: at, deadlineAt: at });
    await database.prisma.run.update({ where: { id: run }, data: { fencingToken: 7 } });
    const round = { run, round: 0, attempt: 0 };
    await expect(commits.save({ ...round, fencingToken: 6 }, aCommit(run))).rejects.toThrow('led by another coordinator');
    expect(await commits.findHead(run)).toBeNull();
    await commits.save({ ...round, fencingToken: 7 }, aCommit(run));
    await expect(commits.save({ ...round, fencingToken: 7 }, aCommit(run))).rejects.toThrow('does not end at round 0');
    // Nor does one that no longer leads open a round, abandon one, or end the run.
    const former = { run, fencingToken: 6 };
    await expect(rounds.open({ ...former, round: 1, attempt: 0, cohort: [], openedAt: at, deadlineAt: at })).rejects.toThrow(LeadershipLostError);
    await expect(rounds.abandon(round, { fencingToken: 6, cause: 'x', accepted: 0, at })).rejects.toThrow(LeadershipLostError);
    await expect(new LeaderWrites(database).as(former, (tx) => runs.changeState(run, { from: ['running'], to: 'failed', cause: 'x', at }, tx))).rejects.toThrow(LeadershipLostError);
    expect(await runs.find(run).catch(() => null)).toBeNull(); // its manifest is empty
    expect((await database.prisma.run.findUniqueOrThrow({ where: { id: run } })).state).toBe('running');
    expect(await commits.tail({ run, from: 0, countMax: 10, bytesMax: 100 })).toHaveLength(1);
    expect((await runs.takeOver(run).catch(() => null))).toBeNull(); // its manifest is empty: nothing unverified is led
  });

  test('a tail ends at its bytes but has at least one commit', async () => {
    const [commits, rounds] = [new CommitRepository(database), new RoundRepository(database)];
    const run = await aRunRow(database);
    for (let round = 0; round < 5; round++) {
      await rounds.open({ run, fencingToken: 0, round, attempt: 0, cohort: [], openedAt: at, deadlineAt: at });
      await commits.save({ run, round, attempt: 0, fencingToken: 0 }, aCommit(run, { bytes: new Uint8Array(10), hash: Uint8Array.from({ length: 32 }, () => run * 10 + round) }));
    }
    const tail = (from: number, bytesMax: number) => commits.tail({ run, from, countMax: 100, bytesMax });
    expect([await tail(0, 30), await tail(0, 5), await tail(3, 1000), await tail(5, 1000)].map(({ length }) => length)).toEqual([3, 1, 2, 0]);
  });

  test('what a transaction wrote is gone when it fails', async () => {
    const run = await aRunRow(database);
    const failing = database.prisma.$transaction(async (tx) => {
      await tx.run.update({ where: { id: run }, data: { round: 5 } });
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect((await database.prisma.run.findUniqueOrThrow({ where: { id: run } })).round).toBe(0);
  });

  test('twenty increments at once are all counted', async () => {
    const run = await aRunRow(database);
    await Promise.all(Array.from({ length: 20 }, () => database.prisma.run.update({ where: { id: run }, data: { fencingToken: { increment: 1 } } })));
    expect((await database.prisma.run.findUniqueOrThrow({ where: { id: run } })).fencingToken).toBe(20);
  });

  test('an edited migration, a newer database and a migration that fails are refused, and the last leaves nothing behind', async () => {
    const client = new pg.Client(database.connection);
    await client.connect();
    const copy = aFolder();
    cpSync(migrationsFolder, copy, { recursive: true });
    const [first] = database.migrationsApplied;
    const file = join(copy, first ?? '', 'migration.sql');
    const original = readFileSync(file, 'utf8');
    writeFileSync(file, `${original}\n-- edited`);
    await expect(applyMigrations(client, copy)).rejects.toMatchObject({ code: 'database.migration-edited' });
    writeFileSync(file, original);
    mkdirSync(join(copy, '99990101000000_bad'));
    writeFileSync(join(copy, '99990101000000_bad', 'migration.sql'), 'CREATE TABLE "left_over" (id INT); SELECT 1 / 0;');
    await expect(applyMigrations(client, copy)).rejects.toMatchObject({ code: 'database.migration-failed' });
    expect((await client.query('SELECT to_regclass(\'left_over\') AS found')).rows).toEqual([{ found: null }]);
    rmSync(join(copy, '99990101000000_bad'), { recursive: true });
    expect(await applyMigrations(client, copy)).toEqual([]);
    rmSync(join(copy, first ?? ''), { recursive: true });
    await expect(applyMigrations(client, copy)).rejects.toMatchObject({ code: 'database.newer' });
    await client.end();
  });
});

test('the embedded database forces at least one write to the disk for every commit', async () => {
  const database = await Database.open({ home: aFolder(), url: null });
  const run = await aRunRow(database);
  const before = database.fsyncCalls?.() ?? 0;
  for (let i = 0; i < 30; i++) await database.prisma.run.update({ where: { id: run }, data: { round: { increment: 1 } } });
  expect((database.fsyncCalls?.() ?? 0) - before).toBeGreaterThanOrEqual(30);
  await database.close();
}, 60_000);

test('a PostgreSQL that is not there is named, not waited for', async () => {
  await expect(Database.open({ home: aFolder(), url: 'postgresql://nobody@127.0.0.1:1/none' })).rejects.toMatchObject({ code: 'database.unavailable' });
});

test('a second coordinator on the same home is refused; the lock of a process that is gone is taken over', () => {
  const home = aFolder();
  const unlock = lockHome(home);
  expect(() => lockHome(home)).toThrow(/Another coordinator \(process \d+\) runs on/);
  unlock();
  expect(existsSync(join(home, 'coordinator.lock'))).toBe(false);
  writeFileSync(join(home, 'coordinator.lock'), '999999999 1\n');
  lockHome(home)();
  // The id of the dead process belongs to another one by now: ours, started at another time.
  writeFileSync(join(home, 'coordinator.lock'), `${process.ppid} 1\n`);
  lockHome(home)();
});

test('schema and migrations agree', () => {
  const script = fileURLToPath(new URL('../../../../prisma/scripts/next-migration.mjs', import.meta.url));
  expect(execFileSync(process.execPath, [script, '--check'], { encoding: 'utf8', env: { PATH: process.env['PATH'] } })).toContain('Schema and migrations agree.');
}, 60_000);
