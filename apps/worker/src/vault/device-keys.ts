import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { generateKeyPair, sha256, utf8 } from '@seedfleet/ledger';
import { readFileIfThere, syncFolder, writeFileAtomically } from './atomic-file.js';
import { readDeviceKey, vaultPath } from './vault-path.js';

/**
 * The key of a device, and the next one while it is being changed. The old key stays until the coordinator has taken the new one, and the new
 * one is durable before the coordinator hears of it: whichever of the two counts there, this device has it.
 */
export interface DeviceKeys {
  /** Ed25519 seed, 32 bytes. */
  current(): Uint8Array;
  /** The key of a change that is under way; null if none is. */
  next(): Uint8Array | null;
  /** Makes the next key, durable on return, unless one is there already: then the change that was cut short goes on. */
  begin(): void;
  /** The coordinator has taken the next key: it is the key from here on, and the old one is gone. */
  finish(): void;
  /** The coordinator will not take the next key: the old one stays. */
  drop(): void;
  /** What the order of batches grows from, 32 bytes: a new key must not shuffle what was kept out of training. */
  batchSalt(): Uint8Array;
}

/** @throws FleetError `vault.damaged`, `vault.permissions` */
export function deviceKeysOf(home: string): DeviceKeys {
  const [keyPath, nextPath, saltPath] = [vaultPath(home, 'key'), vaultPath(home, 'nextKey'), vaultPath(home, 'batchSalt')];
  let current = readDeviceKey(home);
  const next = (): Uint8Array | null => {
    const bytes = readFileIfThere(nextPath);
    return bytes?.length === 32 ? bytes : null;
  };
  const salt = () => {
    const kept = readFileIfThere(saltPath);
    return kept?.length === 32 ? kept : sha256(utf8('seedfleet/batches/v1'), current);
  };
  return {
    current: () => current,
    next,
    begin() {
      if (next() !== null) return;
      if (!existsSync(saltPath)) writeFileAtomically(saltPath, salt());
      writeFileAtomically(nextPath, generateKeyPair().privateKey);
    },
    finish() {
      const key = next();
      if (key === null) return;
      renameSync(nextPath, keyPath);
      syncFolder(dirname(keyPath));
      current = key;
    },
    drop() {
      rmSync(nextPath, { force: true });
      syncFolder(dirname(nextPath));
    },
    batchSalt: salt,
  };
}
