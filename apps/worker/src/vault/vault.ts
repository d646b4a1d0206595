import { chmodSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { publicKeyOf } from '@seedfleet/ledger';
import { makePrivateFolder, readFileIfThere, writeFileAtomically } from './atomic-file.js';
import { readSpent, spend, writeSpent } from './budget.js';
import { readDeviceRecord, writeDeviceRecord, type DeviceRecord } from './device-record.js';
import { lockHome } from './home-lock.js';
import { initialPolicy, readPolicy, writePolicy, type DevicePolicy } from './policy.js';
import { RunFolder } from './run-folder.js';

const files = { device: 'device.json', key: 'device-key', policy: 'policy.json', spent: 'spent.json', lock: 'lock', runs: 'runs', status: 'status.json' } as const;

/** The path of a vault's file by its noun. */
export function vaultPath(home: string, file: keyof typeof files): string {
  return join(home, files[file]);
}

/** Everything that a device keeps, in one folder that only its owner reads. */
export interface Vault {
  readonly home: string;
  readonly device: DeviceRecord;
  /** Ed25519 seed, 32 bytes. */
  readonly privateKey: Uint8Array;
  readonly policy: DevicePolicy;
  /** Numbers of the runs that have a folder, ascending. */
  runs(): number[];
  run(run: number): RunFolder;
  /** Pays for one attempt of `scalars` differences, durable on return; false if the policy does not allow it today. */
  spend(scalars: number, nowMs: number): boolean;
  /** Whether the policy allows one more attempt of `scalars` differences today; pays nothing. */
  canSpend(scalars: number, nowMs: number): boolean;
  close(): void;
}

/** Makes the folder and keeps the key in it, before anybody is asked: a key that the coordinator knows is never lost. */
export function keepNewKey(home: string, makeKey: () => { publicKey: Uint8Array; privateKey: Uint8Array }): { publicKey: Uint8Array; privateKey: Uint8Array } {
  if (existsSync(vaultPath(home, 'device'))) {
    throw new FleetError('vault.exists', { problem: `${vaultPath(home, 'device')} exists.` });
  }
  makePrivateFolder(home);
  chmodSync(home, 0o700);
  const saved = readFileIfThere(vaultPath(home, 'key'));
  // An enrolment that was cut short left a key behind: it may be known to the coordinator already, so it stays the key.
  if (saved?.length === 32) return { privateKey: saved, publicKey: publicKeyOf(saved) };
  const pair = makeKey();
  writeFileAtomically(vaultPath(home, 'key'), pair.privateKey);
  return pair;
}

/** Ends an enrolment: the record is written last, so that a folder with a record is a whole vault. */
export function keepDevice(home: string, record: DeviceRecord): void {
  if (!existsSync(vaultPath(home, 'policy'))) writePolicy(vaultPath(home, 'policy'), initialPolicy);
  makePrivateFolder(vaultPath(home, 'runs'));
  writeDeviceRecord(vaultPath(home, 'device'), record);
}

/** @throws FleetError `vault.missing`, `vault.damaged`, `vault.permissions` */
export function readDeviceKey(home: string): Uint8Array {
  const path = vaultPath(home, 'key');
  const key = readFileIfThere(path);
  if (key?.length !== 32) throw new FleetError('vault.damaged', { problem: `${path} does not hold a key of 32 bytes.` });
  requirePrivate(home);
  requirePrivate(path);
  return key;
}

function requirePrivate(path: string): void {
  if (process.platform === 'win32') return;
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new FleetError('vault.permissions', { field: path, problem: `Others can read ${path} (mode ${mode.toString(8)}).` });
  }
}

/** Opens the vault of an enrolled device and locks it for this process. @throws FleetError `vault.*`, `policy.invalid` */
export function openVault(home: string): Vault {
  const device = readDeviceRecord(vaultPath(home, 'device'));
  const privateKey = readDeviceKey(home);
  const policy = readPolicy(vaultPath(home, 'policy'));
  const unlock = lockHome(vaultPath(home, 'lock'));
  removeTemporaries(home);
  const spentPath = vaultPath(home, 'spent');
  const runsPath = vaultPath(home, 'runs');
  makePrivateFolder(runsPath);
  return {
    home, device, privateKey, policy,
    runs: () => readdirSync(runsPath).map(Number).filter((run) => Number.isInteger(run) && run > 0).sort((a, b) => a - b),
    run: (run) => new RunFolder(join(runsPath, String(run))),
    spend: (scalars, nowMs) => {
      const next = spend(readSpent(spentPath, policy, nowMs), policy, scalars);
      if (next !== null) writeSpent(spentPath, next);
      return next !== null;
    },
    canSpend: (scalars, nowMs) => spend(readSpent(spentPath, policy, nowMs), policy, scalars) !== null,
    close: unlock,
  };
}

// A process that was killed while it wrote leaves its temporary file; nobody else writes here while the lock is ours.
function removeTemporaries(home: string): void {
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.endsWith('.tmp')) rmSync(join(entry.parentPath, entry.name), { force: true });
  }
}
