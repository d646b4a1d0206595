import { FleetError } from '@seedfleet/errors';
import { makeNode } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto, type NodeProto, type TensorProto } from '../generated/onnx_pb.js';
import { embedded } from '../bytes/place-weights.js';
import { constantsOf } from '../graph/constants.js';
import { floatAttribute, integerAttribute } from '../graph/attributes.js';
import { contribDomain } from '../graph/model.js';
import { isOwn, names } from '../graph/names.js';
import { pendingTensor, type ReadExternal } from '../graph/pending-tensor.js';
import { float32Tensor, floatsOf, isExternal, rawTensor, shapeOf } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { producersOf } from '../sites/weights.js';
import { additionsTo, type Additions } from './additions.js';

/** Products of an unsigned and a signed byte that an int32 holds for certain: 2^31 / (255 * 127). */
const inputsMax = 66_311;
/** Below this a token is all zeros: its scale must not be 0. */
const magnitudeMin = 1e-30;

/**
 * W8A8: y = x W of each float32 linear in integers. W becomes int8 with one scale a column; x becomes uint8 with one scale a **token**,
 * found as the graph runs: s_i = max_k |x_ik| / 127, q_ik = round(x_ik / s_i) + 128, y_ij = s_i t_j sum_k (q_ik - 128) w_kj.
 * A token's values depend on that token alone, so rows do not disturb each other (ONNX Runtime's own dynamic quantisation takes one scale for
 * the whole batch). Linears that read one value share its integers. Adapters and head are ours and stay float32, as do linears whose
 * weight is not stored as float32. Integers of a weight outside of the file are pending.
 * @param options.fused products as `MatMulIntegerToFloat`, an operator of ONNX Runtime (`withContribDomain`): the same bits, and two passes over y less
 * @throws FleetError `model.not-quantisable` where no linear is left to rewrite
 */
export function quantiseLinears(graph: GraphProto, { opset, fused = false }: { opset: number; fused?: boolean }): GraphProto {
  const findWeight = weightFinder(graph);
  const added = additionsTo(graph);
  const tokens = new Map<string, Tokens>();
  const weights = new Map<string, QuantisedWeight>();
  for (const node of graph.node) {
    const weight = findWeight(node);
    if (!weight) {
      added.nodes.push(node);
      continue;
    }
    const x = node.input[0] ?? '';
    const quantised = weights.get(weight.key) ?? addWeight(added, weight);
    weights.set(weight.key, quantised);
    const integers = tokens.get(x) ?? addTokens(added, { x, inputs: quantised.inputs, opset });
    tokens.set(x, integers);
    addProduct(added, { node, tokens: integers, weight: quantised, fused });
  }
  if (weights.size === 0) {
    throw new FleetError('model.not-quantisable', { field: 'precision', problem: 'No linear of the model is a MatMul or Gemm with a stored float32 weight, so that none can become W8A8.' });
  }
  return validate(added.applyTo(graph), 'quantiseLinears');
}

interface FloatWeight { key: string; name: string; tensor: TensorProto; transposed: boolean }
/** Names of the integers [inputs, outputs] and of the scales [outputs]. */
interface QuantisedWeight { integers: string; scales: string; inputs: number; outputs: number }
/** Names of the integers [n, inputs] and of the scales [n, 1]. */
interface Tokens { integers: string; scales: string }

/** The float32 weight of a node that is such a linear, stored in the file or behind what only turns or renames it. */
function weightFinder(graph: GraphProto): (node: NodeProto) => FloatWeight | undefined {
  const constants = constantsOf(graph);
  const producers = producersOf(graph);
  return (node) => {
    if (node.domain !== '' || (node.opType !== 'MatMul' && node.opType !== 'Gemm') || integerAttribute(node, 'transA', 0) !== 0) return undefined;
    let name = node.input[1] ?? '';
    let turned = false;
    for (let producer = producers.get(name); producer?.opType === 'Transpose' || producer?.opType === 'Identity'; producer = producers.get(name)) {
      turned = turned !== (producer.opType === 'Transpose');
      name = producer.input[0] ?? '';
    }
    const tensor = constants.get(name);
    if (!tensor || isOwn(name) || constants.has(node.input[0] ?? '') || tensor.dataType !== TensorProto_DataType.FLOAT || tensor.dims.length !== 2) return undefined;
    const transposed = turned !== (integerAttribute(node, 'transB', 0) !== 0);
    const [rows = 0, columns = 0] = shapeOf(tensor);
    if ((transposed ? columns : rows) > inputsMax || (!isExternal(tensor) && floatsOf(tensor) === undefined)) return undefined;
    return { key: `${name}${transposed ? '/transposed' : ''}`, name, tensor, transposed };
  };
}

