import { InvariantError } from '@seedfleet/errors';
import { type GraphProto, type NodeProto } from '../generated/onnx_pb.js';

/**
 * Checks what every rewrite must leave true: each value is made once, before it is used, and each output exists.
 * @param step what has just been done, for the message: a failure here is an error of ours, not of the model
 */
export function validate(graph: GraphProto, step: string): GraphProto {
  const broken = (problem: string) => new InvariantError(`The graph is broken after "${step}": ${problem}.`);
  // Before IR version 4 every initializer is also listed as an input, so inputs may repeat initializers.
  const defined = new Set(graph.initializer.map((tensor) => tensor.name));
  if (defined.size !== graph.initializer.length) throw broken('two initializers share a name');
  for (const sparse of graph.sparseInitializer) defined.add(sparse.values?.name ?? '');
  const inputs = new Set<string>();
  for (const { name } of graph.input) {
    if (inputs.has(name)) throw broken(`two inputs are named "${name}"`);
    inputs.add(name);
    defined.add(name);
  }
  for (const node of graph.node) {
    for (const name of readsOf(node)) if (!defined.has(name)) throw broken(`node "${node.name}" reads "${name}" before anything makes it`);
    for (const name of node.output) {
      if (name === '') continue;
      if (defined.has(name)) throw broken(`"${name}" is made twice`);
      defined.add(name);
    }
  }
  for (const { name } of graph.output) if (!defined.has(name)) throw broken(`nothing makes the output "${name}"`);
  return graph;
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
