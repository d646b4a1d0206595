import { advance, at, get, integer, operations, set, times, vector, type WasmFunction } from './wasm-module.js';

/**
 * ChaCha20 (RFC 8439) as WebAssembly with 128-bit vectors: four blocks at a time, lane i of each of the 16 vectors belongs to block i. The function is
 * assembled here from its two formulas, quarter round and order of rounds, so that there is no binary to trust. docs/decisions/0006-chacha-in-webassembly.md.
 */
const blockBytes = 64;
/** What is made at a time. */
export const groupBytes = 4 * blockBytes;

/** Locals: the two parameters, the double rounds left, then the 16 vectors and those of the block's start. */
const [address, groups, rounds, first, start] = [0, 1, 2, 3, 19];
const counter = start + 12;
const { add, or, shiftLeft, shiftRight, xor } = operations;

function rotated(local: number, by: 16 | 12 | 8 | 7): number[] {
  if (by === 16 || by === 8) {
    // By whole bytes: one shuffle.
    const bytes = Array.from({ length: 16 }, (_, i) => (i & ~3) | (i - by / 8 & 3));
    return [...get(local), ...get(local), ...vector(13, ...bytes), ...set(local)];
  }
  return [...get(local), ...integer(by), ...shiftLeft, ...get(local), ...integer(32 - by), ...shiftRight, ...or, ...set(local)];
}

function quarterRound(a: number, b: number, c: number, d: number): number[] {
  const step = (to: number, by: number, mixed: number, shift: 16 | 12 | 8 | 7) => [
    ...get(first + to), ...get(first + by), ...add, ...set(first + to),
    ...get(first + mixed), ...get(first + to), ...xor, ...set(first + mixed), ...rotated(first + mixed, shift),
  ];
  return [...step(a, b, d, 16), ...step(c, d, b, 12), ...step(a, b, d, 8), ...step(c, d, b, 7)];
}

const words = Array.from({ length: 16 }, (_, i) => i);
const columns = [0, 1, 2, 3].flatMap((i) => quarterRound(i, 4 + i, 8 + i, 12 + i));
const diagonals = [0, 1, 2, 3].flatMap((i) => quarterRound(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4));

/** (address, groups): writes the stream of the state that stands in the first 64 bytes of the memory, `groups` times 256 bytes, at least once; the address is a multiple of 4. */
export const chacha: WasmFunction = {
  parameters: 2, integers: 1, vectors: 32,
  body: [
    // The start of block i counts i more.
    ...words.flatMap((i) => [...integer(0), ...vector(9, ...at(4 * i)), ...set(start + i)]),
    ...get(counter), ...vector(12, ...[0, 1, 2, 3].flatMap((i) => [i, 0, 0, 0])), ...add, ...set(counter),
    ...times(groups,
      ...words.flatMap((i) => [...get(start + i), ...set(first + i)]),
      ...integer(10), ...set(rounds),
      ...times(rounds, ...columns, ...diagonals),
      ...words.flatMap((i) => [...get(first + i), ...get(start + i), ...add, ...set(first + i)]),
      // Lane i of vector w is word w of block i.
      ...words.flatMap((w) => [0, 1, 2, 3].flatMap((i) => [...get(address), ...get(first + w), ...vector(90, ...at(blockBytes * i + 4 * w), i)])),
      ...get(counter), ...integer(4), ...operations.splat, ...add, ...set(counter),
      ...advance(address, groupBytes)),
  ],
};
