import { type GraphProto } from '../generated/onnx_pb.js';
import { isOwn, names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { validate } from '../graph/validate.js';

const reserved = new Set<string>([names.labels, names.answer, names.losses, names.logits, names.predicted]);

/** Name that a value of the model has after `freeNames`. */
export function freedName(name: string, { taken }: { taken: ReadonlySet<string> }): string {
  return reserved.has(name) || taken.has(name) || isOwn(name) || name.startsWith('B/') ? `model/${name}` : name;
}

/** Renames values of the model that carry a name that a training graph needs (a classifier's own `logits`, say). Inputs keep theirs. */
export function freeNames(graph: GraphProto, { taken }: { taken: ReadonlySet<string> }): GraphProto {
  const inputs = new Set(graph.input.map(({ name }) => name));
  const renamed = (name: string) => (name === '' || inputs.has(name) ? name : freedName(name, { taken }));
  const made = new Set([...graph.node.flatMap(({ output }) => output), ...graph.initializer.map(({ name }) => name)]);
  if (![...made].some((name) => renamed(name) !== name)) return graph;
  return validate(revise(graph, {
    node: graph.node.map((node) => revise(node, { input: node.input.map(renamed), output: node.output.map(renamed), name: isOwn(node.name) ? `model/${node.name}` : node.name })),
    initializer: graph.initializer.map((tensor) => revise(tensor, { name: renamed(tensor.name) })),
    output: graph.output.map((output) => revise(output, { name: renamed(output.name) })),
    valueInfo: [],
  }), 'freeNames');
}
