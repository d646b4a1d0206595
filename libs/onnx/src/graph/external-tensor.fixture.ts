import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, TensorProto_DataLocation, TensorProtoSchema, type TensorProto } from '../generated/onnx_pb.js';
import { elementTypes } from './tensor.js';

/** A float32 tensor whose bytes are in another file. */
export function externalTensor({ name, shape, location, offset, length }: { name: string; shape: readonly number[]; location: string; offset: number; length: number }): TensorProto {
  const entries = Object.entries({ location, offset: String(offset), length: String(length) });
  return create(TensorProtoSchema, {
    name, dataType: elementTypes.float32, dims: shape.map(BigInt), dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: entries.map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
}
