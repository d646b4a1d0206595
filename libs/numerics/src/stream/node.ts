import { createCipheriv } from 'node:crypto';
import { type BlockStreamRequest } from './block-stream.js';

let zeros = new Uint8Array(2 ** 16);

export function blockStream({ key, nonce, counter, length }: BlockStreamRequest): Uint8Array {
  // OpenSSL takes the last row of the state whole: counter (u32 LE), then the nonce.
  const row = new Uint8Array(16);
  new DataView(row.buffer).setUint32(0, counter, true);
  row.set(nonce, 4);
  if (length > zeros.length) zeros = new Uint8Array(length);
  const stream = createCipheriv('chacha20', key, row).update(zeros.subarray(0, length));
  return stream.byteOffset % 4 === 0 ? new Uint8Array(stream.buffer, stream.byteOffset, length) : Uint8Array.from(stream);
}
