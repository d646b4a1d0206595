import { type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute, integersAttribute } from '../graph/attributes.js';
import { axesOf, axisOf, knownIntegers } from './axes.js';
import { countsExamples, fixed, isFixed, multiply, type Dimension } from './dimension.js';
import { leads, type Fact } from './fact.js';
import { alongAxis, elementwise, reductions } from './operators.js';

export type Facts = ReadonlyMap<string, Fact>;
/**
 * One position on one axis, from the front: the first, the last, or one for each example, by the name of a value [b, 1].
 * 0 and -1 are right for an axis of size 1, too, which broadcasts.
 */
export interface Selection { axis: number; index: 0 | -1 | string }
/** What a narrowed node needs of each input (undefined: all of it), and the constant that replaces the target of a Reshape. */
export interface Pushed { inputs: readonly (Selection | undefined)[]; shape?: readonly number[] }

export function sameSelection(a: Selection, b: Selection): boolean {
  return a.axis === b.axis && a.index === b.index;
}

/** The position that a node takes of its first input, where that holds examples on axis 0; undefined for all other nodes. */
export function anchorOf(node: NodeProto, facts: Facts, producers: ReadonlyMap<string, NodeProto>): Selection | undefined {
  const x = facts.get(node.input[0] ?? '');
  if (!leads(x)) return undefined;
  const rank = x.shape.length;
  if (node.opType === 'Gather') {
    const axis = axisOf(node, { rank, otherwise: 0 });
    const [index, ...others] = knownIntegers(facts.get(node.input[1] ?? '')) ?? [];
    return axis > 0 && others.length === 0 && (index === 0 || index === -1) ? { axis, index } : undefined;
  }
  if (rank !== 3) return undefined;
  const made = (value: string | undefined, operator: string) => { const node = producers.get(value ?? ''); return node?.opType === operator ? node : undefined; };
  const onePerExample = (value: string | undefined): Selection | undefined => {
    const fact = facts.get(value ?? '');
    return value !== undefined && leads(fact) && fact.shape.length === 2 && fact.shape[0]?.size === 1 && isFixed(fact.shape[1], 1) ? { axis: 1, index: value } : undefined;
  };
  // One index for all values of an example's vector.
  if (node.opType === 'GatherElements' && axisOf(node, { rank, otherwise: 0 }) === 1) return onePerExample(made(made(node.input[1], 'Expand')?.input[0], 'Unsqueeze')?.input[0]);
  // Pairs (example, position) for all examples in their order.
  if (node.opType === 'GatherND' && integerAttribute(node, 'batch_dims', 0) === 0) {
    const [example, position, ...others] = made(node.input[1], 'Concat')?.input ?? [];
    const counted = made(made(example, 'Unsqueeze')?.input[0], 'Range')?.output[0];
    const [size] = facts.get(counted ?? '')?.shape ?? [];
    return others.length === 0 && countsExamples(size) && size?.size === 1 ? onePerExample(position) : undefined;
  }
  return undefined;
}

/**
 * What a node needs of its inputs to compute one position of its output; undefined where no rule says so.
 * `Selection.axis` counts in the output; in `Pushed` it counts in each input.
 */
