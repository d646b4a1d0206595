import { advance, at, get, integer, operations, set, times, vector, type WasmFunction } from './wasm-module.js';

const { and, shiftLeft, shiftRight, splat, xor } = operations;
/** Words of each stream that are turned at a time. */
export const turnedAtOnce = 4;
const rows = 8;

/** Locals: the parameters, the eight rows, what is exchanged, four halves, and the masks of blocks of 4, 2 and 1. */
const [from, to, groups, row, exchanged, half, mask] = [0, 1, 2, 3, 11, 12, 16];
const blocks = [4, 2, 1].map((size, i) => ({ size, mask: mask + i, bits: [0x0f0f0f0f, 0x33333333, 0x55555555][i] as number }));

/** Two rows exchange blocks of `size` bits across the diagonal. */
function exchange(upper: number, lower: number, { size, mask }: { size: number; mask: number }): number[] {
  return [
    ...get(row + upper), ...integer(size), ...shiftRight, ...get(row + lower), ...xor, ...get(mask), ...and, ...set(exchanged),
    ...get(row + lower), ...get(exchanged), ...xor, ...set(row + lower),
    ...get(row + upper), ...get(exchanged), ...integer(size), ...shiftLeft, ...xor, ...set(row + upper),
  ];
}

/** Words of two vectors, 0 to 3 of the first and 4 to 7 of the second. */
const chosenWords = (a: number, b: number, ...words: number[]) => [...get(a), ...get(b), ...vector(13, ...words.flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte)))];

/** Word l of rows first to first + 3, for each l, behind one another: a 4 by 4 matrix of words turned. */
function storeFour(first: number, offset: number): number[] {
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => row + first + i) as [number, number, number, number];
  const store = (l: number, upper: number, lower: number, words: number[]) => [...get(to), ...chosenWords(upper, lower, ...words), ...vector(11, ...at(4 * rows * l + offset))];
  return [
    ...chosenWords(a, b, 0, 4, 1, 5), ...set(half), ...chosenWords(c, d, 0, 4, 1, 5), ...set(half + 1),
    ...chosenWords(a, b, 2, 6, 3, 7), ...set(half + 2), ...chosenWords(c, d, 2, 6, 3, 7), ...set(half + 3),
    ...store(0, half, half + 1, [0, 1, 4, 5]), ...store(1, half, half + 1, [2, 3, 6, 7]),
    ...store(2, half + 2, half + 3, [0, 1, 4, 5]), ...store(3, half + 2, half + 3, [2, 3, 6, 7]),
  ];
}

/**
 * (from, to, groups): each byte of eight words, one of each stream, is an 8 by 8 matrix of bits; turned, byte k of the eight words that are written is values 8 k to 8 k + 7's bits.
 * Four words of each stream at a time, `groups` times, at least once. Source: Warren, Hacker's Delight, 7-3.
 * @param strideBytes from one stream to the next
 */
export function turn(strideBytes: number): WasmFunction {
  return {
    parameters: 3, vectors: 16,
    body: [
      ...blocks.flatMap(({ mask, bits }) => [...integer(bits), ...splat, ...set(mask)]),
      ...times(groups,
        ...Array.from({ length: rows }, (_, j) => [...get(from), ...vector(0, ...at(strideBytes * j)), ...set(row + j)]).flat(),
        ...blocks.flatMap((block) => Array.from({ length: rows }, (_, j) => j).filter((j) => (j & block.size) === 0).flatMap((j) => exchange(j, j + block.size, block))),
        ...storeFour(0, 0), ...storeFour(4, 16),
        ...advance(from, 4 * turnedAtOnce), ...advance(to, 4 * rows * turnedAtOnce)),
    ],
  };
}
