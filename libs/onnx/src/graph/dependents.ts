import { type GraphProto } from '../generated/onnx_pb.js';
import { readsOf } from './validate.js';

/** Every value that depends on one of `sources`, the sources included. */
export function dependentsOf(graph: GraphProto, sources: Iterable<string>): Set<string> {
  const dependent = new Set(sources);
  for (const node of graph.node) {
    if (readsOf(node).some((name) => dependent.has(name))) for (const name of node.output) if (name !== '') dependent.add(name);
  }
  return dependent;
}
