import { makeNode } from '../builder/graph-builder.js';
import { type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { readsOf, validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { anchorOf, pushThrough, sameSelection, type Facts, type Pushed, type Selection } from '../layout/selection-rules.js';
import { producersOf } from '../sites/weights.js';
import { additionsTo } from './additions.js';

/**
 * Where a model takes one position of a value (the first token, or the last), computes what comes before for that position only. The choice
 * is moved towards the inputs, through nodes that work position by position, as far as all readers of a value want the same position:
 * in a decoder's last layer that leaves keys and values for all positions, and one row for queries, attention and MLP.
 * A narrowed value keeps its axes; the one of the positions has size 1. Sites keep their names.
 */
export function pruneRows(graph: GraphProto): GraphProto {
  const facts = inferLayouts(graph);
  const narrow = narrowedNodes(graph, facts);
  if (narrow.size === 0) return graph;
  const producers = producersOf(graph);
  const added = additionsTo(graph);
  const chosen = new Map<string, string>();
  const read = (value: string, selection: Selection | undefined): string => {
    const producer = producers.get(value);
    if (!selection || (producer && narrow.has(producer))) return value;
    const name = names.selected({ value, ...selection });
    // A node like any of the model, so that it is tiled like one: its name is not ours.
    if (!chosen.has(name)) added.nodes.push(makeNode({ operator: 'Gather', inputs: [value, added.integers(selection.index)], outputs: [name], attributes: { axis: selection.axis } }));
    chosen.set(name, name);
    return name;
  };
  for (const node of graph.node) {
    const pushed = narrow.get(node);
    if (!pushed) {
      added.nodes.push(node);
      continue;
    }
    const input = node.input.map((value, i) => read(value, pushed.inputs[i]));
    if (pushed.shape) input[1] = added.integers(...pushed.shape);
    added.nodes.push(revise(node, { input }));
  }
  return validate(added.applyTo(graph), 'pruneRows');
}

/** The nodes that compute one position only, each with what it needs of its inputs. Nodes are in the order of computation, so readers come first here. */
function narrowedNodes(graph: GraphProto, facts: Facts): Map<NodeProto, Pushed> {
  const wanted = new Map<string, (Selection | 'all')[]>(graph.output.map(({ name }) => [name, ['all']]));
  const want = (value: string, selection: Selection | 'all') => wanted.set(value, [...wanted.get(value) ?? [], selection]);
  const narrow = new Map<NodeProto, Pushed>();
  for (const node of graph.node.toReversed()) {
    const anchor = anchorOf(node, facts);
    const selection = agreed(node.output.flatMap((name) => wanted.get(name) ?? []));
    const pushed = anchor || !selection ? undefined : pushThrough(node, selection, facts);
    if (pushed) narrow.set(node, pushed);
    if (anchor || pushed) node.input.forEach((value, i) => value !== '' && want(value, (anchor ? (i === 0 ? anchor : undefined) : pushed?.inputs[i]) ?? 'all'));
    else for (const value of readsOf(node)) want(value, 'all');
  }
  return narrow;
}

/** The one position that all readers want, or undefined. */
function agreed(selections: readonly (Selection | 'all')[]): Selection | undefined {
  const [first] = selections;
  return first !== undefined && first !== 'all' && selections.every((selection) => selection !== 'all' && sameSelection(selection, first)) ? first : undefined;
}
