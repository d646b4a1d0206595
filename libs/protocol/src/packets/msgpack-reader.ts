import { WireError, type WireValue } from './wire.js';

const depthMax = 16;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads msgpack values that somebody else wrote. Whatever the bytes are, it reads no byte twice, makes no array longer than the bytes
 * that are left, nests no deeper than 16, and throws nothing but `WireError`. Extension types and timestamps are refused: we send none.
 * (notepack.io, which the specs use as the other implementation, allocates whatever length a packet states: 5 bytes ask for 128 MB.)
 */
export class MsgpackReader {
  #offset = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    // Not the Buffer that a socket gives: its slice() is a view that keeps the socket's memory.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Length of the array that begins here. */
  arrayHeader(): number {
    const prefix = this.#u8();
    if ((prefix & 0xf0) === 0x90) return this.#countOf(prefix & 0x0f);
    if (prefix === 0xdc) return this.#countOf(this.#u16());
    if (prefix === 0xdd) return this.#countOf(this.#u32());
    throw new WireError('must be a list');
  }

  value(depth = 0): WireValue {
    if (depth > depthMax) throw new WireError('is nested too deep');
    const prefix = this.#u8();
    if (prefix < 0x80) return prefix;
    if (prefix < 0x90) return this.#map(prefix & 0x0f, depth);
    if (prefix < 0xa0) return this.#list(prefix & 0x0f, depth);
    if (prefix < 0xc0) return this.#text(prefix & 0x1f);
    if (prefix >= 0xe0) return prefix - 0x100;
    switch (prefix) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return this.#take(this.#u8()).slice();
      case 0xc5: return this.#take(this.#u16()).slice();
      case 0xc6: return this.#take(this.#u32()).slice();
      case 0xca: return this.#view.getFloat32(this.#advance(4));
      case 0xcb: return this.#view.getFloat64(this.#advance(8));
      case 0xcc: return this.#u8();
      case 0xcd: return this.#u16();
      case 0xce: return this.#u32();
      case 0xcf: return safe(this.#view.getBigUint64(this.#advance(8)));
      case 0xd0: return this.#view.getInt8(this.#advance(1));
      case 0xd1: return this.#view.getInt16(this.#advance(2));
      case 0xd2: return this.#view.getInt32(this.#advance(4));
      case 0xd3: return safe(this.#view.getBigInt64(this.#advance(8)));
      case 0xd9: return this.#text(this.#u8());
      case 0xda: return this.#text(this.#u16());
      case 0xdb: return this.#text(this.#u32());
      case 0xdc: return this.#list(this.#u16(), depth);
      case 0xdd: return this.#list(this.#u32(), depth);
      case 0xde: return this.#map(this.#u16(), depth);
      case 0xdf: return this.#map(this.#u32(), depth);
      default: throw new WireError('is not msgpack');
    }
  }

  #list(length: number, depth: number): WireValue[] {
    return Array.from({ length: this.#countOf(length) }, () => this.value(depth + 1));
  }

  #map(length: number, depth: number): WireValue {
    this.#countOf(length);
    const entries = new Map<string, WireValue>();
    for (let index = 0; index < length; index++) {
      const key = this.value(depth + 1);
      // `__proto__` as a key would reach the prototype of whoever copies the map.
      if (typeof key !== 'string' || key === '__proto__') throw new WireError('has a key that is not text');
      entries.set(key, this.value(depth + 1));
    }
    return Object.fromEntries(entries);
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new WireError('has text that is not UTF-8');
    }
  }

  /** Every item takes a byte at least, so a longer list cannot follow. */
  #countOf(length: number): number {
    if (length > this.left) throw new WireError('ends too early');
    return length;
  }

  #u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  #u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  #u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  #take(count: number): Uint8Array {
    const start = this.#advance(count);
    return this.#bytes.subarray(start, start + count);
  }

  #advance(count: number): number {
    if (count > this.left) throw new WireError('ends too early');
    const start = this.#offset;
    this.#offset += count;
    return start;
  }
}

function safe(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new WireError('has a number beyond 53 bits');
  return number;
}
