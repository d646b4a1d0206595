import { type GraphProto } from '../generated/onnx_pb.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { validate } from '../graph/validate.js';

const builders = [names.own, 'pool/', 'bytoken/'];

/** Renames values of a model that our own rewrites named, so that they can name values again: the model is the result of an earlier run. Inputs and outputs keep their names. */
export function freeBuilderNames(graph: GraphProto): GraphProto {
  const kept = new Set([...graph.input, ...graph.output].map(({ name }) => name));
  const renamed = (name: string) => (!kept.has(name) && builders.some((prefix) => name.startsWith(prefix)) ? `model/${name}` : name);
  const made = [...graph.node.flatMap(({ output }) => output), ...graph.initializer.map(({ name }) => name)];
  if (made.every((name) => renamed(name) === name)) return graph;
  return validate(revise(graph, {
    node: graph.node.map((node) => revise(node, { name: renamed(node.name), input: node.input.map(renamed), output: node.output.map(renamed) })),
    initializer: graph.initializer.map((tensor) => revise(tensor, { name: renamed(tensor.name) })),
    valueInfo: [],
  }), 'freeBuilderNames');
}
