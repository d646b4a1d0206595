import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { publicKeyOf } from '@seedfleet/ledger';
import { makePrivateFolder, readFileIfThere, writeFileAtomically } from './atomic-file.js';
import { readSpent, spend, writeSpent } from './budget.js';
import { readDeviceRecord, writeDeviceRecord, type DeviceRecord } from './device-record.js';
import { deviceKeysOf, type DeviceKeys } from './device-keys.js';
import { lockHome } from './home-lock.js';
import { initialPolicy, readPolicy, writePolicy, type DevicePolicy } from './policy.js';
import { RunFolder } from './run-folder.js';
import { vaultPath } from './vault-path.js';

export { readDeviceKey, vaultPath } from './vault-path.js';

/** Everything that a device keeps, in one folder that only its owner reads. */
export interface Vault {
  readonly home: string;
  readonly device: DeviceRecord;
  readonly keys: DeviceKeys;
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

/** Opens the vault of an enrolled device and locks it for this process. @throws FleetError `vault.*`, `policy.invalid` */
export function openVault(home: string): Vault {
  const device = readDeviceRecord(vaultPath(home, 'device'));
  const keys = deviceKeysOf(home);
  const policy = readPolicy(vaultPath(home, 'policy'));
  const unlock = lockHome(vaultPath(home, 'lock'));
  removeTemporaries(home);
  const spentPath = vaultPath(home, 'spent');
  const runsPath = vaultPath(home, 'runs');
  makePrivateFolder(runsPath);
  return {
    home, device, keys, policy,
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
