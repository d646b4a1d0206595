import { type GraphProto, type NodeProto, TensorProto_DataType } from '../generated/onnx_pb.js';
import { integerAttribute, integersAttribute } from '../graph/attributes.js';
import { constantsOf } from '../graph/constants.js';
import { shapeOf } from '../graph/tensor.js';

/** A weight as a linear sees it, wherever its bytes are: in the file, beside it, or behind a node that only unpacks it. */
export interface Weight {
  /** Name of the tensor that holds the bytes. */
  name: string;
  shape: number[];
  /** Of the stored tensor: `float`, `float16`, `int8`, ... as ONNX spells it, in lower case. */
  precision: string;
  /** ONNX type of the value that the linear multiplies with: after unpacking. */
  valueType: number;
}

/** Finds the stored weight behind a value, or undefined where the value is computed from the model's inputs. */
export function weightFinder(graph: GraphProto): (value: string) => Weight | undefined {
  const constants = constantsOf(graph);
  const producers = producersOf(graph);
  const find = (value: string): Weight | undefined => {
    const tensor = constants.get(value);
    if (tensor) return { name: value, shape: shapeOf(tensor), precision: (TensorProto_DataType[tensor.dataType] ?? `type ${tensor.dataType}`).toLowerCase(), valueType: tensor.dataType };
    const node = producers.get(value);
    const source = node && find(node.input[0] ?? '');
    return source && unpacked(node, source, (name) => find(name)?.valueType);
  };
  return find;
}

/** A weight behind a node that only changes how it is written down; undefined where the node computes something. */
function unpacked(node: NodeProto, source: Weight, typeOf: (value: string) => number | undefined): Weight | undefined {
  switch (node.opType) {
    case 'Identity': return source;
    case 'Cast': return { ...source, valueType: integerAttribute(node, 'to', source.valueType) };
    // The result has the type of the scale.
    case 'DequantizeLinear': return { ...source, valueType: typeOf(node.input[1] ?? '') ?? TensorProto_DataType.FLOAT };
    case 'Transpose': {
      const order = integersAttribute(node, 'perm') ?? source.shape.map((_, i) => source.shape.length - 1 - i);
      return { ...source, shape: order.map((axis) => source.shape[axis] ?? 0) };
    }
    default: return undefined;
  }
}

/** The node that makes each value. */
export function producersOf(graph: GraphProto): Map<string, NodeProto> {
  return new Map(graph.node.flatMap((node) => node.output.filter((name) => name !== '').map((name) => [name, node])));
}
