import { valueInfo } from '../builder/graph-builder.js';
import { type GraphProto } from '../generated/onnx_pb.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { additionsTo } from './additions.js';

/**
 * Gives logits that the model itself computes, [P*b, C] float32 behind an adapter, as `logits` [P, b, C].
 * @param input graph input whose first axis is P
 */
export function addLogits(graph: GraphProto, { output, input }: { output: string; input: string }): GraphProto {
  const classes = inferLayouts(graph).get(output)?.shape?.[1]?.size ?? 'classes';
  const added = additionsTo(graph);
  added.nodes.push(...graph.node);
  added.countRows(input);
  const width = added.node('Slice', [added.node('Shape', [output], names.inHead('shape')), added.integers(1), added.integers(2)], names.inHead('width'));
  added.node('Reshape', [output, added.node('Concat', [names.rows, added.integers(-1), width], names.inHead('stackedShape'), { axis: 0 })], names.logits);
  return validate(revise(added.applyTo(graph), { output: [...graph.output, valueInfo(names.logits, 'float32', ['rows', 'batch', classes])] }), 'addLogits');
}
