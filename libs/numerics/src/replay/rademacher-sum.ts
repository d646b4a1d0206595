import { type PlacedSite } from '../layout/layout.js';
import { rademacherBits, type DirectionOrigin } from '../perturbation/direction.js';
import { shortStream, shortStreamsMax, shortStreamWords, turnedShortStreams, turnedWordsMax } from '../stream/short-streams.js';

/** Streams that share one table: 2^8 sums, and their bits of one value make one byte. */
export const tableStreams = shortStreamsMax;
/** Values of one word of a stream. */
const wordValues = 32;
const wordsMax = turnedWordsMax;
/** What plain JavaScript turns words into. */
const indexWords = new Int32Array(tableStreams * wordsMax);
const plainIndices = new Uint8Array(indexWords.buffer);

/** The directions of one site. */
export interface SiteDirections extends Pick<DirectionOrigin, 'key'> {
  site: PlacedSite;
  /** [n] */
  seeds: BigUint64Array;
}

/**
 * Σ_j f_j z_j for Rademacher directions, in the order of the seeds and with the bits of the plain loop (the spec keeps that loop as oracle).
 * The first eight have only 2^8 sums, each made once in the written order; a value looks its sum up. Further directions are added one by
 * one: their sums start from a different number for every value.
 * @param out     [site.size] float64, overwritten
 * @param factors [n] float64
 */
export function rademacherSumInto(out: Float64Array, { site, seeds, key }: SiteDirections, factors: Float64Array): void {
  const table = sumsOf(factors.subarray(0, tableStreams));
  const streams = streamsOf({ site, key, seeds: seeds.subarray(0, tableStreams) });
  for (let start = 0; start < site.size; start += wordValues * wordsMax) {
    const { indices, end } = turn(streams, { start, size: site.size });
    for (let i = start; i < end; i++) out[i] = table[indices[placeOf(i - start)] as number] as number;
  }
  for (let j = tableStreams; j < factors.length; j++) {
    addInto(out, rademacherBits({ key, seed: seeds[j] as bigint, site: site.index }, site.size), factors[j] as number);
  }
}

/**
 * Subtracts from each value the table's entry for its directions: the one whose bit j is 1 where direction j of the value is +1.
 * @param out   [site.size] float64, changed in place
 * @param table [2^n], n <= 8 seeds
 */
export function subtractByDirections(out: Float64Array, directions: SiteDirections, table: Float64Array): void {
  const streams = streamsOf(directions);
  const { size } = directions.site;
  for (let start = 0; start < size; start += wordValues * wordsMax) subtractRun(out, table, { start, ...turn(streams, { start, size }) });
}

/** Values `start` to `end`: of value i the index stands at place `placeOf(i - start)`. */
interface Run { indices: Uint8Array; end: number }

function subtractRun(out: Float64Array, table: Float64Array, { indices, start, end }: Run & { start: number }): void {
  const whole = start + (end - start & -wordValues);
  // `placeOf` written out: a value costs half as much.
  for (let i = start, place = 0; i < whole; place += wordValues) {
    for (let p = place; p < place + 4; p++, i += 8) {
      out[i] = (out[i] as number) - (table[indices[p] as number] as number);
      out[i + 1] = (out[i + 1] as number) - (table[indices[p + 4] as number] as number);
      out[i + 2] = (out[i + 2] as number) - (table[indices[p + 8] as number] as number);
      out[i + 3] = (out[i + 3] as number) - (table[indices[p + 12] as number] as number);
      out[i + 4] = (out[i + 4] as number) - (table[indices[p + 16] as number] as number);
      out[i + 5] = (out[i + 5] as number) - (table[indices[p + 20] as number] as number);
      out[i + 6] = (out[i + 6] as number) - (table[indices[p + 24] as number] as number);
      out[i + 7] = (out[i + 7] as number) - (table[indices[p + 28] as number] as number);
    }
  }
  for (let i = whole; i < end; i++) out[i] = (out[i] as number) - (table[indices[placeOf(i - start)] as number] as number);
}

/** Sum number k adds f_j where bit j of k is 1 and subtracts it where it is 0, j ascending from 0. @returns [2^n] */
export function sumsOf(factors: Float64Array): Float64Array {
  const sums = new Float64Array(2 ** factors.length);
  for (let j = 0; j < factors.length; j++) {
    const factor = factors[j] as number;
    const half = 1 << j;
    for (let k = 0; k < half; k++) {
      const before = sums[k] as number;
      sums[k] = before - factor;
      sums[half + k] = before + factor;
    }
  }
  return sums;
}

