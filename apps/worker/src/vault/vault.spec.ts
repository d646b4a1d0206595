import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCheckpoint, encodeLog, generateKeyPair, hashValues, toHex } from '@seedfleet/ledger';
import { seedFromHex } from '@seedfleet/numerics';
import pino from 'pino';
import { Replica } from '../participation/replica.js';
import { aLog, type ALog } from '../testing/a-log.fixture.js';
import { keepDevice, keepNewKey, openVault, readDeviceKey, vaultPath } from './vault.js';

const logger = pino({ level: 'silent' });

function aVault(): string {
  const home = join(mkdtempSync(join(tmpdir(), 'seedfleet-vault-')), 'home');
  keepNewKey(home, generateKeyPair);
  keepDevice(home, { format: 'seedfleet/device/v1', url: 'http://127.0.0.1:1', device: 'd1', coordinatorKey: 'ab'.repeat(32), name: 'a device', protocol: 1 });
  return home;
}

function aRunIn(home: string, log: ALog): void {
  const vault = openVault(home);
  vault.run(1).create();
  vault.run(1).writeManifest(log.signed);
  vault.close();
}

describe('a vault', () => {
  test('is readable by its owner only', () => {
    const home = aVault();
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(statSync(vaultPath(home, 'key')).mode & 0o777).toBe(0o600);
  });

  test('whose key others can read is refused', () => {
    const home = aVault();
    chmodSync(vaultPath(home, 'key'), 0o644);
    expect(() => openVault(home)).toThrow(expect.objectContaining({ code: 'vault.permissions' }));
  });

  test('keeps the key of an enrolment that was cut short', () => {
    const home = join(mkdtempSync(join(tmpdir(), 'seedfleet-vault-')), 'home');
    const first = keepNewKey(home, generateKeyPair);
    const second = keepNewKey(home, generateKeyPair);
    expect(toHex(second.publicKey)).toBe(toHex(first.publicKey));
    expect(toHex(readDeviceKey(home))).toBe(toHex(first.privateKey));
  });

  test('that holds a device is not enrolled over', () => {
    const home = aVault();
    expect(() => keepNewKey(home, generateKeyPair)).toThrow(expect.objectContaining({ code: 'vault.exists' }));
  });

  test('without a device says how to enroll', () => {
    const home = mkdtempSync(join(tmpdir(), 'seedfleet-vault-'));
    expect(() => openVault(home)).toThrow(/enroll/);
  });

  test('belongs to one process at a time, and to the next after a crash', () => {
    const home = aVault();
    const vault = openVault(home);
    expect(() => openVault(home)).toThrow(expect.objectContaining({ code: 'vault.locked' }));
    vault.close();
    // A process number that no longer runs, as kill -9 leaves it behind.
    writeFileSync(vaultPath(home, 'lock'), '4194999 1');
    openVault(home).close();
    expect(existsSync(vaultPath(home, 'lock'))).toBe(false);
  });
});

describe('the state of a branch', () => {
  const first = [Float64Array.from({ length: 10 + 14 + 12 + 2 }, (_, i) => i / 8 - 2)];
  const hash = 'ab'.repeat(32);
  const branchOf = (values: Float64Array[]) => ({ run: 2, branch: { run: 1, manifestHash: hash, round: 0, commitHash: hash, stateHash: toHex(hashValues(values)) } });
  const log = aLog({ commits: 6, first, change: branchOf(first) });
  const bytes = log.commits.map((commit) => commit.bytes);
  const checkpoint = encodeCheckpoint({ manifestHash: log.manifest.hash, round: 0, lastCommit: new Uint8Array(), values: first });

  /** Opens the replica of a branch whose folder holds these bytes as what it begins with, or none. */
  function open(firstState: Uint8Array | null, { manifest } = log): Replica {
    const vault = openVault(aVault());
    vault.run(2).create();
    if (firstState !== null) vault.run(2).writeFirstState(firstState);
    return new Replica(vault.run(2), manifest, logger);
  }

  test('is what its manifest names, from its first round on and after it was thrown away', () => {
    const replica = open(checkpoint);
    expect(toHex(replica.stateHash)).toBe(log.stateHashes[0]);
    expect([...replica.b]).toEqual([...first[0] as Float64Array]);
    replica.apply(bytes);
    expect(toHex(replica.stateHash)).toBe(log.stateHashes[6]);
    replica.reset();
    expect([replica.round, toHex(replica.stateHash)]).toEqual([0, log.stateHashes[0]]);
    replica.apply(bytes.slice(0, 4));
    expect(toHex(replica.stateHash)).toBe(log.stateHashes[4]);
  });

  test.each<[string, string, () => unknown]>([
    ['is not there', 'branch.state-missing', () => open(null)],
    ['has a changed byte', 'checkpoint.malformed', () => open(checkpoint.map((byte, i) => (i === checkpoint.length - 9 ? byte ^ 1 : byte)))],
    ['is that of a later round', 'branch.state-missing', () => {
      const after = log.commits[0] as (typeof log.commits)[number];
      const replica = open(checkpoint);
      replica.apply(bytes.slice(0, 1));
      return open(encodeCheckpoint({ manifestHash: log.manifest.hash, round: 1, lastCommit: after.bytes, values: [replica.b] }));
    }],
    ['has another shape than the run', 'checkpoint.malformed', () => {
      const short = [Float64Array.of(1, 2)];
      const { manifest } = aLog({ commits: 0, first: short, change: branchOf(short) });
      return open(encodeCheckpoint({ manifestHash: manifest.hash, round: 0, lastCommit: new Uint8Array(), values: short }), { ...log, manifest });
    }],
  ])('that %s makes no replica', (_, code, opening) => {
    expect(opening).toThrow(expect.objectContaining({ code }));
  });
});

