import { create } from '@bufbuild/protobuf';
import { InvariantError } from '@seedfleet/errors';
import { StringStringEntryProtoSchema, TensorProto_DataLocation, TensorProto_DataType, TensorProtoSchema, type TensorProto } from '../generated/onnx_pb.js';

/** Element types that the builder can declare; the names are those of ONNX Runtime. */
export const elementTypes = {
  float32: TensorProto_DataType.FLOAT, uint8: TensorProto_DataType.UINT8, int8: TensorProto_DataType.INT8,
  int32: TensorProto_DataType.INT32, int64: TensorProto_DataType.INT64, bool: TensorProto_DataType.BOOL,
  float16: TensorProto_DataType.FLOAT16, bfloat16: TensorProto_DataType.BFLOAT16, float64: TensorProto_DataType.DOUBLE,
} as const satisfies Record<string, TensorProto_DataType>;
export type ElementType = keyof typeof elementTypes;

/** A float32 tensor. The values are taken over, not copied. @param shape product equals the number of values; [] is a scalar */
export function float32Tensor({ name, values, shape }: { name: string; values: Float32Array; shape: readonly number[] }): TensorProto {
  requireCount(name, values.length, shape);
  return create(TensorProtoSchema, { name, dataType: elementTypes.float32, dims: shape.map(BigInt), rawData: littleEndian(values) });
}

/** An int64 tensor. @param shape defaults to [values.length]; [] is a scalar */
export function int64Tensor({ name, values, shape = [values.length] }: { name: string; values: readonly number[]; shape?: readonly number[] }): TensorProto {
  requireCount(name, values.length, shape);
  return create(TensorProtoSchema, { name, dataType: elementTypes.int64, dims: shape.map(BigInt), rawData: littleEndian(BigInt64Array.from(values, BigInt)) });
}

/** A tensor of any type from its bytes, little-endian, as ONNX packs them. The bytes are taken over, not copied. */
export function rawTensor({ name, type, shape, rawData }: { name: string; type: ElementType; shape: readonly number[]; rawData: Uint8Array }): TensorProto {
  return create(TensorProtoSchema, { name, dataType: elementTypes[type], dims: shape.map(BigInt), rawData });
}

/**
 * A float32 tensor whose bytes are in another file, as models above 2 GB keep them.
 * @param location path relative to the folder of the model; offset and length in bytes
 */
export function externalTensor({ name, shape, location, offset, length }: { name: string; shape: readonly number[]; location: string; offset: number; length: number }): TensorProto {
  const entries = Object.entries({ location, offset: String(offset), length: String(length) });
  return create(TensorProtoSchema, {
    name, dataType: elementTypes.float32, dims: shape.map(BigInt), dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: entries.map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
}

export function shapeOf(tensor: TensorProto): number[] {
  return tensor.dims.map(Number);
}

export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === TensorProto_DataLocation.EXTERNAL;
}

/** The integers of an int32 or int64 tensor, or undefined: another type, or stored outside the file. */
export function integersOf(tensor: TensorProto): number[] | undefined {
  if (isExternal(tensor)) return undefined;
  const { rawData } = tensor;
  if (tensor.dataType === TensorProto_DataType.INT64) {
    if (rawData.length === 0) return tensor.int64Data.map(Number);
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    return Array.from({ length: rawData.length >> 3 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
  }
  if (tensor.dataType === TensorProto_DataType.INT32) {
    if (rawData.length === 0) return [...tensor.int32Data];
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    return Array.from({ length: rawData.length >> 2 }, (_, i) => view.getInt32(4 * i, true));
  }
  return undefined;
}

/** The values of a float32 tensor, or undefined: another type, or stored outside the file. A view of the file's bytes where they are aligned. */
export function floatsOf(tensor: TensorProto): Float32Array | undefined {
  if (isExternal(tensor) || tensor.dataType !== TensorProto_DataType.FLOAT) return undefined;
  const { rawData } = tensor;
  if (rawData.length === 0) return Float32Array.from(tensor.floatData);
  return rawData.byteOffset % 4 === 0 ? new Float32Array(rawData.buffer, rawData.byteOffset, rawData.length >> 2)
    // Not slice(): of a Buffer of Node that is a view, too.
    : new Float32Array(new Uint8Array(rawData).buffer);
}

/**
 * Some indices along one axis of a tensor, in the order given; any type of whole bytes. Undefined where the bytes are not at hand: stored outside the
 * file, in the older typed fields (but for float32), or several values to a byte.
 */
export function gatheredTensor(tensor: TensorProto, { name, axis, indices }: { name: string; axis: number; indices: readonly number[] }): TensorProto | undefined {
  const shape = shapeOf(tensor);
  const floats = floatsOf(tensor);
  const bytes = floats ? littleEndian(floats) : tensor.rawData;
  const elements = shape.reduce((product, size) => product * size, 1);
  const size = bytes.length / elements;
  if (isExternal(tensor) || !Number.isInteger(size) || size === 0) return undefined;
  const along = shape[axis] ?? 0;
  const inner = size * shape.slice(axis + 1).reduce((product, count) => product * count, 1);
  const outer = elements * size / (inner * along);
  const rawData = new Uint8Array(outer * indices.length * inner);
  for (let block = 0; block < outer; block++) {
    indices.forEach((index, i) => rawData.set(bytes.subarray((block * along + index) * inner, (block * along + index + 1) * inner), (block * indices.length + i) * inner));
  }
  return create(TensorProtoSchema, { name, dataType: tensor.dataType, dims: shape.map((count, i) => BigInt(i === axis ? indices.length : count)), rawData });
}

/** ONNX stores raw data little-endian; so do all platforms that we run on, and a check costs nothing. */
function littleEndian(values: Float32Array | BigInt64Array): Uint8Array {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) throw new InvariantError('This platform is big-endian; ONNX raw data is little-endian.');
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function requireCount(name: string, count: number, shape: readonly number[]): void {
  const expected = shape.reduce((product, dimension) => product * dimension, 1);
  if (count !== expected) throw new InvariantError(`Tensor ${name} has ${count} values, its shape [${shape.join(', ')}] holds ${expected}.`);
}
