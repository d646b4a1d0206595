import { sha256 } from '#crypto';
import { float64Bytes } from '../bytes/float64-bytes.js';

/**
 * SHA-256 of the little-endian float64 bytes of B site by site, then of the moments.
 * @param values [B], [B, m] or [B, m, v], each with every value of the adapter in C order, sites in manifest order
 * @returns [32]
 */
export function hashValues(values: readonly Float64Array[]): Uint8Array {
  return sha256(...values.map(float64Bytes));
}
