/**
 * ChaCha20 (RFC 8439) as WebAssembly with 128-bit vectors: four blocks at a time, lane i of each of the 16 vectors belongs to block i. The module is
 * assembled here from its two formulas, quarter round and order of rounds, so that there is no binary to trust. docs/decisions/0006-chacha-in-webassembly.md.
 */
const blockBytes = 64;
/** What is made at a time. */
export const groupBytes = 4 * blockBytes;
const pageBytes = 65_536;

/** What is used of it: its types come with those of a browser's page only. */
declare const WebAssembly: { Module: new (bytes: Uint8Array) => object; Instance: new (module: object) => { exports: unknown } };

export interface WasmChacha {
  memory: ArrayBuffer;
  /**
   * Writes the stream of the state that stands in the first 64 bytes of the memory.
   * @param address where to; a multiple of 4
   * @param groups  how many times 256 bytes, at least once
   */
  fill(address: number, groups: number): void;
}

/** @returns undefined where the platform has no WebAssembly with vectors, or does not allow it (Content-Security-Policy) */
export function openWasmChacha({ bytes }: { bytes: number }): WasmChacha | undefined {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(Math.ceil(bytes / pageBytes))));
    const { memory, fill } = exports as { memory: { buffer: ArrayBuffer }; fill: WasmChacha['fill'] };
    return { memory: memory.buffer, fill };
  } catch {
    return undefined;
  }
}

const unsigned = (value: number): number[] => (value < 128 ? [value] : [value & 127 | 128, ...unsigned(value >>> 7)]);
const signed = (value: number): number[] => (value >= -64 && value < 64 ? [value & 127] : [value & 127 | 128, ...signed(value >> 7)]);
const section = (id: number, ...content: number[]) => [id, ...unsigned(content.length), ...content];

const i32 = 0x7f;
const v128 = 0x7b;
const get = (local: number) => [0x20, ...unsigned(local)];
const set = (local: number) => [0x21, ...unsigned(local)];
const integer = (value: number) => [0x41, ...signed(value)];
const vector = (operation: number, ...immediates: number[]) => [0xfd, ...unsigned(operation), ...immediates];
const add = vector(174);
const xor = vector(81);
const or = vector(80);

/** Locals: the two parameters, the double rounds left, then the 16 vectors and those of the block's start. */
const [address, groups, rounds, first, start] = [0, 1, 2, 3, 19];
const counter = start + 12;

function rotated(local: number, by: 16 | 12 | 8 | 7): number[] {
  if (by === 16 || by === 8) {
    // By whole bytes: one shuffle.
    const bytes = Array.from({ length: 16 }, (_, i) => (i & ~3) | (i - by / 8 & 3));
    return [...get(local), ...get(local), ...vector(13, ...bytes), ...set(local)];
  }
  return [...get(local), ...integer(by), ...vector(171), ...get(local), ...integer(32 - by), ...vector(173), ...or, ...set(local)];
}

function quarterRound(a: number, b: number, c: number, d: number): number[] {
  const step = (to: number, by: number, mixed: number, shift: 16 | 12 | 8 | 7) => [
    ...get(first + to), ...get(first + by), ...add, ...set(first + to),
    ...get(first + mixed), ...get(first + to), ...xor, ...set(first + mixed), ...rotated(first + mixed, shift),
  ];
  return [...step(a, b, d, 16), ...step(c, d, b, 12), ...step(a, b, d, 8), ...step(c, d, b, 7)];
}

function assemble(pages: number): Uint8Array<ArrayBuffer> {
  const words = Array.from({ length: 16 }, (_, i) => i);
  const columns = [0, 1, 2, 3].flatMap((i) => quarterRound(i, 4 + i, 8 + i, 12 + i));
  const diagonals = [0, 1, 2, 3].flatMap((i) => quarterRound(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4));
  const body = [
    // The start of block i counts i more.
    ...words.flatMap((i) => [...integer(0), ...vector(9, 2, ...unsigned(4 * i)), ...set(start + i)]),
    ...get(counter), ...vector(12, ...[0, 1, 2, 3].flatMap((i) => [i, 0, 0, 0])), ...add, ...set(counter),
    0x03, 0x40,
    ...words.flatMap((i) => [...get(start + i), ...set(first + i)]),
    ...integer(10), ...set(rounds),
    0x03, 0x40, ...columns, ...diagonals, ...get(rounds), ...integer(1), 0x6b, 0x22, ...unsigned(rounds), 0x0d, 0, 0x0b,
    ...words.flatMap((i) => [...get(first + i), ...get(start + i), ...add, ...set(first + i)]),
    // Lane i of vector w is word w of block i.
    ...words.flatMap((w) => [0, 1, 2, 3].flatMap((i) => [...get(address), ...get(first + w), ...vector(90, 2, ...unsigned(blockBytes * i + 4 * w), i)])),
    ...get(counter), ...integer(4), ...vector(17), ...add, ...set(counter),
    ...get(address), ...integer(groupBytes), 0x6a, ...set(address),
    ...get(groups), ...integer(1), 0x6b, 0x22, ...unsigned(groups), 0x0d, 0,
    0x0b, 0x0b,
  ];
  const code = [2, 1, i32, 32, v128, ...body];
  const name = (text: string) => [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))];
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, 1, 0x60, 2, i32, i32, 0),
    ...section(3, 1, 0),
    ...section(5, 1, 0, ...unsigned(pages)),
    ...section(7, 2, ...name('memory'), 2, 0, ...name('fill'), 0, 0),
    ...section(10, 1, ...unsigned(code.length), ...code),
  ]);
}
