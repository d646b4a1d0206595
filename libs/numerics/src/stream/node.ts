import { createCipheriv } from 'node:crypto';
import { type BlockStreamRequest } from './block-stream.js';

export function blockStream({ key, nonce, counter, length }: BlockStreamRequest): Uint8Array {
  // OpenSSL takes the last row of the state whole: counter (u32 LE), then the nonce.
  const row = new Uint8Array(16);
  new DataView(row.buffer).setUint32(0, counter, true);
  row.set(nonce, 4);
  const stream = createCipheriv('chacha20', key, row).update(new Uint8Array(length));
  return new Uint8Array(stream.buffer, stream.byteOffset, stream.length);
}
