import { WireError, type Wire, type WireValue } from './wire.js';

function requireBytes(value: WireValue): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new WireError('must be bytes');
  return value;
}

function requireBlocks(value: WireValue, width: number): DataView {
  const bytes = requireBytes(value);
  if (bytes.length % width !== 0) throw new WireError(`must be a multiple of ${width} bytes`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Uint8Array as it is. */
export const bytesWire: Wire = {
  encode: (value) => {
    if (!(value instanceof Uint8Array)) throw new WireError('must be bytes');
    return value;
  },
  decode: (value) => requireBytes(value),
};

/** Float32Array as 4 bytes a value, little endian; NaN and infinities keep their meaning. */
export const floatsWire: Wire = {
  encode: (value) => {
    if (!(value instanceof Float32Array)) throw new WireError('must be a Float32Array');
    const bytes = new Uint8Array(value.length * 4);
    const view = new DataView(bytes.buffer);
    value.forEach((number, index) => view.setFloat32(index * 4, number, true));
    return bytes;
  },
  decode: (value) => {
    const view = requireBlocks(value, 4);
    return Float32Array.from({ length: view.byteLength / 4 }, (_, index) => view.getFloat32(index * 4, true));
  },
};

/** BigUint64Array as 8 bytes a value, little endian. */
export const seedsWire: Wire = {
  encode: (value) => {
    if (!(value instanceof BigUint64Array)) throw new WireError('must be a BigUint64Array');
    const bytes = new Uint8Array(value.length * 8);
    const view = new DataView(bytes.buffer);
    value.forEach((seed, index) => view.setBigUint64(index * 8, seed, true));
    return bytes;
  },
  decode: (value) => {
    const view = requireBlocks(value, 8);
    const seeds = new BigUint64Array(view.byteLength / 8);
    for (let index = 0; index < seeds.length; index++) seeds[index] = view.getBigUint64(index * 8, true);
    return seeds;
  },
};

/** A string whose schema is checked by hand. */
export const textWire: Wire = {
  encode: (value) => {
    if (typeof value !== 'string') throw new WireError('must be text');
    return value;
  },
  decode: (value) => {
    if (typeof value !== 'string') throw new WireError('must be text');
    return value;
  },
};
