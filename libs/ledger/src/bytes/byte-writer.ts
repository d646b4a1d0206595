import { concatBytes } from './byte-sequence.js';

/** Appends little-endian values to a growing sequence of bytes. */
export class ByteWriter {
  readonly #parts: Uint8Array[] = [];

  u8(value: number): this { return this.bytes(Uint8Array.of(value)); }
  u16(value: number): this { return this.#number(2, (view) => view.setUint16(0, value, true)); }
  u32(value: number): this { return this.#number(4, (view) => view.setUint32(0, value, true)); }
  f64(value: number): this { return this.#number(8, (view) => view.setFloat64(0, value, true)); }

  bytes(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  finish(): Uint8Array { return concatBytes(this.#parts); }

  #number(length: number, write: (view: DataView) => void): this {
    const bytes = new Uint8Array(length);
    write(new DataView(bytes.buffer));
    return this.bytes(bytes);
  }
}
