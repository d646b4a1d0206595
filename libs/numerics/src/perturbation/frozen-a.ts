import { keystream } from '../stream/keystream.js';
import { frozenKey, siteNonce } from './perturbation-key.js';

/** Which frozen matrix, and its shape. */
export interface FrozenOrigin {
  /** [32] */
  runKey: Uint8Array;
  /** index in manifest order, of all sites */
  site: number;
  /** d_in */
  inputs: number;
  /** r */
  rank: number;
}

/**
 * The frozen matrix A of a lora site, y = x A B alpha/r: uniform in (-1/sqrt(d_in), 1/sqrt(d_in)), which is PEFT's initial lora_A. Never sent:
 * every device grows it from the run key. Stream of seed 0 under the key of "seedfleet/frozen/v1"; value i is the i-th 32-bit LE word w,
 * float32((2 (w + 1/2) / 2^32 - 1) / sqrt(d_in)).
 * @returns [inputs, rank] float32, C order
 */
export function frozenA({ runKey, site, inputs, rank }: FrozenOrigin): Float32Array {
  const a = new Float32Array(inputs * rank);
  const words = keystream({ key: frozenKey(runKey), nonce: siteNonce({ seed: 0n, site }), length: 4 * a.length });
  const view = new DataView(words.buffer, words.byteOffset, words.byteLength);
  const bound = 1 / Math.sqrt(inputs);
  for (let i = 0; i < a.length; i++) a[i] = (2 * ((view.getUint32(4 * i, true) + 0.5) / 4294967296) - 1) * bound;
  return a;
}
