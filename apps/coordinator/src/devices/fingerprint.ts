import { sha256, toHex } from '@seedfleet/ledger';

/** The fingerprint that device and operator compare: SHA-256 of the public key in groups of four digits. */
export function fingerprintOf(publicKey: Uint8Array): string {
  return toHex(sha256(publicKey)).slice(0, 32).match(/.{4}/g)?.join('-') ?? '';
}
