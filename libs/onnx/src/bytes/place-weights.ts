import { InvariantError } from '@seedfleet/errors';
import { TensorProto_DataLocation, TensorProto_DataType, type AttributeProto, type GraphProto, type TensorProto } from '../generated/onnx_pb.js';
import { withGraph, type OnnxModel } from '../graph/model.js';
import { isPending, madeBytes, type ReadExternal } from '../graph/pending-tensor.js';
import { revise } from '../graph/revise.js';
import { externalTensor, isExternal, shapeOf } from '../graph/tensor.js';

const bits: Partial<Record<TensorProto_DataType, number>> = {
  [TensorProto_DataType.FLOAT]: 32, [TensorProto_DataType.INT32]: 32, [TensorProto_DataType.UINT32]: 32,
  [TensorProto_DataType.DOUBLE]: 64, [TensorProto_DataType.INT64]: 64, [TensorProto_DataType.UINT64]: 64,
  [TensorProto_DataType.FLOAT16]: 16, [TensorProto_DataType.BFLOAT16]: 16, [TensorProto_DataType.INT16]: 16, [TensorProto_DataType.UINT16]: 16,
  [TensorProto_DataType.INT4]: 4, [TensorProto_DataType.UINT4]: 4,
};

/** Where an external tensor lies. Offset and length are optional in the format: from the start, as long as the shape says. */
function placeOf(tensor: TensorProto): { location: string; offset: number; length: number } {
  const entry = (key: string) => tensor.externalData.find((known) => known.key === key)?.value;
  return { location: entry('location') ?? '', offset: Number(entry('offset') ?? 0), length: Number(entry('length') ?? packedBytes(tensor)) };
}

/** Bytes of a tensor's values as raw data. */
function packedBytes(tensor: TensorProto): number {
  return Math.ceil((shapeOf(tensor).reduce((product, size) => product * size, 1) * (bits[tensor.dataType as TensorProto_DataType] ?? 8)) / 8);
}

/** The tensor with its bytes in it, wherever they were. */
export function embedded(tensor: TensorProto, read: ReadExternal): TensorProto {
  if (!isExternal(tensor)) return tensor;
  const { location, offset, length } = isPending(tensor) ? { location: '', offset: 0, length: packedBytes(tensor) } : placeOf(tensor);
  const rawData = madeBytes(tensor, read) ?? read(location, { offset, length });
  if (rawData.length !== length) throw new InvariantError(`${rawData.length} bytes were read of the ${length} of tensor ${tensor.name}.`);
  return revise(tensor, { rawData, dataLocation: TensorProto_DataLocation.DEFAULT, externalData: [] });
}

/** The model as one file: every external tensor gets its bytes, every pending one is made. */
export function embedWeights(model: OnnxModel, read: ReadExternal): OnnxModel {
  return withGraph(model, withTensors(model.graph, (tensor) => embedded(tensor, read)));
}

/** Bytes of all tensors of a model, those outside of the file included: about what one file of it takes. */
export function weightBytes(model: OnnxModel): number {
  let sum = 0;
  withTensors(model.graph, (tensor) => {
    sum += packedBytes(tensor);
    return tensor;
  });
  return sum;
}

/** A tensor to be written at `offset` of the file of external weights; its bytes may still lie in the file of another model. */
export interface PlacedTensor { tensor: TensorProto; offset: number; length: number }

/** Runtimes map the file into memory, and want tensors to begin at a page. */
const pageBytes = 4096;

/**
 * The model with every initializer of a page and more in one file beside it, and what that file holds: the caller writes it tensor by tensor
 * (`tensorBytes`), so that no model has to fit into memory.
 * @param location name of that file
 * @param which all of them (default), or those alone that have no bytes yet: the others stay in the model, or in the files where they are
 */
export function separateWeights(model: OnnxModel, { location, which = 'all' }: { location: string; which?: 'all' | 'pending' }): { model: OnnxModel; placed: PlacedTensor[] } {
  const placed: PlacedTensor[] = [];
  let end = 0;
  const initializer = model.graph.initializer.map((tensor) => {
    const length = packedBytes(tensor);
    if (!isPending(tensor) && (which === 'pending' || length < pageBytes || (!isExternal(tensor) && tensor.rawData.length === 0))) return tensor;
    const offset = Math.ceil(end / pageBytes) * pageBytes;
    end = offset + length;
    placed.push({ tensor, offset, length });
    return revise(externalTensor({ name: tensor.name, shape: shapeOf(tensor), location, offset, length }), { dataType: tensor.dataType });
  });
  return { model: withGraph(model, revise(model.graph, { initializer })), placed };
}

/** Raw bytes of a placed tensor, as the format packs them. */
export function tensorBytes({ tensor }: PlacedTensor, read: ReadExternal): Uint8Array {
  return embedded(tensor, read).rawData;
}

/** The graph with every stored tensor replaced: initializers, tensors of nodes, those of the graphs inside of nodes. */
function withTensors(graph: GraphProto, replace: (tensor: TensorProto) => TensorProto): GraphProto {
  const inAttribute = (attribute: AttributeProto): AttributeProto => {
    const { t, g, tensors, graphs } = attribute;
    if (!t && !g && tensors.length === 0 && graphs.length === 0) return attribute;
    return revise(attribute, { ...(t ? { t: replace(t) } : {}), ...(g ? { g: withTensors(g, replace) } : {}), tensors: tensors.map(replace), graphs: graphs.map((inner) => withTensors(inner, replace)) });
  };
  return revise(graph, {
    initializer: graph.initializer.map(replace),
    node: graph.node.map((node) => (node.attribute.length === 0 ? node : revise(node, { attribute: node.attribute.map(inAttribute) }))),
  });
}
