import { type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute, integersAttribute } from '../graph/attributes.js';
import { axesOf, axisOf, knownIntegers } from './axes.js';
import { add, anySize, broadcast, divide, fixed, isFixed, isFree, multiply, one, type Dimension } from './dimension.js';
import { leads, unknown, type Fact } from './fact.js';
import { alongAxis, byExample, elementwise, integerProducts, reductions } from './operators.js';

type Shape = readonly Dimension[] | undefined;

/**
 * Shapes of the outputs of a node, as far as they follow from those of its inputs; undefined where not.
 * Only what locates the batch matters here: a size that does not depend on the batch may stay unknown.
 */
export function shapesOf(node: NodeProto, inputs: readonly Fact[]): readonly Shape[] {
  const { opType } = node;
  const [x = unknown, y = unknown] = inputs;
  const same = x.shape;
  if (elementwise.has(opType)) return node.output.map(() => broadcastShapes(inputs.map(({ shape }) => shape)));
  if (alongAxis.has(opType) || opType === 'CumSum' || opType === 'Trilu') return [same];
  if (opType === 'RotaryEmbedding' || opType.startsWith('Skip')) return node.output.map((_, i) => (i === 0 || isSkipSum(node, i) ? same : undefined));
  if (byExample.has(opType)) return node.output.map((_, i) => (i === 0 || isSkipSum(node, i) ? same?.map((d, axis) => (axis === 0 ? d : anySize)) : undefined));
  if (integerProducts.has(opType)) return [matMulShape(node, same, (opType === 'QLinearMatMul' ? inputs[3] : y)?.shape)];
  if (reductions.has(opType)) return [reduced(node, same, axesOf(node, { input: y, rank: same?.length ?? 0 }))];
  switch (opType) {
    case 'MatMul': case 'FusedMatMul': return [matMulShape(node, same, y.shape)];
    case 'Gemm': return [same && y.shape && [same[flag(node, 'transA') ? 1 : 0] ?? null, y.shape[flag(node, 'transB') ? 0 : 1] ?? null]];
    case 'MatMulNBits': return [same && [...same.slice(0, -1), fixed(integerAttribute(node, 'N', 0))]];
    case 'Transpose': { const order = integersAttribute(node, 'perm'); return [order ? order.map((axis) => same?.[axis] ?? null) : same?.toReversed()]; }
    case 'Reshape': return [reshaped(x, y, flag(node, 'allowzero'))];
    case 'Flatten': return [same && flattened(same, axisOf(node, { rank: same.length, otherwise: 1 }))];
    case 'Unsqueeze': return [unsqueezed(node, same, y)];
    case 'Squeeze': { const axes = axesOf(node, { input: y, rank: same?.length ?? 0 }); return [axes && same?.filter((_, i) => !axes.includes(i))]; }
    case 'Gather': { const axis = axisOf(node, { rank: same?.length ?? 0, otherwise: 0 }); return [same && y.shape && [...same.slice(0, axis), ...y.shape, ...same.slice(axis + 1)]]; }
    case 'GatherElements': return [y.shape];
    case 'GatherND': { const [batches, chosen] = [integerAttribute(node, 'batch_dims', 0), y.shape?.at(-1)]; return [same && y.shape && chosen?.batch === 0 && chosen.size !== null ? [...y.shape.slice(0, -1), ...same.slice(batches + chosen.size)] : undefined]; }
    case 'Concat': return [joined(node, inputs)];
    case 'Split': case 'TopK': return node.output.map(() => same && resized(same, axisOf(node, { rank: same.length, otherwise: opType === 'Split' ? 0 : -1 })));
    case 'Slice': { const axes = knownIntegers(inputs[3]) ?? knownIntegers(y)?.map((_, i) => i); return [same && axes && axes.reduce<readonly Dimension[]>((shape, axis) => resized(shape, axis < 0 ? axis + shape.length : axis), same)]; }
    case 'Expand': return [y.content && broadcastShapes([same, y.content])];
    case 'ConstantOfShape': return [x.content];
    case 'Range': return [[range(inputs)]];
    case 'ArgMax': case 'ArgMin': return [reduced(node, same, same && [axisOf(node, { rank: same.length, otherwise: 0 })])];
    case 'Tile': return [same?.map((d, i) => multiply(d, y.content?.[i] ?? null))];
    case 'Pad': return [padded(node, same, y)];
    case 'QuantizeLinear': case 'DequantizeLinear': return [same];
    case 'DynamicQuantizeLinear': return [same, [], []];
    case 'EmbedLayerNormalization': return [same && [...same, anySize]];
    default: return [];
  }
}

