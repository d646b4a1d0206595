import { FleetError } from '@seedfleet/errors';
import { valueInfo } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { float32Tensor, int64Tensor } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { outputHeadOf } from '../sites/output-head.js';
import { additionsTo, type Additions } from './additions.js';

/**
 * Next-token cross entropy of each example in each row, [P, b]: the mean, over the positions t whose label is 0 or more, of -log softmax(logits[p, i, t - 1])[labels[i, t]].
 * `labels` [b, T] int64 are the token ids where the loss counts (an answer, say) and negative elsewhere: prompt, padding, -100 by custom. The label at position 0
 * counts nowhere, as nothing comes before it; an example without any label has loss 0. `output` is [P*b, T', vocabulary], T' being T or, without the last position
 * (`leaveLastOut`), T - 1. In that case the output head multiplies only the positions that count. Also gives `predicted` int64, the token held likeliest behind each position,
 * -1 where it was not computed: [b, T'] where there is one row, [0, T'] where there are more. The logits are no
 * output: to give them away would copy what is by far the largest value of a step.
 * @param input graph input whose first axis is P
 * @throws FleetError `model.output-unknown` where the output is known to have other than three axes
 */
export function addLanguageLoss(graph: GraphProto, { output, input }: { output: string; input: string }): GraphProto {
  const shape = inferLayouts(graph).get(output)?.shape;
  if (shape && shape.length !== 3) throw new FleetError('model.output-unknown', { field: 'output', problem: `A language model gives [batch, time, vocabulary], and "${output}" has ${shape.length} axes.`, fix: 'Name the logits of a causal language model.' });
  const added = additionsTo(graph);
  added.countRows(input);
  const head = outputHeadOf(graph, output);
  // Its x has three axes then, and an adapter, if there is one, stands before it.
  const choosing = head?.input[0] === names.followed('x') ? head : undefined;
  const before = choosing ? graph.node.slice(0, graph.node.indexOf(choosing)) : graph.node;
  added.nodes.push(...before);
  const labels = addLabels(added, { positioned: choosing ? names.followed('x') : output });
  const chosen = choosing && addChoice(added, { head: choosing, labels });
  added.nodes.push(...graph.node.slice(before.length + (choosing ? 1 : 0)));
  const all = added.node('Cast', [output], part('logits'), { to: TensorProto_DataType.FLOAT });
  // [P, K, vocabulary]: K positions that are computed, of b T'.
  const logits = chosen ? all : added.node('Reshape', [all, added.node('Concat', [names.rows, added.integers(-1), added.node('Slice', [added.node('Shape', [all], part('shape')), added.integers(2), added.integers(3)], part('vocabulary'))], part('stackedShape'), { axis: 0 })], part('stacked'));
  addPredicted(added, { logits, chosen, labels });
  // Cheaper than ReduceLogSumExp (a sixth) and than ReduceMax, Sub, Exp, ReduceSum (three fifths), though it writes a value for each logit: measured, 1,024 times 32,768.
  const logProbabilities = added.node('LogSoftmax', [logits], part('logProbabilities'), { axis: -1 });
  const tokens = added.node('Max', [chosen ? added.node('Gather', [labels.flat, chosen], part('chosenLabels'), { axis: 0 }) : labels.flat, added.integers(0)], part('token'));
  const perRow = added.node('Expand', [added.node('Unsqueeze', [tokens, added.integers(0, 2)], part('column')), added.node('Concat', [names.rows, added.integers(1, 1)], part('perRowShape'), { axis: 0 })], part('perRow'));
  const single = added.node('Squeeze', [added.node('GatherElements', [logProbabilities, perRow], part('single'), { axis: 2 }), added.integers(2)], part('ofLabels'));
  const placed = chosen ? addPlaced(added, { values: single, chosen, rows: names.rows, elsewhere: added.initializer(float32Tensor({ name: part('zero'), values: new Float32Array(1), shape: [1] })), output: part('placed') }) : single;
  const inRows = added.node('Reshape', [placed, added.node('Concat', [names.rows, added.integers(-1, 1), labels.time], part('inRowsShape'), { axis: 0 })], part('inRows'));
  // As products of [1, T] and [T, 1], one a row and example: ReduceSum adds in an order that depends on where in memory a row begins.
  const countedColumn = added.node('Expand', [added.node('Unsqueeze', [labels.counted, added.integers(2)], part('countedColumn')), added.node('Concat', [names.rows, added.integers(1, 1, 1)], part('countedShape'), { axis: 0 })], part('countedPerRow'));
  const sum = added.node('Squeeze', [added.node('MatMul', [inRows, countedColumn], part('kept')), added.integers(2, 3)], part('sum'));
  const one = added.initializer(float32Tensor({ name: part('one'), values: Float32Array.of(1), shape: [] }));
  const count = added.node('Max', [added.node('ReduceSum', [labels.counted, added.integers(1)], part('labels'), { keepdims: 0 }), one], part('count'));
  added.node('Neg', [added.node('Div', [sum, count], part('mean'))], names.losses);
  return validate(revise(added.applyTo(graph), {
    input: [...graph.input, valueInfo(names.labels, 'int64', ['batch', 'sequence'])],
    output: [valueInfo(names.losses, 'float32', ['rows', 'batch']), valueInfo(names.predicted, 'int64', ['predicted', 'foretold'])],
  }), 'addLanguageLoss');
}

