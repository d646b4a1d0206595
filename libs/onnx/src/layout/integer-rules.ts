import { type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute, tensorAttribute } from '../graph/attributes.js';
import { integersOf } from '../graph/tensor.js';
import { add, divide, equal, fixed, isFixed, multiply, type Dimension } from './dimension.js';
import { integers, type Fact } from './fact.js';

/** Longer vectors are data, not shapes. */
const contentMax = 64;

/**
 * Follows the integers that a graph computes from shapes (`Shape`, then `Gather`, `Concat`, arithmetic): which of them
 * count examples decides what a perturbed Reshape, Expand or Range gets. Undefined where the node computes something else.
 */
export function integerFact(node: NodeProto, inputs: readonly Fact[]): Fact | undefined {
  const [x, y, z] = inputs;
  if (node.opType === 'Shape') {
    const shape = x?.shape;
    return shape && integers(shape.slice(integerAttribute(node, 'start', 0), integerAttribute(node, 'end', shape.length)));
  }
  if (node.opType === 'Size') return x?.shape && integers([x.shape.reduce(multiply, fixed(1))], 0);
  if (node.opType === 'ConstantOfShape') return constantOfShape(node, x);
  const content = x?.content;
  if (!content || content.length > contentMax) return undefined;
  const axes = x.shape?.length === 0 ? 0 : 1;
  switch (node.opType) {
    case 'Identity': case 'Cast': return x;
    case 'Unsqueeze': return axes === 0 ? integers(content) : undefined;
    case 'Squeeze': return content.length === 1 ? integers(content, 0) : undefined;
    case 'Reshape': return y?.content?.length === 1 ? integers(content) : y?.content?.length === 0 ? integers(content, 0) : undefined;
    case 'Gather': return gather(content, y);
    case 'Slice': return slice(content, inputs.slice(1));
    case 'Concat': return inputs.every((i) => i.content) ? integers(inputs.flatMap((i) => i.content ?? [])) : undefined;
    case 'ReduceProd': return integers([content.reduce(multiply, fixed(1))], integerAttribute(node, 'keepdims', 1) === 1 ? 1 : 0);
    case 'Mul': return pairwise(x, y, multiply);
    case 'Add': return pairwise(x, y, (a, b) => add(a, b, 1));
    case 'Sub': return pairwise(x, y, (a, b) => add(a, b, -1));
    case 'Div': return pairwise(x, y, divide);
    case 'Equal': return pairwise(x, y, equal);
    case 'Where': return where(content, y, z);
    default: return undefined;
  }
}

function constantOfShape(node: NodeProto, shape: Fact | undefined): Fact | undefined {
  const [length] = shape?.content ?? [];
  if (shape?.content?.length !== 1 || length?.batch !== 0 || length.size === null || length.size > contentMax) return undefined;
  const value = tensorAttribute(node, 'value');
  const [filling] = value ? integersOf(value) ?? [] : [];
  return filling === undefined ? undefined : integers(Array.from({ length: length.size }, () => fixed(filling)));
}

function gather(content: readonly Dimension[], indices: Fact | undefined): Fact | undefined {
  if (!indices?.content) return undefined;
  const chosen = indices.content.map((index) => index?.batch === 0 && index.size !== null ? content.at(index.size) ?? null : null);
  return integers(chosen, indices.shape?.length === 0 ? 0 : 1);
}

function slice(content: readonly Dimension[], [starts, ends, , steps]: readonly Fact[]): Fact | undefined {
  const start = known(starts);
  const end = known(ends);
  if (start === undefined || end === undefined || (steps && known(steps) !== 1)) return undefined;
  return integers(content.slice(start, Math.min(end, content.length)));
}

function known(fact: Fact | undefined): number | undefined {
  const [value] = fact?.content ?? [];
  return value?.batch === 0 && value.size !== null ? value.size : undefined;
}

function pairwise(x: Fact, y: Fact | undefined, combine: (a: Dimension, b: Dimension) => Dimension): Fact | undefined {
  const a = x.content;
  const b = y?.content;
  if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
  const at = (of: readonly Dimension[], i: number) => of[of.length === 1 ? 0 : i] ?? null;
  const scalar = x.shape?.length === 0 && y?.shape?.length === 0;
  return integers(Array.from({ length: Math.max(a.length, b.length) }, (_, i) => combine(at(a, i), at(b, i))), scalar ? 0 : 1);
}

function where(condition: readonly Dimension[], yes: Fact | undefined, no: Fact | undefined): Fact | undefined {
  const { content: a } = yes ?? {};
  const { content: b } = no ?? {};
  if (!a || !b || a.length !== condition.length || b.length !== condition.length) return undefined;
  return integers(condition.map((c, i) => (isFixed(c, 1) ? a[i] : isFixed(c, 0) ? b[i] : null) ?? null));
}
