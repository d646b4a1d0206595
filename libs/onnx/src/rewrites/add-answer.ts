import { FleetError } from '@seedfleet/errors';
import { makeNode, valueInfo } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto } from '../generated/onnx_pb.js';
import { type AttributeValue } from '../graph/attributes.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { additionsTo } from './additions.js';
import { narrowColumns } from './narrow-columns.js';

/** Name of the logits of the words where the answer starts, [batch, C] float32. */
export const answerName = 'answer/logits';

export interface AnswerPlan {
  /** Logits, [batch, time, vocabulary]. */
  output: string;
  /** [C] token ids. */
  answers: readonly number[];
  /** Sites that will be adapted: the columns of such a linear stay. */
  sites: readonly string[];
}

/**
 * Takes of the logits of a causal language model those of C tokens at one position of each example, the new input `answer` [batch] int64. Where the output
 * head can be told, only its C columns are multiplied (`narrowColumns`); `pruneRows` then sees to it that only that position is.
 * @throws FleetError `model.output-unknown` where the output is known to have other than three axes
 */
export function addAnswer(graph: GraphProto, { output, answers, sites }: AnswerPlan): GraphProto {
  const shape = inferLayouts(graph).get(output)?.shape;
  if (shape && shape.length !== 3) throw new FleetError('model.output-unknown', { field: 'output', problem: `A language model gives [batch, time, vocabulary], and "${output}" has ${shape.length} axes.`, fix: 'Name the logits of a causal language model.' });
  const vocabulary = shape?.[2]?.size ?? undefined;
  const beyond = answers.findIndex((id) => id < 0 || id >= (vocabulary ?? Infinity));
  if (beyond >= 0) throw new FleetError('model.output-unknown', { field: 'answers', problem: `Answer ${beyond + 1} is token ${answers[beyond] ?? ''}, and "${output}" has the logits of ${vocabulary ?? 'other'} tokens.`, fix: "Use the model's own tokenizer." });
  const narrowed = narrowColumns(graph, { output, columns: answers, sites });
  const read = narrowed ?? graph;
  const added = additionsTo(read);
  added.nodes.push(...read.node);
  // Nodes like any of the model, so that they are tiled like them: their names are not ours.
  const step = (operator: string, inputs: string[], part: string, attributes: Record<string, AttributeValue> = {}) => {
    added.nodes.push(makeNode({ operator, inputs, outputs: [`answer/${part}`], attributes }));
    return `answer/${part}`;
  };
  const position = step('Unsqueeze', [names.answer, added.integers(1)], 'position');
  const width = step('Slice', [step('Shape', [output], 'shape'), added.integers(2), added.integers(3)], 'width');
  const wide = step('Expand', [step('Unsqueeze', [position, added.integers(2)], 'index'), step('Concat', [added.integers(1, 1), width], 'wideShape', { axis: 0 })], 'wide');
  const chosen = step('Squeeze', [step('GatherElements', [output, wide], 'chosen', { axis: 1 }), added.integers(1)], 'single');
  step('Cast', [narrowed ? chosen : step('Gather', [chosen, added.integers(...answers)], 'words', { axis: 1 })], 'logits', { to: TensorProto_DataType.FLOAT });
  return validate(revise(added.applyTo(read), { input: [...read.input, valueInfo(names.answer, 'int64', ['batch'])] }), 'addAnswer');
}
