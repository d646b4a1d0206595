import { type TensorProto } from '../generated/onnx_pb.js';
import { externalTensor } from './tensor.js';
import { revise } from './revise.js';

/** Bytes `offset` to `offset + length - 1` of the file of external weights at `location`, which is relative to the model file. */
export type ReadExternal = (location: string, range: { offset: number; length: number }) => Uint8Array;

/** Raw bytes of a tensor, made when they are written. */
type Make = (read: ReadExternal) => Uint8Array;
const makers = new WeakMap<TensorProto, Make>();

/**
 * A tensor that a rewrite makes of external weights: its bytes are read and computed when the tensor is written, one tensor at a time, so that a model
 * of many gigabytes never is in memory. A model with such tensors has to be placed (`separateWeights`) or embedded (`embedWeights`) before it is written.
 */
export function pendingTensor({ name, dataType, shape, make }: { name: string; dataType: number; shape: readonly number[]; make: Make }): TensorProto {
  const tensor = revise(externalTensor({ name, shape, location: '', offset: 0, length: 0 }), { dataType, externalData: [] });
  makers.set(tensor, make);
  return tensor;
}

export function isPending(tensor: TensorProto): boolean {
  return makers.has(tensor);
}

/** The bytes of a pending tensor, undefined for any other. */
export function madeBytes(tensor: TensorProto, read: ReadExternal): Uint8Array | undefined {
  return makers.get(tensor)?.(read);
}
