import { statSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { readFileIfThere } from './atomic-file.js';

const files = {
  device: 'device.json', key: 'device-key', nextKey: 'device-key.next', batchSalt: 'batch-salt', policy: 'policy.json', spent: 'spent.json', log: 'log.jsonl', lock: 'lock', runs: 'runs', status: 'status.json',
} as const;

/** The path of a vault's file by its noun. */
export function vaultPath(home: string, file: keyof typeof files): string {
  return join(home, files[file]);
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