function addWeight(added: Additions, { key, tensor, transposed }: FloatWeight): QuantisedWeight {
  const [rows = 0, columns = 0] = shapeOf(tensor);
  const [inputs, outputs] = transposed ? [columns, rows] : [rows, columns];
  const part = (name: string) => names.inQuantised(key, name);
  if (isExternal(tensor)) return addPendingWeight(added, { tensor, shape: { inputs, outputs, transposed }, name: part });
  const { integers, scales } = quantiseColumns(floatsOf(tensor) ?? new Float32Array(0), { inputs, outputs, transposed });
  return {
    inputs, outputs,
    integers: added.initializer(rawTensor({ name: part('int8'), type: 'int8', shape: [inputs, outputs], rawData: new Uint8Array(integers.buffer) })),
    scales: added.initializer(float32Tensor({ name: part('scales'), values: scales, shape: [outputs] })),
  };
}

interface ColumnShape { inputs: number; outputs: number; transposed: boolean }

function addPendingWeight(added: Additions, { tensor, shape, name }: { tensor: TensorProto; shape: ColumnShape; name(part: string): string }): QuantisedWeight {
  const { inputs, outputs } = shape;
  let known: Float32Array | undefined;
  const quantised = (read: ReadExternal) => {
    const { integers, scales } = quantiseColumns(floatsOf(embedded(tensor, read)) ?? new Float32Array(0), shape);
    // They are few, and mostly asked for next: the weight is not read again for them.
    known = scales;
    return { integers, scales };
  };
  return {
    inputs, outputs,
    integers: added.initializer(pendingTensor({ name: name('int8'), dataType: TensorProto_DataType.INT8, shape: [inputs, outputs], make: (read) => new Uint8Array(quantised(read).integers.buffer) })),
    scales: added.initializer(pendingTensor({ name: name('scales'), dataType: TensorProto_DataType.FLOAT, shape: [outputs], make: (read) => new Uint8Array((known ?? quantised(read).scales).slice().buffer) })),
  };
}

/**
 * int8 with one scale a column: t_j = max_k |w_kj| / 127, round(w_kj / t_j).
 * @param values [inputs, outputs] row-major, or [outputs, inputs] where transposed
 */
export function quantiseColumns(values: Float32Array, { inputs, outputs, transposed }: ColumnShape): { integers: Int8Array; scales: Float32Array } {
  // Looked up once: in the context of a test runner each look-up of a global costs more than the arithmetic.
  const { abs, max, min, round } = Math;
  const scales = new Float32Array(outputs);
  const integers = new Int8Array(inputs * outputs);
  const [ofInput, ofOutput] = transposed ? [1, inputs] : [outputs, 1];
  for (let k = 0; k < inputs; k++) {
    for (let j = 0; j < outputs; j++) scales[j] = max(scales[j] as number, abs(values[k * ofInput + j * ofOutput] as number));
  }
  for (let j = 0; j < outputs; j++) scales[j] = (scales[j] as number) / 127;
  for (let k = 0; k < inputs; k++) {
    for (let j = 0; j < outputs; j++) {
      const scale = scales[j] as number;
      // A scale is rounded to float32, so that the greatest value may come out a little above 127.
      if (scale > 0) integers[k * outputs + j] = max(-127, min(127, round((values[k * ofInput + j * ofOutput] as number) / scale)));
    }
  }
  return { integers, scales };
}

