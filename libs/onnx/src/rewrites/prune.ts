import { type GraphProto } from '../generated/onnx_pb.js';
import { revise } from '../graph/revise.js';
import { readsOf, validate } from '../graph/validate.js';

/** Leaves only what the given values need: nodes, initializers and inputs. Declared outputs that are not kept are dropped. */
export function prune(graph: GraphProto, { keep }: { keep: readonly string[] }): GraphProto {
  const needed = new Set(keep);
  const node = graph.node.toReversed().filter((n) => {
    if (!n.output.some((name) => needed.has(name))) return false;
    for (const name of readsOf(n)) needed.add(name);
    return true;
  }).reverse();
  return validate(revise(graph, {
    node,
    initializer: graph.initializer.filter(({ name }) => needed.has(name)),
    sparseInitializer: graph.sparseInitializer.filter(({ values }) => needed.has(values?.name ?? '')),
    input: graph.input.filter(({ name }) => needed.has(name)),
    output: graph.output.filter(({ name }) => needed.has(name)),
    // Shapes that the exporter declared hold for one batch, not for the tiled one.
    valueInfo: [],
    quantizationAnnotation: graph.quantizationAnnotation.filter(({ tensorName }) => needed.has(tensorName)),
  }), 'prune');
}
