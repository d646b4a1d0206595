import { chacha20 } from '@noble/ciphers/chacha.js';
import { type BlockStreamRequest } from './block-stream.js';

export function blockStream({ key, nonce, counter, length }: BlockStreamRequest): Uint8Array {
  return chacha20(key, nonce, new Uint8Array(length), undefined, counter);
}
