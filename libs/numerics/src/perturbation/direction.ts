import { keystream } from '../stream/keystream.js';
import { normalQuantile } from './gaussian.js';
import { siteNonce } from './perturbation-key.js';

export type Distribution = 'rademacher' | 'gaussian';

/** Which direction: everything that z(seed) of one site depends on. */
export interface DirectionOrigin {
  /** [32] of perturbationKey */
  key: Uint8Array;
  seed: bigint;
  /** index in manifest order */
  site: number;
  distribution: Distribution;
}

/**
 * The part of z(seed) that belongs to one site. Rademacher: one bit a value, least significant first, 1 is +1 and 0 is -1. Gaussian: one
 * 32-bit little-endian word a value, through `normalQuantile`. docs/numerics.md, "Stream".
 * @param out [site size], overwritten
 */
export function directionInto(out: Float64Array, origin: DirectionOrigin): void {
  if (origin.distribution === 'rademacher') rademacherInto(out, rademacherBits(origin, out.length));
  else gaussianInto(out, origin);
}

/** The packed bits of a Rademacher direction, in whole words of 32 bits. @returns [4 ceil(size / 32)], at a multiple of 4 in its buffer */
export function rademacherBits({ key, seed, site }: Omit<DirectionOrigin, 'distribution'>, size: number): Uint8Array {
  return keystream({ key, nonce: siteNonce({ seed, site }), length: 4 * Math.ceil(size / 32) });
}

function rademacherInto(out: Float64Array, bits: Uint8Array): void {
  for (let i = 0; i < out.length; i++) out[i] = ((((bits[i >> 3] as number) >> (i & 7)) & 1) << 1) - 1;
}

function gaussianInto(out: Float64Array, { key, seed, site }: DirectionOrigin): void {
  const words = keystream({ key, nonce: siteNonce({ seed, site }), length: 4 * out.length });
  const view = new DataView(words.buffer, words.byteOffset, words.byteLength);
  for (let i = 0; i < out.length; i++) out[i] = normalQuantile(view.getUint32(4 * i, true));
}
