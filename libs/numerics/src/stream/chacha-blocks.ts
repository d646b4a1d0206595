/** 32-bit words of a block. */
const blockWords = 16;

/** What a stream starts from, its nonce as words. */
export interface BlocksOrigin {
  /** [32] */
  key: Uint8Array;
  n0: number;
  n1: number;
  n2: number;
  /** number of the first block; 0 unless given */
  counter?: number;
}

/**
 * ChaCha20 over zeros in plain JavaScript, where WebAssembly with vectors is not to be had (`wasmChacha`). Source: RFC 8439, sections 2.1 to 2.4.
 * @param out whole blocks of 16 words, overwritten; as bytes they are the stream where the platform is little endian
 */
export function chachaBlocksInto(out: Int32Array, { key, n0, n1, n2, counter: first = 0 }: BlocksOrigin): void {
  const k0 = wordAt(key, 0);
  const k1 = wordAt(key, 4);
  const k2 = wordAt(key, 8);
  const k3 = wordAt(key, 12);
  const k4 = wordAt(key, 16);
  const k5 = wordAt(key, 20);
  const k6 = wordAt(key, 24);
  const k7 = wordAt(key, 28);
  for (let at = 0, counter = first; at < out.length; at += blockWords, counter++) {
    let x0 = 0x61707865, x1 = 0x3320646e, x2 = 0x79622d32, x3 = 0x6b206574, x4 = k0, x5 = k1, x6 = k2, x7 = k3;
    let x8 = k4, x9 = k5, x10 = k6, x11 = k7, x12 = counter, x13 = n0, x14 = n1, x15 = n2;
    for (let round = 0; round < 20; round += 2) {
      x0 = x0 + x4 | 0; x12 ^= x0; x12 = x12 << 16 | x12 >>> 16; x8 = x8 + x12 | 0; x4 ^= x8; x4 = x4 << 12 | x4 >>> 20;
      x0 = x0 + x4 | 0; x12 ^= x0; x12 = x12 << 8 | x12 >>> 24; x8 = x8 + x12 | 0; x4 ^= x8; x4 = x4 << 7 | x4 >>> 25;
      x1 = x1 + x5 | 0; x13 ^= x1; x13 = x13 << 16 | x13 >>> 16; x9 = x9 + x13 | 0; x5 ^= x9; x5 = x5 << 12 | x5 >>> 20;
      x1 = x1 + x5 | 0; x13 ^= x1; x13 = x13 << 8 | x13 >>> 24; x9 = x9 + x13 | 0; x5 ^= x9; x5 = x5 << 7 | x5 >>> 25;
      x2 = x2 + x6 | 0; x14 ^= x2; x14 = x14 << 16 | x14 >>> 16; x10 = x10 + x14 | 0; x6 ^= x10; x6 = x6 << 12 | x6 >>> 20;
      x2 = x2 + x6 | 0; x14 ^= x2; x14 = x14 << 8 | x14 >>> 24; x10 = x10 + x14 | 0; x6 ^= x10; x6 = x6 << 7 | x6 >>> 25;
      x3 = x3 + x7 | 0; x15 ^= x3; x15 = x15 << 16 | x15 >>> 16; x11 = x11 + x15 | 0; x7 ^= x11; x7 = x7 << 12 | x7 >>> 20;
      x3 = x3 + x7 | 0; x15 ^= x3; x15 = x15 << 8 | x15 >>> 24; x11 = x11 + x15 | 0; x7 ^= x11; x7 = x7 << 7 | x7 >>> 25;
      x0 = x0 + x5 | 0; x15 ^= x0; x15 = x15 << 16 | x15 >>> 16; x10 = x10 + x15 | 0; x5 ^= x10; x5 = x5 << 12 | x5 >>> 20;
      x0 = x0 + x5 | 0; x15 ^= x0; x15 = x15 << 8 | x15 >>> 24; x10 = x10 + x15 | 0; x5 ^= x10; x5 = x5 << 7 | x5 >>> 25;
      x1 = x1 + x6 | 0; x12 ^= x1; x12 = x12 << 16 | x12 >>> 16; x11 = x11 + x12 | 0; x6 ^= x11; x6 = x6 << 12 | x6 >>> 20;
      x1 = x1 + x6 | 0; x12 ^= x1; x12 = x12 << 8 | x12 >>> 24; x11 = x11 + x12 | 0; x6 ^= x11; x6 = x6 << 7 | x6 >>> 25;
      x2 = x2 + x7 | 0; x13 ^= x2; x13 = x13 << 16 | x13 >>> 16; x8 = x8 + x13 | 0; x7 ^= x8; x7 = x7 << 12 | x7 >>> 20;
      x2 = x2 + x7 | 0; x13 ^= x2; x13 = x13 << 8 | x13 >>> 24; x8 = x8 + x13 | 0; x7 ^= x8; x7 = x7 << 7 | x7 >>> 25;
      x3 = x3 + x4 | 0; x14 ^= x3; x14 = x14 << 16 | x14 >>> 16; x9 = x9 + x14 | 0; x4 ^= x9; x4 = x4 << 12 | x4 >>> 20;
      x3 = x3 + x4 | 0; x14 ^= x3; x14 = x14 << 8 | x14 >>> 24; x9 = x9 + x14 | 0; x4 ^= x9; x4 = x4 << 7 | x4 >>> 25;
    }
    out[at] = x0 + 0x61707865; out[at + 1] = x1 + 0x3320646e; out[at + 2] = x2 + 0x79622d32; out[at + 3] = x3 + 0x6b206574;
    out[at + 4] = x4 + k0; out[at + 5] = x5 + k1; out[at + 6] = x6 + k2; out[at + 7] = x7 + k3;
    out[at + 8] = x8 + k4; out[at + 9] = x9 + k5; out[at + 10] = x10 + k6; out[at + 11] = x11 + k7;
    out[at + 12] = x12 + counter; out[at + 13] = x13 + n0; out[at + 14] = x14 + n1; out[at + 15] = x15 + n2;
  }
}

export function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | (bytes[at + 1] as number) << 8 | (bytes[at + 2] as number) << 16 | (bytes[at + 3] as number) << 24;
}
