/** Streams that share one table: 2^8 sums, and their bits of one value make one byte. */
const tableStreams = 8;

/**
 * Σ_j f_j z_j for Rademacher directions, from their packed bits, in the order of the streams and with the bits of the plain loop
 * (the spec keeps that loop as oracle). The first eight streams have only 2^8 sums, each made once in the written order; a value looks
 * its sum up. Further streams are added one by one: their sums start from a different number for every value.
 * @param out     [size] float64, overwritten
 * @param bits    [n] streams, each of ceil(size / 8) bytes, least significant bit first, 1 is +1
 * @param factors [n] float64
 */
export function rademacherSumInto(out: Float64Array, bits: readonly Uint8Array[], factors: Float64Array): void {
  const table = sumsOf(factors.subarray(0, tableStreams));
  const shared = Array.from({ length: tableStreams }, (_, j) => bits[j] ?? new Uint8Array(Math.ceil(out.length / 8)));
  lookUpInto(out, shared, table);
  for (let j = tableStreams; j < factors.length; j++) addInto(out, bits[j] as Uint8Array, factors[j] as number);
}

/** Sum number k adds f_j where bit j of k is 1 and subtracts it where it is 0, j ascending from 0. @returns [2^n] */
function sumsOf(factors: Float64Array): Float64Array {
  const sums = new Float64Array(2 ** factors.length);
  factors.forEach((factor, j) => {
    const half = 1 << j;
    for (let k = 0; k < half; k++) {
      const before = sums[k] as number;
      sums[k] = before - factor;
      sums[half + k] = before + factor;
    }
  });
  return sums;
}

function lookUpInto(out: Float64Array, streams: readonly Uint8Array[], table: Float64Array): void {
  const [s0, s1, s2, s3, s4, s5, s6, s7] = streams as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  for (let byte = 0; 8 * byte < out.length; byte++) {
    // An 8 by 8 bit matrix, a stream a row, is turned so that a value is a row. Source: Warren, Hacker's Delight, 7-3 (transpose8).
    let low = (s0[byte] as number) | (s1[byte] as number) << 8 | (s2[byte] as number) << 16 | (s3[byte] as number) << 24;
    let high = (s4[byte] as number) | (s5[byte] as number) << 8 | (s6[byte] as number) << 16 | (s7[byte] as number) << 24;
    let t = (low ^ (low >>> 7)) & 0x00aa00aa;
    low = low ^ t ^ (t << 7);
    t = (high ^ (high >>> 7)) & 0x00aa00aa;
    high = high ^ t ^ (t << 7);
    t = (low ^ (low >>> 14)) & 0x0000cccc;
    low = low ^ t ^ (t << 14);
    t = (high ^ (high >>> 14)) & 0x0000cccc;
    high = high ^ t ^ (t << 14);
    const first = (low & 0x0f0f0f0f) | ((high & 0x0f0f0f0f) << 4);
    const second = ((low >>> 4) & 0x0f0f0f0f) | (high & 0xf0f0f0f0);
    const end = Math.min(8, out.length - 8 * byte);
    for (let i = 0; i < end; i++) out[8 * byte + i] = table[((i < 4 ? first : second) >>> (8 * (i & 3))) & 0xff] as number;
  }
}

function addInto(out: Float64Array, bits: Uint8Array, factor: number): void {
  // Indexed by the bit, because a branch on random bits is guessed wrong half of the time; x + (-f) is x - f.
  const signed = Float64Array.of(-factor, factor);
  for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + (signed[((bits[i >> 3] as number) >> (i & 7)) & 1] as number);
}
