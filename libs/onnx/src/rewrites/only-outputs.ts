import { withGraph, type OnnxModel } from '../graph/model.js';
import { revise } from '../graph/revise.js';
import { prune } from './prune.js';

/** The same model without its other outputs, and without what only they need: ONNX Runtime computes all that a graph has, whatever is asked. */
export function onlyOutputs(model: OnnxModel, outputs: readonly string[]): OnnxModel {
  const { graph } = model;
  return withGraph(model, prune(revise(graph, { output: graph.output.filter(({ name }) => outputs.includes(name)) }), { keep: outputs }));
}
