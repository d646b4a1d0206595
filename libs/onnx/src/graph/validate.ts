import { InvariantError } from '@seedfleet/errors';
import { type GraphProto, type NodeProto } from '../generated/onnx_pb.js';

/**
 * Checks what every rewrite must leave true: each value is made once, before it is used, and each output exists.
 * @param step what has just been done, for the message: a failure here is an error of ours, not of the model
 */
export function validate(graph: GraphProto, step: string): GraphProto {
  const problem = defectOf(graph);
  if (problem !== undefined) throw new InvariantError(`The graph is broken after "${step}": ${problem}.`);
  return graph;
}

/** The first thing that is wrong with a graph, or undefined. */
export function defectOf(graph: GraphProto): string | undefined {
  // Before IR version 4 every initializer is also listed as an input, so inputs may repeat initializers.
  const defined = new Set(graph.initializer.map((tensor) => tensor.name));
  if (defined.size !== graph.initializer.length) return 'two initializers share a name';
  for (const sparse of graph.sparseInitializer) defined.add(sparse.values?.name ?? '');
  const inputs = new Set<string>();
  for (const { name } of graph.input) {
    if (inputs.has(name)) return `two inputs are named "${name}"`;
    inputs.add(name);
    defined.add(name);
  }
  for (const node of graph.node) {
    const missing = readsOf(node).find((name) => !defined.has(name));
    if (missing !== undefined) return `node "${node.name}" reads "${missing}" before anything makes it`;
    for (const name of node.output) {
      if (name === '') continue;
      if (defined.has(name)) return `"${name}" is made twice`;
      defined.add(name);
    }
  }
  const lost = graph.output.find(({ name }) => !defined.has(name));
  return lost && `nothing makes the output "${lost.name}"`;
}

/** Names of the values that a node reads: its inputs, and what the graphs inside it take from outside. */
export function readsOf(node: NodeProto): string[] {
  const names = node.input.filter((name) => name !== '');
  for (const { g, graphs } of node.attribute) for (const graph of g ? [g, ...graphs] : graphs) names.push(...outerReads(graph));
  return names;
}

function outerReads(graph: GraphProto): string[] {
  const inner = new Set([...graph.initializer.map((t) => t.name), ...graph.input.map((v) => v.name), ...graph.node.flatMap((n) => n.output)]);
  return [...graph.node.flatMap(readsOf), ...graph.output.map((v) => v.name)].filter((name) => !inner.has(name));
}