export function pushThrough(node: NodeProto, { axis, index }: Selection, facts: Facts): Pushed | undefined {
  const shapes = node.input.map((name) => (name === '' ? [] : facts.get(name)?.shape));
  const [x, y] = shapes;
  const rank = facts.get(node.output.find((name) => name !== '') ?? '')?.shape?.length;
  if (rank === undefined || x === undefined || axis >= rank) return undefined;
  // Each example's own position can be taken only where the examples stand on axis 0.
  if (typeof index === 'string' && !node.input.every((name) => { const fact = facts.get(name); return name === '' || fact?.layout === 'free' || leads(fact); })) return undefined;
  const at = (own: number | undefined): Selection | undefined => (own === undefined ? undefined : { axis: own, index });
  const first = (own: number | undefined): Pushed | undefined => (own === undefined || own < 0 ? undefined : { inputs: [at(own)] });
  /** Axis of a broadcast operand; undefined where the operand is the same for all positions. */
  const broadcast = (shape: readonly Dimension[]) => {
    const own = axis - (rank - shape.length);
    return own < 0 || isFixed(shape[own], 1) ? undefined : own;
  };
  /** A value without examples (rotary angles, say) has no position of each. */
  const perExample = (pushed: Pushed) => (typeof index !== 'string' || pushed.inputs.every((selection, i) => !selection || leads(facts.get(node.input[i] ?? ''))) ? pushed : undefined);
  if (elementwise.has(node.opType)) {
    return node.output.length === 1 && shapes.every((shape) => shape !== undefined) ? perExample({ inputs: shapes.map((shape) => at(broadcast(shape))) }) : undefined;
  }
  if (alongAxis.has(node.opType)) return node.output.length === 1 && axis < axisOf(node, { rank, otherwise: -1 }) ? first(axis) : undefined;
  if (reductions.has(node.opType)) {
    const reduced = axesOf(node, { input: facts.get(node.input[1] ?? ''), rank });
    return integerAttribute(node, 'keepdims', 1) === 1 && reduced && reduced.length > 0 && !reduced.includes(axis) ? first(axis) : undefined;
  }
  const axes = (inputRank: number) => axesOf(node, { input: facts.get(node.input[1] ?? ''), rank: inputRank });
  switch (node.opType) {
    case 'MatMul':
      if (!y || x.length < 2 || y.length < 2 || axis === rank - 1) return undefined;
      return perExample({ inputs: axis === rank - 2 ? [at(x.length - 2)] : [at(broadcast(x)), at(broadcast(y))] });
    case 'Transpose': return first((integersAttribute(node, 'perm') ?? x.map((_, i) => rank - 1 - i))[axis]);
    case 'Unsqueeze': { const added = axes(rank); return added && !added.includes(axis) ? first(axis - added.filter((a) => a < axis).length) : undefined; }
    case 'Squeeze': { const removed = axes(x.length); return removed && first(x.map((_, i) => i).filter((i) => !removed.includes(i))[axis]); }
    case 'Reshape': {
      const target = integerAttribute(node, 'allowzero', 0) === 0 ? knownIntegers(facts.get(node.input[1] ?? '')) : undefined;
      // Zeros copy the sizes of the input, whatever they are.
      if (target && target.slice(0, axis + 1).every((size) => size === 0)) return first(axis);
      return reshape({ x: facts.get(node.input[0] ?? ''), y: facts.get(node.output[0] ?? ''), axis, index });
    }
    case 'Split': return axisOf(node, { rank, otherwise: 0 }) !== axis ? first(axis) : undefined;
    case 'Concat': return axisOf(node, { rank, otherwise: 0 }) !== axis ? perExample({ inputs: shapes.map(() => at(axis)) }) : undefined;
    case 'Slice': { const cut = knownIntegers(facts.get(node.input[3] ?? ''))?.map((a) => (a < 0 ? a + rank : a)); return cut && !cut.includes(axis) ? first(axis) : undefined; }
    case 'Tile': return knownIntegers(facts.get(node.input[1] ?? ''))?.[axis] === 1 ? first(axis) : undefined;
    case 'SkipLayerNormalization': case 'SkipSimplifiedLayerNormalization': return axis === 1 && rank === 3 && y?.length === 3 ? { inputs: [at(1), at(1)] } : undefined;
    default: return undefined;
  }
}

/** [b, T, ...] to [b, T, ...], where what follows T is known and as large on both sides: then T is the same axis. */
function reshape({ x, y, axis, index }: { x: Fact | undefined; y: Fact | undefined } & Selection): Pushed | undefined {
  if (axis !== 1 || !leads(x) || !leads(y) || !countsExamples(x.shape[0]) || x.shape[0]?.size !== 1 || y.shape[0]?.size !== 1) return undefined;
  const inner = [x, y].map(({ shape }) => shape.slice(2).reduce(multiply, fixed(1)));
  const rest = y.shape.slice(2).map((d) => d?.size ?? 0);
  if (inner[0]?.size == null || inner[0].batch !== 0 || inner[0].size !== inner[1]?.size || inner[1].batch !== 0) return undefined;
  return { inputs: [{ axis, index }], shape: [0, 0, ...rest] };
}
