import { makeNode } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { type AttributeValue } from '../graph/attributes.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { float32Tensor, rawTensor } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { dynamicLinearsOf, type DynamicLinear } from '../sites/dynamic-linears.js';
import { producersOf, weightFinder } from '../sites/weights.js';
import { additionsTo, type Additions } from './additions.js';

/** Below this a token is all zeros: its scale must not be 0. */
const magnitudeMin = 1e-30;

/**
 * Dynamic quantisation with one scale a **token** in place of one for the whole batch: s_i = max_k |x_ik| / 127, q_ik = round(x_ik / s_i) + 128. The weights,
 * their scales and zero points stay those of the model. Then a row depends on nothing that stands beside it, and the linear may follow an adapter.
 * Linears that read one value share its integers. The zero point is 128 for all, as ONNX Runtime takes no other than one for the left factor.
 */
export function scaleByToken(graph: GraphProto, { opset }: { opset: number }): GraphProto {
  const { byLast } = dynamicLinearsOf(graph, { producers: producersOf(graph), findWeight: weightFinder(graph) });
  if (byLast.size === 0) return graph;
  const added = additionsTo(graph);
  const tokens = new Map<string, Tokens>();
  for (const node of graph.node) {
    const linear = byLast.get(node);
    if (!linear) {
      added.nodes.push(node);
      continue;
    }
    const integers = tokens.get(linear.x) ?? addTokens(added, { x: linear.x, opset });
    tokens.set(linear.x, integers);
    addProduct(added, { linear, tokens: integers });
  }
  return validate(added.applyTo(graph), 'scaleByToken');
}

interface Tokens { integers: string; scales: string }

/** Element by element and along the last axis only: where the examples stand stays as it is. */
function addTokens(added: Additions, { x, opset }: { x: string; opset: number }): Tokens {
  const part = (name: string) => names.byToken(x, name);
  const constant = (name: string, value: number) => added.initializer(float32Tensor({ name: names.byToken('constants', name), values: Float32Array.of(value), shape: [] }));
  const magnitudes = step(added, 'Abs', [x], part('magnitudes'));
  const largest = opset >= 18 ? step(added, 'ReduceMax', [magnitudes, added.integers(-1)], part('largest')) : step(added, 'ReduceMax', [magnitudes], part('largest'), { axes: [-1] });
  const scales = step(added, 'Div', [step(added, 'Max', [largest, constant('least', magnitudeMin)], part('safe')), constant('steps', 127)], part('scales'));
  const rounded = step(added, 'Round', [step(added, 'Div', [x, scales], part('steps'))], part('rounded'));
  return { scales, integers: step(added, 'Cast', [step(added, 'Add', [rounded, constant('middle', 128)], part('shifted'))], part('uint8'), { to: TensorProto_DataType.UINT8 }) };
}

function addProduct(added: Additions, { linear, tokens }: { linear: DynamicLinear; tokens: Tokens }): void {
  const { integers, scale, zeroPoint, bias } = linear;
  const y = linear.last.output[0] ?? '';
  const part = (name: string) => names.byToken(y, name);
  const middle = added.initializer(rawTensor({ name: names.byToken('constants', 'zeroPoint'), type: 'uint8', shape: [], rawData: Uint8Array.of(128) }));
  const sums = step(added, 'MatMulInteger', [tokens.integers, integers, middle, ...(zeroPoint === '' ? [] : [zeroPoint])], part('sums'));
  const byToken = step(added, 'Mul', [step(added, 'Cast', [sums], part('float'), { to: TensorProto_DataType.FLOAT }), tokens.scales], part('byToken'));
  const product = step(added, 'Mul', [byToken, scale], bias === '' ? y : part('product'));
  if (bias !== '') step(added, 'Add', [product, bias], y);
}

/** A node that is tiled as nodes of the model are, so its name is not one of ours even where its output's is. */
function step(added: Additions, operator: string, inputs: readonly string[], output: string, attributes: Record<string, AttributeValue> = {}): string {
  const node: NodeProto = makeNode({ operator, inputs, outputs: [output], attributes });
  added.nodes.push(revise(node, { name: `bytoken/${node.name}` }));
  return output;
}
