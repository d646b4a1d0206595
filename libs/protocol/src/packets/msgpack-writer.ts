import { type WireValue } from './wire.js';

const utf8 = new TextEncoder();

/** Writes msgpack values one behind the other, each in its shortest form. Source: the msgpack specification, "Formats". */
export class MsgpackWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** What has been written, as an array of its own. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  arrayHeader(length: number): void {
    if (length < 16) this.#u8(0x90 | length);
    else this.#sized(length, { u16: 0xdc, u32: 0xdd });
  }

  value(value: WireValue): void {
    if (value === null) this.#u8(0xc0);
    else if (typeof value === 'boolean') this.#u8(value ? 0xc3 : 0xc2);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#text(value);
    else if (value instanceof Uint8Array) this.#binary(value);
    else if (Array.isArray(value)) {
      this.arrayHeader(value.length);
      for (const item of value) this.value(item);
    } else this.#map(value);
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.#u8(0xcb);
      const at = this.#advance(8);
      this.#view.setFloat64(at, value);
    } else if (value >= 0) {
      if (value < 0x80) this.#u8(value);
      else if (value > 0xffff_ffff) {
        this.#u8(0xcf);
        const at = this.#advance(8);
        this.#view.setBigUint64(at, BigInt(value));
      } else this.#sized(value, { u8: 0xcc, u16: 0xcd, u32: 0xce });
    } else if (value >= -32) this.#u8(value & 0xff);
    else if (value >= -0x80) {
      this.#u8(0xd0);
      const at = this.#advance(1);
      this.#view.setInt8(at, value);
    } else if (value >= -0x8000) {
      this.#u8(0xd1);
      const at = this.#advance(2);
      this.#view.setInt16(at, value);
    } else if (value >= -0x8000_0000) {
      this.#u8(0xd2);
      const at = this.#advance(4);
      this.#view.setInt32(at, value);
    } else {
      this.#u8(0xd3);
      const at = this.#advance(8);
      this.#view.setBigInt64(at, BigInt(value));
    }
  }

  #text(value: string): void {
    const bytes = utf8.encode(value);
    if (bytes.length < 32) this.#u8(0xa0 | bytes.length);
    else this.#sized(bytes.length, { u8: 0xd9, u16: 0xda, u32: 0xdb });
    this.#bytesBehind(bytes);
  }

  #binary(value: Uint8Array): void {
    this.#sized(value.length, { u8: 0xc4, u16: 0xc5, u32: 0xc6 });
    this.#bytesBehind(value);
  }

  #map(value: { [key: string]: WireValue }): void {
    const entries = Object.entries(value);
    if (entries.length < 16) this.#u8(0x80 | entries.length);
    else this.#sized(entries.length, { u16: 0xde, u32: 0xdf });
    for (const [key, item] of entries) {
      this.#text(key);
      this.value(item);
    }
  }

  /** A length or an unsigned number in the shortest form that the kind has. */
  #sized(value: number, prefix: { u8?: number; u16: number; u32: number }): void {
    if (prefix.u8 !== undefined && value < 0x100) {
      this.#u8(prefix.u8);
      this.#u8(value);
    } else if (value < 0x1_0000) {
      this.#u8(prefix.u16);
      const at = this.#advance(2);
      this.#view.setUint16(at, value);
    } else {
      this.#u8(prefix.u32);
      const at = this.#advance(4);
      this.#view.setUint32(at, value);
    }
  }

  #bytesBehind(bytes: Uint8Array): void {
    const at = this.#advance(bytes.length);
    this.#bytes.set(bytes, at);
  }

  #u8(value: number): void {
    const at = this.#advance(1);
    this.#view.setUint8(at, value);
  }

  /** Makes room for `count` bytes and returns where they go. Growing replaces array and view: who writes reads them afterwards, in a statement of its own. */
  #advance(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return start;
  }
}
