import { statSync } from 'node:fs';
import { FleetError } from '@seedfleet/errors';
import { publicKeyOf, sha256, toHex } from '@seedfleet/ledger';
import { readDeviceRecord } from '../vault/device-record.js';
import { isHomeLocked } from '../vault/home-lock.js';
import { readPolicy } from '../vault/policy.js';
import { readDeviceKey, vaultPath } from '../vault/vault.js';
import { type Check } from './check.js';

const nodeMin = [20, 19] as const;

/** What stands on this machine: Node, the folder, its key and policy. Reads only. */
export function deviceChecks({ home, nodeVersion }: { home: string; nodeVersion: string }): Check[] {
  return [
    { name: 'node', look: () => requireNode(nodeVersion) },
    { name: 'folder', look: () => requireFolder(home) },
    { name: 'enrolment', after: ['folder'], look: () => {
      const { name, device, url } = readDeviceRecord(vaultPath(home, 'device'));
      return `${name} (${device}) at ${url}`;
    } },
    { name: 'key', after: ['folder'], look: () => `fingerprint ${fingerprintOf(publicKeyOf(readDeviceKey(home)))}` },
    { name: 'policy', after: ['folder'], look: () => {
      const policy = readPolicy(vaultPath(home, 'policy'));
      return `${policy.roundsPerDay ?? 'no limit of'} rounds and ${policy.scalarsPerDay ?? 'no limit of'} scalars a day`;
    } },
    { name: 'worker', after: ['folder'], look: () => isHomeLocked(vaultPath(home, 'lock')) ? 'runs' : 'does not run' },
  ];
}

/** First 32 hex digits of the SHA-256 of a public key, in groups of four: what both sides show to compare. */
export function fingerprintOf(publicKey: Uint8Array): string {
  return toHex(sha256(publicKey)).slice(0, 32).replace(/(....)(?!$)/g, '$1-');
}

function requireNode(version: string): string {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1])) return version;
  throw new FleetError('node.too-old', { field: 'node', problem: `Node ${version} is too old.` });
}

function requireFolder(home: string): string {
  let mode: number;
  try {
    mode = statSync(home).mode & 0o777;
  } catch {
    throw new FleetError('vault.missing', { field: '--home', problem: `${home} does not exist.` });
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new FleetError('vault.permissions', { field: '--home', problem: `Others can look into ${home} (mode ${mode.toString(8)}).` });
  }
  return home;
}