const part = names.inLoss;

/** What follows each position. */
interface Labels {
  /** T', [1] int64 */
  time: string;
  /** [b * T'] int64, negative where nothing counts */
  flat: string;
  /** [b, T'] float32, 1 where it counts */
  counted: string;
}

/** @param positioned value whose axis 1 is T' */
function addLabels(added: Additions, { positioned }: { positioned: string }): Labels {
  const time = added.node('Slice', [added.node('Shape', [positioned], part('positionedShape')), added.integers(1), added.integers(2)], part('time'));
  // No end beyond the last: the greatest integer, as ONNX has it.
  const following = added.node('Slice', [names.labels, added.integers(1), added.integers(2 ** 31 - 1), added.integers(1)], part('following'));
  // What follows the last position is not known; it may still be there.
  const first = added.node('Slice', [names.labels, added.integers(0), added.integers(1), added.integers(1)], part('first'));
  const unknown = added.node('Concat', [following, added.node('Min', [first, added.integers(-1)], part('unknown'))], part('all'), { axis: 1 });
  const next = added.node('Slice', [unknown, added.integers(0), time, added.integers(1)], part('next'));
  return {
    time, flat: added.node('Reshape', [next, added.integers(-1)], part('flat')),
    counted: added.node('Cast', [added.node('GreaterOrEqual', [next, added.integers(0)], part('isLabel'))], part('counted'), { to: TensorProto_DataType.FLOAT }),
  };
}

/**
 * Gives the output head only the positions that count, and always the first two: a product of one row is another routine of ONNX Runtime.
 * @returns [K] int64, which of the b T' positions
 */
function addChoice(added: Additions, { head, labels }: { head: NodeProto; labels: Labels }): string {
  const [x = '', ...weights] = head.input;
  const positions = added.node('Shape', [labels.flat], part('positions'));
  const place = added.node('CumSum', [added.node('Expand', [added.integers(1), positions], part('ones')), added.initializer(int64Tensor({ name: part('axis'), values: [0], shape: [] }))], part('place'));
  const needed = added.node('Or', [added.node('GreaterOrEqual', [labels.flat, added.integers(0)], part('isCounted')), added.node('LessOrEqual', [place, added.integers(2)], part('isFirst'))], part('needed'));
  const chosen = added.node('Squeeze', [added.node('NonZero', [needed], part('neededAt')), added.integers(0)], part('chosen'));
  const width = added.node('Slice', [added.node('Shape', [x], part('xShape')), added.integers(2), added.integers(3)], part('width'));
  const stacked = added.node('Reshape', [x, added.node('Concat', [names.rows, added.integers(-1), width], part('xStackedShape'), { axis: 0 })], part('xStacked'));
  added.nodes.push(revise(head, { input: [added.node('Gather', [stacked, chosen], part('x'), { axis: 1 }), ...weights] }));
  return chosen;
}

interface Placing { values: string; chosen: string; rows: string; elsewhere: string; output: string }

/** [rows, K] where they belong in [rows, b * T'], and one value elsewhere. */
function addPlaced(added: Additions, { values, chosen, rows, elsewhere, output }: Placing): string {
  const ground = added.node('Expand', [elsewhere, added.node('Concat', [rows, part('positions')], `${output}/shape`, { axis: 0 })], `${output}/ground`);
  const at = added.node('Expand', [chosen, added.node('Concat', [rows, added.integers(1)], `${output}/atShape`, { axis: 0 })], `${output}/at`);
  return added.node('ScatterElements', [ground, at, values], output, { axis: 1 });
}

/** An evaluation has one row and asks for it; a step of several does not, and all that a graph has is computed. */
function addPredicted(added: Additions, { logits, chosen, labels }: { logits: string; chosen: string | undefined; labels: Labels }): void {
  const alone = added.node('Max', [added.node('Sub', [added.integers(2), names.rows], part('below')), added.integers(0)], part('alone'));
  const likeliest = added.node('ArgMax', [added.node('Slice', [logits, added.integers(0), alone, added.integers(0)], part('oneRow'))], part('likeliest'), { axis: -1, keepdims: 0 });
  // Of no rows ONNX Runtime's ArgMax keeps the axis.
  const flat = chosen && added.node('Reshape', [likeliest, added.node('Concat', [alone, added.node('Shape', [chosen], part('chosenCount'))], part('likeliestShape'), { axis: 0 })], part('likeliestFlat'));
  const placed = chosen && flat ? addPlaced(added, { values: flat, chosen, rows: alone, elsewhere: added.integers(-1), output: part('predictedPlaced') }) : likeliest;
  added.node('Reshape', [placed, added.node('Concat', [added.integers(-1), labels.time], part('predictedShape'), { axis: 0 })], names.predicted);
}