/** Eight streams, and whether they are `shortStream`s. */
interface Streams { words: readonly Int32Array[]; short: boolean }

/** The streams of up to eight seeds, and zeros in place of the others. Valid until the next call. */
function streamsOf({ key, site: { index, size }, seeds }: SiteDirections): Streams {
  const words = Math.ceil(size / wordValues);
  if (words > shortStreamWords) {
    const streams = Array.from(seeds, (seed) => {
      const { buffer, byteOffset } = rademacherBits({ key, seed, site: index }, size);
      return new Int32Array(buffer, byteOffset, words);
    });
    while (streams.length < tableStreams) streams.push(new Int32Array(words));
    return { words: streams, short: false };
  }
  return { short: true, words: Array.from({ length: tableStreams }, (_, j) => shortStream(j, words, j >= seeds.length ? undefined : { key, n0: Number(BigInt.asIntN(32, seeds[j] as bigint)), n1: Number((seeds[j] as bigint) >> 32n), n2: index })) };
}

/** A stream has value i at bit i mod 8 of byte floor(i / 8); turned, the byte of value i is byte floor(i / 8) of word i mod 8. */
function placeOf(i: number): number {
  return (i & -wordValues) | (i & 7) << 2 | (i >> 3 & 3);
}

/**
 * Each byte of eight words, a stream a row, is an 8 by 8 matrix of bits; all four are turned at once, so that a value is a row: blocks of 4, 2 and 1
 * change places across the diagonal: the indices of the values from `start` on, valid until the next call. Source: Warren, Hacker's Delight, 7-3.
 */
function turn({ words, short }: Streams, { start, size }: { start: number; size: number }): Run {
  const end = Math.min(size, start + wordValues * wordsMax);
  const indices = short ? turnedShortStreams(start >> 5, Math.ceil((end - start) / wordValues)) : undefined;
  if (indices) return { indices, end };
  turnInto(indexWords, words, { start, end });
  return { indices: plainIndices, end };
}

function turnInto(indexWords: Int32Array, streams: readonly Int32Array[], { start, end }: { start: number; end: number }): void {
  const [s0, s1, s2, s3, s4, s5, s6, s7] = streams as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];
  for (let word = start >> 5, place = 0; wordValues * word < end; word++, place += 8) {
    let [a, b, c, d] = [s0[word] as number, s1[word] as number, s2[word] as number, s3[word] as number];
    let [e, f, g, h] = [s4[word] as number, s5[word] as number, s6[word] as number, s7[word] as number];
    let t = (a >>> 4 ^ e) & 0x0f0f0f0f; e ^= t; a ^= t << 4;
    t = (b >>> 4 ^ f) & 0x0f0f0f0f; f ^= t; b ^= t << 4;
    t = (c >>> 4 ^ g) & 0x0f0f0f0f; g ^= t; c ^= t << 4;
    t = (d >>> 4 ^ h) & 0x0f0f0f0f; h ^= t; d ^= t << 4;
    t = (a >>> 2 ^ c) & 0x33333333; c ^= t; a ^= t << 2;
    t = (b >>> 2 ^ d) & 0x33333333; d ^= t; b ^= t << 2;
    t = (e >>> 2 ^ g) & 0x33333333; g ^= t; e ^= t << 2;
    t = (f >>> 2 ^ h) & 0x33333333; h ^= t; f ^= t << 2;
    t = (a >>> 1 ^ b) & 0x55555555; b ^= t; a ^= t << 1;
    t = (c >>> 1 ^ d) & 0x55555555; d ^= t; c ^= t << 1;
    t = (e >>> 1 ^ f) & 0x55555555; f ^= t; e ^= t << 1;
    t = (g >>> 1 ^ h) & 0x55555555; h ^= t; g ^= t << 1;
    indexWords[place] = a; indexWords[place + 1] = b; indexWords[place + 2] = c; indexWords[place + 3] = d;
    indexWords[place + 4] = e; indexWords[place + 5] = f; indexWords[place + 6] = g; indexWords[place + 7] = h;
  }
}

function addInto(out: Float64Array, bits: Uint8Array, factor: number): void {
  // Indexed by the bit, because a branch on random bits is guessed wrong half of the time; x + (-f) is x - f.
  const signed = Float64Array.of(-factor, factor);
  for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + (signed[((bits[i >> 3] as number) >> (i & 7)) & 1] as number);
}
