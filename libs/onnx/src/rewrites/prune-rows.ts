import { makeNode } from '../builder/graph-builder.js';
import { type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { type AttributeValue } from '../graph/attributes.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { readsOf, validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { anchorOf, pushThrough, sameSelection, type Facts, type Pushed, type Selection } from '../layout/selection-rules.js';
import { producersOf } from '../sites/weights.js';
import { additionsTo, type Additions } from './additions.js';

/**
 * Where a model takes one position of a value (the first token, the last, or the last of each example), computes what comes before for that
 * position only. The choice is moved towards the inputs, through nodes that work position by position, as far as all readers of a value want
 * the same position: in a decoder's last layer that leaves keys and values for all positions, and one row for queries, attention and MLP.
 * A narrowed value keeps its axes; the one of the positions has size 1. Sites keep their names.
 */
export function pruneRows(graph: GraphProto): GraphProto {
  const facts = inferLayouts(graph);
  const producers = producersOf(graph);
  const { narrow, anchors } = narrowedNodes(graph, { facts, producers });
  if (narrow.size === 0) return graph;
  const added = additionsTo(graph);
  const isNarrow = (value: string) => { const producer = producers.get(value); return producer !== undefined && narrow.has(producer); };
  const chosen = new Set<string>();
  const read = (value: string, selection: Selection | undefined): string => {
    if (!selection || isNarrow(value)) return value;
    const name = names.selected({ value, ...selection });
    if (!chosen.has(name)) addChoice(added, { value, selection, rank: facts.get(value)?.shape?.length ?? 0, name });
    chosen.add(name);
    return name;
  };
  // Positions come from mask or ids, and are needed earlier than where the model computes them.
  const early = ancestorsOf([...anchors.values()].flatMap(({ index }) => (typeof index === 'string' ? [index] : [])), producers);
  added.nodes.push(...graph.node.filter((node) => early.has(node)));
  for (const node of graph.node) {
    const pushed = narrow.get(node);
    const [x = ''] = node.input;
    if (early.has(node)) continue;
    if (pushed) {
      const input = node.input.map((value, i) => read(value, pushed.inputs[i]));
      if (pushed.shape) input[1] = added.integers(...pushed.shape);
      added.nodes.push(revise(node, { input }));
    } else if (typeof anchors.get(node)?.index === 'string' && isNarrow(x)) {
      // The position has been chosen already.
      const [operator, inputs] = node.opType === 'GatherND' ? ['Squeeze', [x, added.integers(1)]] as const : ['Identity', [x]] as const;
      added.nodes.push(makeNode({ operator, inputs, outputs: node.output }));
    } else {
      added.nodes.push(node);
    }
  }
  return validate(added.applyTo(graph), 'pruneRows');
}

/** One position of a value, its axis kept. Nodes like any of the model, so that they are tiled like them: their names are not ours. */
function addChoice(added: Additions, { value, selection: { axis, index }, rank, name }: { value: string; selection: Selection; rank: number; name: string }): void {
  const node = (operator: string, inputs: readonly string[], output: string, attributes: Record<string, AttributeValue> = {}) => {
    added.nodes.push(makeNode({ operator, inputs, outputs: [output], attributes }));
    return output;
  };
  if (typeof index === 'number') {
    node('Gather', [value, added.integers(index)], name, { axis });
    return;
  }
  // An axis of size 1 broadcasts: its only position is that of all.
  const size = node('Gather', [node('Shape', [value], `${name}/shape`), added.integers(axis)], `${name}/size`, { axis: 0 });
  const position = node('Min', [index, node('Sub', [size, added.integers(1)], `${name}/greatest`)], `${name}/position`);
  // The axis is exchanged with axis 1, and back.
  const order = Array.from({ length: rank }, (_, i) => (i === 1 ? axis : i === axis ? 1 : i));
  const second = axis === 1 ? value : node('Transpose', [value], `${name}/second`, { perm: order });
  const single = node('GatherND', [second, position], `${name}/single`, { batch_dims: 1 });
  const kept = node('Unsqueeze', [single, added.integers(1)], axis === 1 ? name : `${name}/kept`);
  if (axis !== 1) node('Transpose', [kept], name, { perm: order });
}

interface Surroundings { facts: Facts; producers: ReadonlyMap<string, NodeProto> }

/** The nodes that compute one position only, each with what it needs of its inputs, and those that choose. Readers come first here. */
function narrowedNodes(graph: GraphProto, { facts, producers }: Surroundings): { narrow: Map<NodeProto, Pushed>; anchors: Map<NodeProto, Selection> } {
  const wanted = new Map<string, (Selection | 'all')[]>(graph.output.map(({ name }) => [name, ['all']]));
  const want = (value: string, selection: Selection | 'all') => wanted.set(value, [...wanted.get(value) ?? [], selection]);
  const narrow = new Map<NodeProto, Pushed>();
  const anchors = new Map<NodeProto, Selection>();
  for (const node of graph.node.toReversed()) {
    const anchor = anchorOf(node, facts, producers);
    const selection = agreed(node.output.flatMap((name) => wanted.get(name) ?? []));
    const pushed = anchor || !selection ? undefined : pushThrough(node, selection, facts);
    if (anchor) anchors.set(node, anchor);
    if (pushed) narrow.set(node, pushed);
    const needs = anchor ? [anchor] : pushed?.inputs;
    if (needs) node.input.forEach((value, i) => value !== '' && want(value, needs[i] ?? 'all'));
    else for (const value of readsOf(node)) want(value, 'all');
  }
  return { narrow, anchors };
}

/** The nodes that values are computed by. */
function ancestorsOf(values: readonly string[], producers: ReadonlyMap<string, NodeProto>): Set<NodeProto> {
  const nodes = new Set<NodeProto>();
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const producer = producers.get(value);
    if (!producer || nodes.has(producer)) continue;
    nodes.add(producer);
    open.push(...readsOf(producer));
  }
  return nodes;
}

/** The one position that all readers want, or undefined. */
function agreed(selections: readonly (Selection | 'all')[]): Selection | undefined {
  const [first] = selections;
  return first !== undefined && first !== 'all' && selections.every((selection) => selection !== 'all' && sameSelection(selection, first)) ? first : undefined;
}
