import { type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute, integersAttribute } from '../graph/attributes.js';
import { axesOf, axisOf, fromFront, knownIntegers } from './axes.js';
import { countsExamples, isFixed, isFree, type Dimension } from './dimension.js';
import { leads, unknown, type Fact } from './fact.js';
import { alongAxis, byExample, elementwise, integerProducts, reductions } from './operators.js';
import { isSkipSum } from './shape-rules.js';

/**
 * The axis of an output on which the examples stand, in order: see `Fact`. Never a guess: without a rule there is none.
 * @param shape of the output
 */
export function exampleAxis(node: NodeProto, inputs: readonly Fact[], { shape, output }: { shape: readonly Dimension[] | undefined; output: number }): number | undefined {
  if (!shape) return undefined;
  const axis = candidate(node, inputs, { rank: shape.length, output });
  return axis !== undefined && shape.every((d, i) => (i === axis ? countsExamples(d) : isFree(d))) ? axis : undefined;
}

function candidate(node: NodeProto, inputs: readonly Fact[], { rank, output }: { rank: number; output: number }): number | undefined {
  const [x = unknown, y = unknown] = inputs;
  if (elementwise.has(node.opType)) return output === 0 ? sharedAxis(inputs, rank) : undefined;
  if (alongAxis.has(node.opType)) return output === 0 && x.layout === 'rows' && axisOf(node, { rank, otherwise: -1 }) !== x.axis ? x.axis : undefined;
  if (integerProducts.has(node.opType)) return output === 0 ? productAxis(node, x, (node.opType === 'QLinearMatMul' ? inputs[3] : y) ?? unknown, rank) : undefined;
  switch (node.opType) {
    case 'MatMulNBits': return x.layout === 'rows' && x.axis < rank - 1 ? x.axis : undefined;
    case 'Trilu': return x.layout === 'rows' && x.axis < rank - 2 ? x.axis : undefined;
    case 'DynamicQuantizeLinear': return output === 0 && x.layout === 'rows' ? x.axis : undefined;
    case 'Transpose': return x.layout === 'rows' ? (integersAttribute(node, 'perm') ?? x.shape.map((_, i) => rank - 1 - i)).indexOf(x.axis) : undefined;
    case 'MatMul': case 'FusedMatMul': return productAxis(node, x, y, rank);
    case 'Gemm': return x.layout === 'rows' && x.axis === integerAttribute(node, 'transA', 0) && y.layout === 'free' && (inputs.length < 3 || alignsWith(inputs[2] ?? unknown, { rank: 2, axis: 0 })) ? 0 : undefined;
    // Scale and zero point are scalars, or run along one axis: that of the examples, where each has its own.
    case 'QuantizeLinear': case 'DequantizeLinear': return x.layout === 'rows' && inputs.slice(1).every((scale) => scale.layout === 'free' || (scale.layout === 'rows' && axisOf(node, { rank, otherwise: 1 }) === x.axis)) ? x.axis : undefined;
    case 'Unsqueeze': {
      const added = axesOf(node, { input: inputs[1], rank });
      return x.layout === 'rows' && added ? Array.from({ length: rank }, (_, i) => i).filter((i) => !added.includes(i))[x.axis] : undefined;
    }
    case 'Squeeze': {
      const removed = axesOf(node, { input: inputs[1], rank: x.shape?.length ?? 0 });
      return x.layout === 'rows' && misses(removed, x.axis) ? x.axis - (removed ?? []).filter((i) => i < x.axis).length : undefined;
    }
    default: return keepsLeading(node, inputs, output) ? 0 : undefined;
  }
}

