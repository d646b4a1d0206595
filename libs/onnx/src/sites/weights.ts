import { type GraphProto, type NodeProto, TensorProto_DataType } from '../generated/onnx_pb.js';
import { integersAttribute } from '../graph/attributes.js';
import { constantsOf } from '../graph/constants.js';
import { shapeOf } from '../graph/tensor.js';

/** A weight as a linear sees it, wherever its bytes are: in the file, beside it, or behind a node that only unpacks it. */
export interface Weight {
  /** Name of the tensor that holds the bytes. */
  name: string;
  shape: number[];
  /** Of the stored tensor: `float`, `float16`, `int8`, ... as ONNX spells it, in lower case. */
  precision: string;
}

/** Nodes that keep the shape of a stored weight and only change how it is written down. */
const unpacking = new Set(['Identity', 'Cast', 'DequantizeLinear']);

/** Finds the stored weight behind a value, or undefined where the value is computed from the model's inputs. */
export function weightFinder(graph: GraphProto): (value: string) => Weight | undefined {
  const constants = constantsOf(graph);
  const producers = producersOf(graph);
  const find = (value: string): Weight | undefined => {
    const tensor = constants.get(value);
    if (tensor) return { name: value, shape: shapeOf(tensor), precision: (TensorProto_DataType[tensor.dataType] ?? `type ${tensor.dataType}`).toLowerCase() };
    const node = producers.get(value);
    if (!node) return undefined;
    const source = find(node.input[0] ?? '');
    if (!source) return undefined;
    if (unpacking.has(node.opType)) return source;
    if (node.opType !== 'Transpose') return undefined;
    const order = integersAttribute(node, 'perm') ?? source.shape.map((_, i) => source.shape.length - 1 - i);
    return { ...source, shape: order.map((axis) => source.shape[axis] ?? 0) };
  };
  return find;
}

/** The node that makes each value. */
export function producersOf(graph: GraphProto): Map<string, NodeProto> {
  return new Map(graph.node.flatMap((node) => node.output.filter((name) => name !== '').map((name) => [name, node])));
}
