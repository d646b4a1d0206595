import { FleetError } from '@seedfleet/errors';
import { valueInfo } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto } from '../generated/onnx_pb.js';
import { dependentsOf } from '../graph/dependents.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { additionsTo } from './additions.js';

export interface HeadPlan {
  /** The value that the head reads: [b, d], or [P*b, d] where adapters come before it. */
  output: string;
  classes: number;
  /** Names of the graph inputs of the head: weight [P, d, classes] and bias [P, classes], float32. */
  weight: string;
  bias: string;
  /** Graph inputs of the adapters. */
  adapters: readonly string[];
}

/**
 * A trainable classification head, a site with no base: logits_p = h W_p + b_p, [P, b, classes].
 * @throws FleetError `model.output-unknown` unless `output` is a value [batch, width]
 */
export function addHead(graph: GraphProto, { output, classes, weight, bias, adapters }: HeadPlan): GraphProto {
  const fact = inferLayouts(graph).get(output);
  if (fact?.shape && fact.shape.length !== 2) {
    throw new FleetError('model.output-unknown', { field: 'output', problem: `The head reads one vector an example, and "${output}" has ${fact.shape.length} axes.` });
  }
  const width = fact?.shape?.[1]?.size ?? 'width';
  const tiled = dependentsOf(graph, adapters).has(output);
  const added = additionsTo(graph);
  added.nodes.push(...graph.node);
  added.countRows(weight);
  const h = added.node('Cast', [output], names.inHead('h'), { to: TensorProto_DataType.FLOAT });
  // [1, b, d] where nothing before the head is perturbed: the features are computed once and meet all P heads.
  const stacked = tiled
    ? added.node('Reshape', [h, stackedShape()], names.inHead('stacked'))
    : added.node('Unsqueeze', [h, added.integers(0)], names.inHead('stacked'));
  const product = added.node('MatMul', [stacked, weight], names.inHead('product'));
  added.node('Add', [product, added.node('Unsqueeze', [bias, added.integers(1)], names.inHead('bias'))], names.logits);
  return validate(revise(added.applyTo(graph), {
    input: [...graph.input, valueInfo(weight, 'float32', ['rows', width, classes]), valueInfo(bias, 'float32', ['rows', classes])],
    output: [...graph.output, valueInfo(names.logits, 'float32', ['rows', 'batch', classes])],
  }), 'addHead');

  function stackedShape(): string {
    const shape = added.node('Shape', [h], names.inHead('shape'));
    return added.node('Concat', [names.rows, added.integers(-1), added.node('Gather', [shape, added.integers(1)], names.inHead('width'), { axis: 0 })], names.inHead('stackedShape'), { axis: 0 });
  }
}