describe('the state of a run', () => {
  const log = aLog({ commits: 40 });
  const bytes = log.commits.map((commit) => commit.bytes);

  function open(home: string): { replica: Replica; close: () => void } {
    const vault = openVault(home);
    return { replica: new Replica(vault.run(1), log.manifest, logger), close: () => vault.close() };
  }

  test('is there again after a restart, from checkpoint and tail', () => {
    const home = aVault();
    aRunIn(home, log);
    const first = open(home);
    first.replica.apply(bytes.slice(0, 35));
    first.replica.apply(bytes.slice(33, 38));
    first.close();
    const second = open(home);
    expect(second.replica.round).toBe(38);
    expect(toHex(second.replica.stateHash)).toBe(log.stateHashes[38]);
    second.close();
  });

  test.each([
    { name: 'a changed byte in the state', damage: (folder: string) => flip(join(folder, 'state'), -20) },
    { name: 'a state cut short', damage: (folder: string) => truncateSync(join(folder, 'state'), 500) },
    { name: 'an empty state', damage: (folder: string) => truncateSync(join(folder, 'state'), 0) },
  ])('with $name begins at round 0 and is rebuilt from the log', ({ damage }) => {
    const home = aVault();
    aRunIn(home, log);
    const first = open(home);
    first.replica.apply(bytes.slice(0, 36));
    first.replica.save();
    first.close();
    damage(join(vaultPath(home, 'runs'), '1'));
    const second = open(home);
    expect(second.replica.round).toBe(0);
    second.replica.apply(bytes);
    expect(toHex(second.replica.stateHash)).toBe(log.stateHashes[40]);
    second.close();
  });

  test('keeps the whole commits of a tail that was cut in the middle of one, and goes on', () => {
    const home = aVault();
    aRunIn(home, log);
    const first = open(home);
    first.replica.apply(bytes.slice(0, 10));
    first.close();
    const tail = join(vaultPath(home, 'runs'), '1', 'tail');
    truncateSync(tail, statSync(tail).size - 3);
    const second = open(home);
    expect(second.replica.round).toBe(9);
    second.replica.apply(bytes.slice(9, 12));
    second.close();
    const third = open(home);
    expect(toHex(third.replica.stateHash)).toBe(log.stateHashes[12]);
    third.close();
  });

  test('takes no commit of another run', () => {
    const home = aVault();
    aRunIn(home, log);
    const { replica, close } = open(home);
    const other = aLog({ commits: 1 });
    expect(() => replica.apply([other.commits[0]?.bytes ?? new Uint8Array()])).toThrow(expect.objectContaining({ code: 'log.broken-chain' }));
    expect(replica.round).toBe(0);
    close();
  });

  test('survives kill -9 at any instant: valid, at a round of the log, and no batch is given twice', async () => {
    const home = aVault();
    aRunIn(home, log);
    const logPath = join(home, 'log');
    writeFileSync(logPath, encodeLog(bytes));
    let taken = 0;
    // Fixed instants between 0 and 60 ms after the first write, as a hash would scatter them.
    for (const delayMs of Array.from({ length: 15 }, (_, i) => Number(seedFromHex('9e3779b97f4a7c15') * BigInt(i + 1) % 61n))) {
      taken = Math.max(taken, await writeUntilKilled({ home, logPath, delayMs }));
      const vault = openVault(home);
      const replica = new Replica(vault.run(1), log.manifest, logger);
      expect(toHex(replica.stateHash)).toBe(log.stateHashes[replica.round]);
      expect(vault.run(1).readBatches(0)).toBeGreaterThanOrEqual(taken);
      vault.close();
    }
  }, 60_000);
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length + at) ^ 1, bytes.length + at);
  writeFileSync(path, bytes);
}

/** Runs the restless writer and kills it; answers the last batch number that it spoke of. */
function writeUntilKilled({ home, logPath, delayMs }: { home: string; logPath: string; delayMs: number }): Promise<number> {
  const entry = new URL('../../dist/testing/restless-writer.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [entry, home, logPath], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  let isDying = false;
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (isDying || !said.startsWith('ready\n')) return;
    isDying = true;
    setTimeout(() => child.kill('SIGKILL'), delayMs);
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`the writer ended by itself with ${code}`));
      // The last line may be cut.
      const numbers = said.split('\n').slice(1, -1).map(Number);
      resolve(numbers.at(-1) ?? 0);
    });
  });
}