/** Whether an output has the examples on axis 0 because its inputs have. */
function keepsLeading(node: NodeProto, inputs: readonly Fact[], output: number): boolean {
  const [x = unknown, y = unknown] = inputs;
  const rank = x.shape?.length ?? 0;
  const axis = (otherwise: number) => axisOf(node, { rank, otherwise });
  if (byExample.has(node.opType)) return (output === 0 || isSkipSum(node, output)) && leads(x) && inputs.every((input) => leads(input) || input.layout === 'free');
  if (reductions.has(node.opType)) return leads(x) && misses(axesOf(node, { input: inputs[1], rank }), 0);
  switch (node.opType) {
    // Row-major order keeps an example's block together, so it is enough that the new first axis counts examples.
    case 'Reshape': case 'Flatten': return leads(x);
    case 'Gather': return leads(x) ? axis(0) > 0 && y.layout === 'free' : x.layout === 'free' && leads(y) && axis(0) === 0;
    case 'GatherElements': return leads(x) && leads(y) && axis(0) > 0;
    case 'GatherND': return leads(x) && leads(y) && integerAttribute(node, 'batch_dims', 0) > 0;
    case 'Concat': return inputs.every(leads) && axis(0) > 0;
    case 'Split': case 'ArgMax': case 'ArgMin': return leads(x) && axis(0) > 0;
    case 'TopK': return leads(x) && axis(-1) > 0;
    case 'Slice': return leads(x) && sliceKeepsFirst(inputs, rank);
    case 'Expand': return leads(x) ? (y.content?.length ?? Infinity) <= rank : x.layout === 'free' && (rank < (y.content?.length ?? 0) || isFixed(x.shape?.[0], 1));
    case 'ConstantOfShape': return true;
    case 'CumSum': { const along = knownIntegers(y)?.[0]; return leads(x) && along !== undefined && fromFront(along, rank) !== 0; }
    case 'Tile': return leads(x) && isFixed(y.content?.[0], 1);
    case 'Pad': return leads(x) && inputs.length < 4;
    case 'EmbedLayerNormalization': return output === 0 && leads(x);
    default: return false;
  }
}

function misses(axes: readonly number[] | undefined, axis: number): boolean {
  return axes !== undefined && axes.length > 0 && !axes.includes(axis);
}

/** Axis on which broadcast operands meet: all rows on the same, everything else absent or 1 there. */
function sharedAxis(inputs: readonly Fact[], rank: number): number | undefined {
  const first = inputs.find((x) => x.layout === 'rows');
  const axis = first?.layout === 'rows' ? rank - first.shape.length + first.axis : -1;
  return axis >= 0 && inputs.every((x) => alignsWith(x, { rank, axis })) ? axis : undefined;
}

function alignsWith(x: Fact, { rank, axis }: { rank: number; axis: number }): boolean {
  if (x.layout === 'other' || x.shape === undefined) return false;
  const own = axis - (rank - x.shape.length);
  return x.layout === 'rows' ? x.axis === own : own < 0 || isFixed(x.shape[own], 1);
}

/** Rows on the left against one matrix for all, or stacks of matrices of which at least one has a stack for each example. */
function productAxis(node: NodeProto, a: Fact, b: Fact, rank: number): number | undefined {
  const has = (name: string) => integerAttribute(node, name, 0) !== 0;
  // A factor that is turned exchanges its last two axes; one with turned batch axes moves the first.
  if (has('transBatchA') || has('transBatchB')) return undefined;
  if (a.layout === 'rows' && b.layout === 'free' && b.shape?.length === 2) return a.axis < rank - (has('transA') ? 2 : 1) ? a.axis : undefined;
  const axis = sharedAxis([a, b], rank);
  return axis !== undefined && axis < rank - 2 ? axis : undefined;
}

function sliceKeepsFirst([, starts, , axesInput, steps]: readonly Fact[], rank: number): boolean {
  const begin = knownIntegers(starts);
  const axes = axesInput ? knownIntegers(axesInput)?.map((axis) => fromFront(axis, rank)) : begin?.map((_, i) => i);
  return axes !== undefined && !axes.includes(0) && (steps === undefined || steps.layout === 'free');
}