/** The sum of input, skip and bias, before it is normalised. */
export function isSkipSum({ opType }: NodeProto, output: number): boolean {
  return output === 3 && (opType === 'SkipLayerNormalization' || opType === 'SkipSimplifiedLayerNormalization');
}

function flag(node: NodeProto, name: string): boolean {
  return integerAttribute(node, name, 0) !== 0;
}

function broadcastShapes(shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape?.length ?? Infinity));
  if (!Number.isFinite(rank)) return undefined;
  return Array.from({ length: rank }, (_, axis) => shapes.map((shape) => shape?.[axis - (rank - shape.length)]).reduce(broadcast) ?? null);
}

/** A size that is no longer known on one axis. What depended on the batch there may no longer do so in a known way. */
function resized(shape: readonly Dimension[], axis: number): Dimension[] {
  return shape.map((d, i) => (i !== axis ? d : isFree(d) ? anySize : null));
}

function matMulShape(node: NodeProto, a: Shape, b: Shape): Shape {
  if (!a || !b || a.length < 2 || b.length < 2) return undefined;
  const row = a.at(flag(node, 'transA') ? -1 : -2) ?? null;
  const column = b.at(flag(node, 'transB') ? -2 : -1) ?? null;
  return [...(broadcastShapes([a.slice(0, -2), b.slice(0, -2)]) ?? []), row, column];
}

function reshaped(x: Fact, shape: Fact, zeroIsZero: boolean): Shape {
  const copied = shape.content?.map((d, i) => (isFixed(d, 0) && !zeroIsZero ? x.shape?.[i] ?? null : d));
  const open = copied?.findIndex((d) => isFixed(d, -1)) ?? -1;
  return copied?.map((d, i) => (i === open ? openSize(x, copied.filter((_, axis) => axis !== open)) : d));
}

/** Size of the axis that is written -1: what the other axes leave. */
function openSize(x: Fact, rest: readonly Dimension[]): Dimension {
  const exact = divide(x.shape?.reduce(multiply, one) ?? null, rest.reduce(multiply, one));
  if (exact) return exact;
  if (rest.every(isFree)) return leads(x) ? { batch: 1, size: null } : x.layout === 'free' ? anySize : null;
  return leads(x) && rest.every((d) => d !== null) ? anySize : null;
}

function flattened(shape: readonly Dimension[], axis: number): Dimension[] {
  return [shape.slice(0, axis).reduce(multiply, one), shape.slice(axis).reduce(multiply, one)];
}

function unsqueezed(node: NodeProto, shape: Shape, axesInput: Fact): Shape {
  const count = (integersAttribute(node, 'axes') ?? knownIntegers(axesInput))?.length;
  if (!shape || count === undefined) return undefined;
  const added = axesOf(node, { input: axesInput, rank: shape.length + count }) ?? [];
  const old = [...shape];
  return Array.from({ length: shape.length + count }, (_, i) => (added.includes(i) ? one : old.shift() ?? null));
}

function reduced(node: NodeProto, shape: Shape, axes: readonly number[] | undefined): Shape {
  const kept = integerAttribute(node, 'keepdims', 1) === 1;
  return axes && shape?.flatMap((d, i) => (axes.includes(i) ? (kept ? [one] : []) : [d]));
}

function joined(node: NodeProto, inputs: readonly Fact[]): Shape {
  const shapes = inputs.map(({ shape }) => shape);
  const [first] = shapes;
  if (!first || shapes.some((shape) => shape?.length !== first.length)) return undefined;
  const axis = axisOf(node, { rank: first.length, otherwise: 0 });
  return first.map((d, i) => (i === axis ? shapes.map((shape) => shape?.[i] ?? null).reduce((a, b) => add(a, b, 1)) : d));
}

function range([start, end, step]: readonly Fact[]): Dimension {
  const [from = null] = start?.content ?? [];
  const [to = null] = end?.content ?? [];
  if (isFixed(from, 0) && isFixed(step?.content?.[0], 1)) return to;
  return isFree(from) && isFree(to) ? anySize : null;
}

function padded(node: NodeProto, shape: Shape, pads: Fact): Shape {
  const amounts = knownIntegers(pads) ?? integersAttribute(node, 'pads');
  const rank = shape?.length ?? 0;
  return amounts && shape?.map((d, i) => (amounts[i] === 0 && amounts[i + rank] === 0 ? d : isFree(d) ? anySize : null));
}
