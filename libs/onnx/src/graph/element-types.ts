import { TensorProto_DataType, type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute, tensorAttribute } from './attributes.js';
import { constantsOf } from './constants.js';

const logical = new Set(['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Not', 'And', 'Or', 'Xor', 'IsNaN', 'IsInf']);
const counting = new Set(['Shape', 'Size', 'ArgMax', 'ArgMin', 'NonZero']);

/** ONNX element type of every value, from the types of inputs and weights; of later outputs of a node only where they have the type of the first. */
export function elementTypesOf(graph: GraphProto): Map<string, number> {
  const types = new Map([...constantsOf(graph)].map(([name, { dataType }]) => [name, dataType]));
  for (const { name, type } of graph.input) if (type?.value.case === 'tensorType') types.set(name, type.value.value.elemType);
  for (const node of graph.node) {
    const type = typeOf(node, (name = '') => types.get(name));
    if (type !== undefined && node.opType !== 'Constant') for (const name of node.output) types.set(name, type);
  }
  return types;
}

function typeOf(node: NodeProto, of: (name: string | undefined) => number | undefined): number | undefined {
  const { opType, input } = node;
  if (logical.has(opType)) return TensorProto_DataType.BOOL;
  if (counting.has(opType)) return TensorProto_DataType.INT64;
  switch (opType) {
    case 'Cast': return integerAttribute(node, 'to', TensorProto_DataType.FLOAT);
    case 'ConstantOfShape': return tensorAttribute(node, 'value')?.dataType ?? TensorProto_DataType.FLOAT;
    case 'QuantizeLinear': return input[2] ? of(input[2]) : TensorProto_DataType.UINT8;
    case 'DequantizeLinear': case 'Where': return of(input[1]);
    case 'MatMulInteger': case 'ConvInteger': return TensorProto_DataType.INT32;
    case 'MatMulIntegerToFloat': case 'DynamicQuantizeMatMul': return TensorProto_DataType.FLOAT;
    // Two types, or types that attributes decide: not followed.
    case 'DynamicQuantizeLinear': case 'TopK': case 'OneHot': case 'If': case 'Loop': case 'Scan': return undefined;
    default: return of(input[0]);
  }
}
