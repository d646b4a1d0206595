import { type GraphProto, type TensorProto } from '../generated/onnx_pb.js';
import { integersAttribute, tensorAttribute } from './attributes.js';
import { int64Tensor } from './tensor.js';

/** Every value of a graph that is a tensor in the file: initializers and the outputs of Constant nodes, by value name. */
export function constantsOf(graph: GraphProto): Map<string, TensorProto> {
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const node of graph.node) {
    if (node.opType !== 'Constant' || node.domain !== '') continue;
    const name = node.output[0] ?? '';
    const integer = node.attribute.find((a) => a.name === 'value_int');
    const integers = integersAttribute(node, 'value_ints');
    const tensor = tensorAttribute(node, 'value')
      ?? (integer ? int64Tensor({ name, values: [Number(integer.i)], shape: [] }) : undefined)
      ?? (integers ? int64Tensor({ name, values: integers }) : undefined);
    if (tensor) constants.set(name, tensor);
  }
  return constants;
}