function addTokens(added: Additions, { x, inputs, opset }: { x: string; inputs: number; opset: number }): Tokens {
  const part = (name: string) => names.inQuantised(x, name);
  const flat = added.node('Reshape', [x, added.integers(-1, inputs)], part('flat'));
  const magnitudes = added.node('Abs', [flat], part('magnitudes'));
  const largest = opset >= 18 ? added.node('ReduceMax', [magnitudes, added.integers(1)], part('largest'), { keepdims: 0 })
    : added.node('ReduceMax', [magnitudes], part('largest'), { axes: [1], keepdims: 0 });
  const least = added.initializer(float32Tensor({ name: names.inQuantised('constants', 'least'), values: Float32Array.of(magnitudeMin), shape: [] }));
  const steps = added.initializer(float32Tensor({ name: names.inQuantised('constants', 'steps'), values: Float32Array.of(127), shape: [] }));
  const scales = added.node('Div', [added.node('Max', [largest, least], part('safe')), steps], part('perToken'));
  const middle = added.node('Expand', [zeroPoint(added, [1]), added.node('Shape', [scales], part('count'))], part('middle'));
  return {
    integers: added.node('QuantizeLinear', [flat, scales, middle], part('uint8'), { axis: 0 }),
    scales: added.node('Unsqueeze', [scales, added.integers(1)], part('scales')),
  };
}

/** 128, the byte that stands for 0. */
function zeroPoint(added: Additions, shape: readonly number[]): string {
  return added.initializer(rawTensor({ name: names.inQuantised('constants', `middle${shape.length}`), type: 'uint8', shape, rawData: Uint8Array.of(128) }));
}

interface Product { node: NodeProto; tokens: Tokens; weight: QuantisedWeight; fused: boolean }

/** t_j sum_k (q_ik - 128) w_kj, [n, outputs] float32. */
function byColumn(added: Additions, { node, tokens, weight, fused }: Product): string {
  const part = (name: string) => names.inQuantised(node.output[0] ?? '', name);
  if (!fused) {
    const sums = added.node('MatMulInteger', [tokens.integers, weight.integers, zeroPoint(added, [])], part('sums'));
    return added.node('Mul', [added.node('Cast', [sums], part('float'), { to: TensorProto_DataType.FLOAT }), weight.scales], part('byColumn'));
  }
  // Its left scale is one for all tokens; theirs follow.
  const one = added.initializer(float32Tensor({ name: names.inQuantised('constants', 'one'), values: Float32Array.of(1), shape: [] }));
  added.nodes.push(makeNode({ operator: 'MatMulIntegerToFloat', inputs: [tokens.integers, weight.integers, one, weight.scales, zeroPoint(added, [])], outputs: [part('byColumn')], domain: contribDomain }));
  return part('byColumn');
}

function addProduct(added: Additions, parts: Product): void {
  const { node, tokens, weight } = parts;
  const [x = '', , bias = ''] = node.input;
  const y = node.output[0] ?? '';
  const part = (name: string) => names.inQuantised(y, name);
  const columns = byColumn(added, parts);
  if (node.opType === 'MatMul') {
    const product = added.node('Mul', [columns, tokens.scales], part('product'));
    const leading = added.node('Slice', [added.node('Shape', [x], part('xShape')), added.integers(0), added.integers(-1)], part('leading'));
    added.node('Reshape', [product, added.node('Concat', [leading, added.integers(weight.outputs)], part('shape'), { axis: 0 })], y);
    return;
  }
  const factor = (name: string) => ({ value: floatAttribute(node, name, 1), tensor: () => added.initializer(float32Tensor({ name: part(name), values: Float32Array.of(floatAttribute(node, name, 1)), shape: [] })) });
  const [alpha, beta] = [factor('alpha'), factor('beta')];
  const scaled = alpha.value === 1 ? columns : added.node('Mul', [columns, alpha.tensor()], part('scaled'));
  const product = added.node('Mul', [scaled, tokens.scales], bias === '' ? y : part('product'));
  if (bias !== '') added.node('Add', [product, beta.value === 1 ? bias : added.node('Mul', [bias, beta.tensor()], part('bias'))], y);
}
