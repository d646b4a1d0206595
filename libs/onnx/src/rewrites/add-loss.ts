import { valueInfo } from '../builder/graph-builder.js';
import { type GraphProto } from '../generated/onnx_pb.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { validate } from '../graph/validate.js';
import { additionsTo } from './additions.js';

/**
 * Cross entropy of each example in each row: losses[p, i] = -log softmax(logits[p, i])[labels[i]], [P, b].
 * LogSoftmax subtracts the maximum first, so that large logits stay finite. Adds the input `labels`, int64 [b].
 */
export function addLoss(graph: GraphProto): GraphProto {
  const added = additionsTo(graph);
  added.nodes.push(...graph.node);
  const part = names.inLoss;
  const logProbabilities = added.node('LogSoftmax', [names.logits], part('logProbabilities'), { axis: -1 });
  const column = added.node('Unsqueeze', [names.labels, added.integers(0, 2)], part('column'));
  const perRow = added.node('Expand', [column, added.node('Concat', [names.rows, added.integers(1, 1)], part('perRowShape'), { axis: 0 })], part('perRow'));
  const chosen = added.node('GatherElements', [logProbabilities, perRow], part('chosen'), { axis: 2 });
  added.node('Squeeze', [added.node('Neg', [chosen], part('negated')), added.integers(2)], names.losses);
  return validate(revise(added.applyTo(graph), {
    input: [...graph.input, valueInfo(names.labels, 'int64', ['batch'])],
    output: [valueInfo(names.losses, 'float32', ['rows', 'batch']), ...graph.output],
  }), 'addLoss');
}
