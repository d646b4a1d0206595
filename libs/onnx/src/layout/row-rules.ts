import { type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute, integersAttribute } from '../graph/attributes.js';
import { axesOf, axisOf, fromFront, knownIntegers } from './axes.js';
import { countsExamples, isFixed, isFree, type Dimension } from './dimension.js';
import { unknown, type Fact } from './fact.js';
import { alongAxis, byExample, elementwise, reductions } from './operators.js';

/**
 * Whether an output of a node has the examples on axis 0, in order: see `Fact`. Never a guess: an operator without a rule is a no.
 * @param shape of the output
 */
export function keepsRows(node: NodeProto, inputs: readonly Fact[], { shape, output }: { shape: readonly Dimension[] | undefined; output: number }): boolean {
  if (!shape || shape.length === 0 || !countsExamples(shape[0]) || !shape.slice(1).every(isFree)) return false;
  const [x = unknown, y = unknown] = inputs;
  const rank = x.shape?.length ?? 0;
  const axis = (otherwise: number) => axisOf(node, { rank, otherwise });
  if (elementwise.has(node.opType)) return output === 0 && aligned(inputs, shape.length);
  if (alongAxis.has(node.opType)) return output === 0 && isRows(x) && axis(-1) > 0;
  if (byExample.has(node.opType)) return output === 0 && isRows(x) && inputs.every(({ layout }) => layout === 'rows' || layout === 'free');
  if (reductions.has(node.opType)) return isRows(x) && misses(axesOf(node, { input: inputs[1], rank }), 0);
  switch (node.opType) {
    case 'MatMul': case 'FusedMatMul': return multipliesRows(node, x, y);
    case 'Gemm': return x.layout === (integerAttribute(node, 'transA', 0) === 0 ? 'rows' : 'columns') && y.layout === 'free' && (inputs.length < 3 || aligned([{ layout: 'rows', shape }, inputs[2] ?? unknown], 2));
    case 'Transpose': return isRows(x) ? integersAttribute(node, 'perm')?.[0] === 0 : x.layout === 'columns';
    // Row-major order keeps an example's block together, so it is enough that the new first axis counts examples.
    case 'Reshape': case 'Flatten': case 'Unsqueeze': return isRows(x);
    case 'Squeeze': return isRows(x) && misses(axesOf(node, { input: inputs[1], rank }), 0);
    case 'Gather': return isRows(x) ? axis(0) > 0 && y.layout === 'free' : x.layout === 'free' && isRows(y) && axis(0) === 0;
    case 'GatherElements': return isRows(x) && isRows(y) && axis(0) > 0;
    case 'Concat': return inputs.every(isRows) && axis(0) > 0;
    case 'Split': case 'ArgMax': case 'ArgMin': return isRows(x) && axis(0) > 0;
    case 'TopK': return isRows(x) && axis(-1) > 0;
    case 'Slice': return isRows(x) && sliceKeepsFirst(inputs, rank);
    case 'Expand': return isRows(x) ? (y.content?.length ?? Infinity) <= rank : x.layout === 'free' && (rank < shape.length || isFixed(x.shape?.[0], 1));
    case 'ConstantOfShape': return true;
    case 'CumSum': { const along = knownIntegers(y)?.[0]; return isRows(x) && along !== undefined && fromFront(along, rank) !== 0; }
    case 'Tile': return isRows(x) && isFixed(y.content?.[0], 1);
    case 'Pad': return isRows(x) && inputs.length < 4;
    case 'DynamicQuantizeLinear': case 'EmbedLayerNormalization': return output === 0 && isRows(x);
    default: return false;
  }
}

function isRows(fact: Fact): boolean {
  return fact.layout === 'rows';
}

function misses(axes: readonly number[] | undefined, axis: number): boolean {
  return axes !== undefined && axes.length > 0 && !axes.includes(axis);
}

/** Whether broadcast operands meet on axis 0: rows have all the axes, everything else is absent or 1 there. */
function aligned(inputs: readonly Fact[], rank: number): boolean {
  return inputs.some(isRows) && inputs.every((x) => isRows(x) ? x.shape?.length === rank
    : x.layout === 'free' && x.shape !== undefined && (x.shape.length < rank || isFixed(x.shape[0], 1)));
}

/** Rows on the left against one matrix for all, or stacks of matrices of which at least one has a stack for each example. */
function multipliesRows(node: NodeProto, a: Fact, b: Fact): boolean {
  const [left = 0, right = 0] = [a.shape?.length, b.shape?.length];
  if (['transBatchA', 'transBatchB'].some((name) => integerAttribute(node, name, 0) !== 0)) return false;
  if (left === 2 && right === 2) return isRows(a) && b.layout === 'free' && integerAttribute(node, 'transA', 0) === 0;
  return aligned([a, b], Math.max(left, right)) && !(isRows(a) && left === 2) && !(isRows(b) && right === 2);
}

function sliceKeepsFirst([, starts, , axesInput, steps]: readonly Fact[], rank: number): boolean {
  const begin = knownIntegers(starts);
  const axes = axesInput ? knownIntegers(axesInput)?.map((axis) => fromFront(axis, rank)) : begin?.map((_, i) => i);
  return axes !== undefined && !axes.includes(0) && (steps === undefined || steps.layout === 'free');
}
