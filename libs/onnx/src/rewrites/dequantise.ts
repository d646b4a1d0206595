import { makeNode } from '../builder/graph-builder.js';
import { TensorProto_DataType, type NodeProto, type TensorProto } from '../generated/onnx_pb.js';
import { constantsOf } from '../graph/constants.js';
import { withGraph, type OnnxModel } from '../graph/model.js';
import { revise } from '../graph/revise.js';
import { float32Tensor, floatsOf, isExternal, shapeOf } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { dynamicLinearsOf } from '../sites/dynamic-linears.js';
import { producersOf, weightFinder } from '../sites/weights.js';
import { additionsTo } from './additions.js';
import { prune } from './prune.js';

/** Operators that only choose or order values: they may as well stand behind the one that makes floats of integers. */
const moving = new Set(['Gather', 'Transpose', 'Identity']);

/** Names of a stored tensor of 8-bit integers, of its scale and of its zero point ('' for 0). */
interface Stored { integers: string; scale: string; zeroPoint: string }

/**
 * A dynamically quantised model in float32: each weight becomes s (q - z), each `DynamicQuantizeLinear` and `MatMulInteger` one MatMul of floats, each
 * `DequantizeLinear` of rows of a stored table a float table. What is quantised in another way stays. The weights are what quantisation left of them.
 */
export function dequantise(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const producers = producersOf(graph);
  const tensors = constantsOf(graph);
  const { byLast } = dynamicLinearsOf(graph, { producers, findWeight: weightFinder(graph) });
  const added = additionsTo(graph);
  const made = new Map<string, string>();
  /** The float twin of a value that is a stored tensor or was only moved from one; undefined for any other. */
  const floatOf = (value: string, { scale, zeroPoint }: Omit<Stored, 'integers'>): string | undefined => {
    const name = `float/${value}/${scale}`;
    const known = made.get(name);
    if (known !== undefined) return known;
    const mover = producers.get(value);
    let twin: string | undefined;
    if (tensors.has(value)) {
      const tensor = dequantised({ name, tensors, stored: { integers: value, scale, zeroPoint } });
      twin = tensor && added.initializer(tensor);
    } else if (mover && moving.has(mover.opType) && mover.domain === '' && sizeOf(tensors.get(scale)) === 1) {
      const source = floatOf(mover.input[0] ?? '', { scale, zeroPoint });
      if (source !== undefined) added.nodes.push(revise(mover, { name: `${name}/${mover.opType}`, input: [source, ...mover.input.slice(1)], output: [name] }));
      twin = source && name;
    }
    if (twin !== undefined) made.set(name, twin);
    return twin;
  };
  for (const node of graph.node) {
    const linear = byLast.get(node);
    const [integers = '', scale = '', zeroPoint = ''] = node.input;
    const float = linear ? floatOf(linear.integers, linear) : node.opType === 'DequantizeLinear' && node.domain === '' ? floatOf(integers, { scale, zeroPoint }) : undefined;
    if (float === undefined) added.nodes.push(node);
    else if (linear) added.nodes.push(...productOf({ x: linear.x, weight: float, bias: linear.bias, y: node.output[0] ?? '', module: linear.product.name.replace(/_quant$/, '') }));
    else added.nodes.push(makeNode({ operator: 'Identity', inputs: [float], outputs: [...node.output] }));
  }
  return withGraph(model, prune(validate(added.applyTo(graph), 'dequantise'), { keep: graph.output.map(({ name }) => name) }));
}

/** The product carries the name of the module, by which its site is called. */
function productOf({ x, weight, bias, y, module }: { x: string; weight: string; bias: string; y: string; module: string }): NodeProto[] {
  const product = bias === '' ? y : `${y}/product`;
  const node = revise(makeNode({ operator: 'MatMul', inputs: [x, weight], outputs: [product] }), { name: module });
  return bias === '' ? [node] : [node, makeNode({ operator: 'Add', inputs: [product, bias], outputs: [y] })];
}

/** s (q - z), scale and zero point one for all or one for each column of a matrix; undefined for anything else. */
function dequantised({ name, tensors, stored }: { name: string; tensors: ReadonlyMap<string, TensorProto>; stored: Stored }): TensorProto | undefined {
  const [tensor, scales, zeros] = [tensors.get(stored.integers), tensors.get(stored.scale), tensors.get(stored.zeroPoint)];
  const integers = tensor && bytesOf(tensor);
  const scale = scales && floatsOf(scales);
  const zero = zeros ? bytesOf(zeros) : Int8Array.of(0);
  if (!tensor || !integers || !scale || !zero) return undefined;
  const columns = shapeOf(tensor).at(-1) ?? 1;
  if (![scale.length, zero.length].every((length) => length === 1 || length === columns)) return undefined;
  const values = new Float32Array(integers.length);
  for (let i = 0; i < values.length; i++) {
    const column = i % columns;
    values[i] = ((integers[i] ?? 0) - (zero[zero.length > 1 ? column : 0] ?? 0)) * (scale[scale.length > 1 ? column : 0] ?? 0);
  }
  return float32Tensor({ name, values, shape: shapeOf(tensor) });
}

/** 8-bit integers of a tensor in the file. */
function bytesOf(tensor: TensorProto): Uint8Array | Int8Array | undefined {
  const view = { [TensorProto_DataType.UINT8]: Uint8Array, [TensorProto_DataType.INT8]: Int8Array }[tensor.dataType];
  if (!view || isExternal(tensor)) return undefined;
  const { rawData } = tensor;
  return rawData.length > 0 ? new view(rawData) : view.from(tensor.int32Data);
}

function sizeOf(tensor: TensorProto | undefined): number | undefined {
  return tensor && shapeOf(tensor).reduce((product, size) => product * size, 1);
}
