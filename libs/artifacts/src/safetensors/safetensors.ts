import { FleetError } from '@seedfleet/errors';
import { concatBytes, utf8 } from '@seedfleet/ledger';

/** A float32 tensor of a safetensors file, C order. */
export interface NamedTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const headerBytesMax = 100_000_000;
const alignment = 8;

/**
 * The safetensors format: u64 LE length of the header, JSON header padded with spaces to 8 bytes, then the data without gaps. Tensors stand in
 * the order of their names, so that equal tensors make equal bytes. Source: github.com/huggingface/safetensors, "Format".
 * @param metadata texts about the file, kept under `__metadata__`
 */
export function writeSafetensors(tensors: readonly NamedTensor[], metadata: Record<string, string> = {}): Uint8Array {
  const ordered = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const header: Record<string, HeaderEntry | Record<string, string>> = {};
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  let offset = 0;
  for (const { name, shape, data } of ordered) {
    if (Object.hasOwn(header, name) || name === '__metadata__') throw malformed(name, `The name ${name} is taken.`);
    if (valuesOf(shape) !== data.length) throw malformed(name, `The tensor ${name} has ${data.length} values, its shape another number.`);
    header[name] = { dtype: 'F32', shape: [...shape], data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = utf8(JSON.stringify(header));
  const headerBytes = new Uint8Array(Math.ceil(json.length / alignment) * alignment).fill(0x20);
  headerBytes.set(json);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(headerBytes.length), true);
  return concatBytes([length, headerBytes, ...ordered.map(({ data }) => float32Bytes(data))]);
}

/**
 * The float32 tensors of a safetensors file, in the order of their data.
 * @throws FleetError `safetensors.malformed`
 */
export function readSafetensors(bytes: Uint8Array): { tensors: NamedTensor[]; metadata: Record<string, string> } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw malformed('length', 'The file is shorter than its length field.');
  const headerLength = view.getBigUint64(0, true);
  if (headerLength > BigInt(Math.min(headerBytesMax, bytes.length - 8))) throw malformed('length', 'The header is longer than the file or than 100 MB.');
  const dataStart = 8 + Number(headerLength);
  const { __metadata__: metadata, ...entries } = parseHeader(bytes.subarray(8, dataStart));
  // A tensor without values lies where the next one begins; JSON puts names that are numbers first.
  const placed = Object.entries(entries).map(([name, entry]) => ({ name, ...requireEntry(name, entry) })).sort((a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  let end = 0;
  const tensors = placed.map(({ name, shape, data_offsets: [from, to] }) => {
    if (from !== end || to - from !== 4 * valuesOf(shape) || dataStart + to > bytes.length) throw malformed(name, `The tensor ${name} does not lie where its shape and the tensor before it say.`);
    end = to;
    return { name, shape, data: Float32Array.from({ length: (to - from) / 4 }, (_, i) => view.getFloat32(dataStart + from + 4 * i, true)) };
  });
  if (dataStart + end !== bytes.length) throw malformed('data', 'The file has bytes that belong to no tensor.');
  return { tensors, metadata: requireTexts(metadata ?? {}) };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw new FleetError('safetensors.malformed', { field: 'header', problem: 'The header is not JSON in UTF-8.', cause });
  }
  throw malformed('header', 'The header is not a JSON object.');
}

function requireEntry(name: string, value: unknown): HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = (typeof value === 'object' && value !== null ? value : {}) as Partial<HeaderEntry>;
  if (dtype !== 'F32') throw malformed(name, `The tensor ${name} is not float32.`);
  const whole = (list: unknown): list is number[] => Array.isArray(list) && list.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
  if (!whole(shape) || !whole(offsets) || offsets.length !== 2) throw malformed(name, `The tensor ${name} has no shape or no offsets.`);
  return { dtype, shape, data_offsets: offsets };
}

function requireTexts(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || !Object.values(value).every((text) => typeof text === 'string')) {
    throw malformed('__metadata__', 'The metadata is not a map of texts.');
  }
  return { ...value } as Record<string, string>;
}

function valuesOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function float32Bytes(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * data.length);
  const view = new DataView(bytes.buffer);
  data.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return bytes;
}

function malformed(field: string, problem: string): FleetError {
  return new FleetError('safetensors.malformed', { field, problem });
}
