import { FleetError } from '@seedfleet/errors';
import { valueInfo } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto } from '../generated/onnx_pb.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { float32Tensor } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { additionsTo } from './additions.js';

/**
 * Next-token cross entropy of each example in each row, [P, b]: the mean, over the positions t whose label is 0 or more, of -log softmax(logits[p, i, t - 1])[labels[i, t]].
 * `labels` [b, T] int64 are the token ids where the loss counts (an answer, say) and negative elsewhere: prompt, padding, -100 by custom. The label at position 0
 * counts nowhere, as nothing comes before it; an example without any label has loss 0. `output` is [P*b, T', vocabulary], T' being T or, without the last position
 * (`leaveLastOut`), T - 1. Also gives `predicted` int64, the token held likeliest behind each position: [b, T'] where there is one row, [0, T'] where there are more. The logits are no
 * output: to give them away would copy what is by far the largest value of a step.
 * @param input graph input whose first axis is P
 * @throws FleetError `model.output-unknown` where the output is known to have other than three axes
 */
export function addLanguageLoss(graph: GraphProto, { output, input }: { output: string; input: string }): GraphProto {
  const shape = inferLayouts(graph).get(output)?.shape;
  if (shape && shape.length !== 3) throw new FleetError('model.output-unknown', { field: 'output', problem: `A language model gives [batch, time, vocabulary], and "${output}" has ${shape.length} axes.`, fix: 'Name the logits of a causal language model.' });
  const added = additionsTo(graph);
  added.nodes.push(...graph.node);
  added.countRows(input);
  const part = names.inLoss;
  const scalar = (name: string, value: number) => added.initializer(float32Tensor({ name: part(name), values: Float32Array.of(value), shape: [] }));
  const logits = added.node('Cast', [output], part('logits'), { to: TensorProto_DataType.FLOAT });
  const inner = added.node('Slice', [added.node('Shape', [logits], part('shape')), added.integers(1), added.integers(3)], part('inner'));
  const stacked = added.node('Reshape', [logits, added.node('Concat', [names.rows, added.integers(-1), inner], part('stackedShape'), { axis: 0 })], part('stacked'));
  // An evaluation has one row and asks for it; a step of several does not, and all that a graph has is computed.
  const alone = added.node('Max', [added.node('Sub', [added.integers(2), names.rows], part('below')), added.integers(0)], part('alone'));
  const oneRow = added.node('Slice', [stacked, added.integers(0), alone, added.integers(0)], part('oneRow'));
  const time = added.node('Slice', [inner, added.integers(0), added.integers(1)], part('time'));
  added.node('Reshape', [added.node('ArgMax', [oneRow], part('likeliest'), { axis: -1, keepdims: 0 }), added.node('Concat', [added.integers(-1), time], part('predictedShape'), { axis: 0 })], names.predicted);
  // Cheaper than ReduceLogSumExp (a sixth) and than ReduceMax, Sub, Exp, ReduceSum (three fifths), though it writes a value for each logit: measured, 1,024 times 32,768.
  const logProbabilities = added.node('LogSoftmax', [stacked], part('logProbabilities'), { axis: -1 });
  // No end beyond the last: the greatest integer, as ONNX has it.
  const following = added.node('Slice', [names.labels, added.integers(1), added.integers(2 ** 31 - 1), added.integers(1)], part('following'));
  // What follows the last position is not known; it may still be there.
  const first = added.node('Slice', [names.labels, added.integers(0), added.integers(1), added.integers(1)], part('first'));
  const unknown = added.node('Concat', [following, added.node('Min', [first, added.integers(-1)], part('unknown'))], part('all'), { axis: 1 });
  const next = added.node('Slice', [unknown, added.integers(0), time, added.integers(1)], part('next'));
  const counted = added.node('Cast', [added.node('GreaterOrEqual', [next, added.integers(0)], part('isLabel'))], part('counted'), { to: TensorProto_DataType.FLOAT });
  const column = added.node('Unsqueeze', [added.node('Max', [next, added.integers(0)], part('token')), added.integers(0, 3)], part('column'));
  const perRowShape = added.node('Concat', [names.rows, added.integers(1, 1, 1)], part('perRowShape'), { axis: 0 });
  const perRow = added.node('Expand', [column, perRowShape], part('perRow'));
  const chosen = added.node('Transpose', [added.node('GatherElements', [logProbabilities, perRow], part('single'), { axis: 3 })], part('chosen'), { perm: [0, 1, 3, 2] });
  // As products of [1, T] and [T, 1], one a row and example: ReduceSum adds in an order that depends on where in memory a row begins.
  const countedColumn = added.node('Expand', [added.node('Unsqueeze', [counted, added.integers(2)], part('countedColumn')), perRowShape], part('countedPerRow'));
  const sum = added.node('Squeeze', [added.node('MatMul', [chosen, countedColumn], part('kept')), added.integers(2, 3)], part('sum'));
  const count = added.node('Max', [added.node('ReduceSum', [counted, added.integers(1)], part('labels'), { keepdims: 0 }), scalar('one', 1)], part('count'));
  added.node('Neg', [added.node('Div', [sum, count], part('mean'))], names.losses);
  return validate(revise(added.applyTo(graph), {
    input: [...graph.input, valueInfo(names.labels, 'int64', ['batch', 'sequence'])],
    output: [valueInfo(names.losses, 'float32', ['rows', 'batch']), valueInfo(names.predicted, 'int64', ['predicted', 'foretold'])],
  }), 'addLanguageLoss');
}
