/**
 * What the WebAssembly of this room is assembled with: bytes of instructions, as the specification numbers them, and a module of functions that
 * share one memory. docs/decisions/0006-chacha-in-webassembly.md.
 */
const pageBytes = 65_536;

/** What is used of it: its types come with those of a browser's page only. */
declare const WebAssembly: { Module: new (bytes: Uint8Array) => object; Instance: new (module: object) => { exports: unknown } };

const unsigned = (value: number): number[] => (value < 128 ? [value] : [value & 127 | 128, ...unsigned(value >>> 7)]);
const signed = (value: number): number[] => (value >= -64 && value < 64 ? [value & 127] : [value & 127 | 128, ...signed(value >> 7)]);
const section = (id: number, ...content: number[]) => [id, ...unsigned(content.length), ...content];
const name = (text: string) => [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))];
const i32 = 0x7f;
const v128 = 0x7b;

export const get = (local: number) => [0x20, ...unsigned(local)];
export const set = (local: number) => [0x21, ...unsigned(local)];
export const integer = (value: number) => [0x41, ...signed(value)];
export const vector = (operation: number, ...immediates: number[]) => [0xfd, ...unsigned(operation), ...immediates];
/** Offset of a load or store, at addresses that are multiples of 4. */
export const at = (offset: number) => [2, ...unsigned(offset)];
export const operations = { add: vector(174), and: vector(78), or: vector(80), xor: vector(81), shiftLeft: vector(171), shiftRight: vector(173), splat: vector(17) };
/** Adds a constant to an integer. */
export const advance = (local: number, by: number) => [...get(local), ...integer(by), 0x6a, ...set(local)];
/** Does it as often as the integer says, once at least; the integer is 0 then. */
export const times = (local: number, ...body: number[]) => [0x03, 0x40, ...body, ...get(local), ...integer(1), 0x6b, 0x22, ...unsigned(local), 0x0d, 0, 0x0b];

/** A function of integers without a result. Its locals are numbered: parameters, then vectors. */
export interface WasmFunction { parameters: number; integers?: number; vectors: number; body: number[] }

/** @returns undefined where the platform has no WebAssembly with vectors, or does not allow it (Content-Security-Policy) */
export function openWasm<Name extends string>(functions: Record<Name, WasmFunction>, { bytes }: { bytes: number }): { memory: ArrayBuffer; functions: Record<Name, (...args: number[]) => void> } | undefined {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(functions, Math.ceil(bytes / pageBytes))));
    const opened = exports as { memory: { buffer: ArrayBuffer } } & Record<Name, (...args: number[]) => void>;
    return { memory: opened.memory.buffer, functions: opened };
  } catch {
    return undefined;
  }
}

function assemble(functions: Readonly<Record<string, WasmFunction>>, pages: number): Uint8Array<ArrayBuffer> {
  const all = Object.entries<WasmFunction>(functions);
  const codes = all.map(([, { integers = 0, vectors, body }]) => [2, ...unsigned(integers), i32, ...unsigned(vectors), v128, ...body, 0x0b]);
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, all.length, ...all.flatMap(([, { parameters }]) => [0x60, parameters, ...new Array<number>(parameters).fill(i32), 0])),
    ...section(3, all.length, ...all.map((_, i) => i)),
    ...section(5, 1, 0, ...unsigned(pages)),
    ...section(7, 1 + all.length, ...name('memory'), 2, 0, ...all.flatMap(([exported], i) => [...name(exported), 0, i])),
    ...section(10, all.length, ...codes.flatMap((code) => [...unsigned(code.length), ...code])),
  ]);
}
