import { FleetError } from '@seedfleet/errors';
import { type OnnxModel } from '@seedfleet/onnx';
import { type TaskType } from '@seedfleet/protocol';

/** What an output is good for. */
export interface OutputUse {
  tasks: TaskType[];
  /** d of what a head reads, or the vocabulary; null where a language model does not declare it */
  width: number | null;
}

/**
 * What the declared shape of an output says: [batch, width], or with a pool [batch, time, width], is what a head reads; [batch, time, vocabulary]
 * without a pool are the logits of a causal language model.
 * @throws FleetError `model.output-unknown` if there is no such output, its shape is another, or a head's width is not fixed
 */
export function outputUseOf({ graph }: OnnxModel, { output, pool }: { output: string; pool: string | undefined }): OutputUse {
  const value = [...graph.output, ...graph.valueInfo].find(({ name }) => name === output);
  if (value === undefined) throw unknown(`The graph has no output "${output}"; it has ${graph.output.map(({ name }) => `"${name}"`).join(', ')}.`);
  const type = value.type?.value;
  const dimensions = type?.case === 'tensorType' ? type.value.shape?.dim ?? [] : [];
  const last = dimensions.at(-1)?.value;
  const width = last?.case === 'dimValue' && last.value >= 1n ? Number(last.value) : null;
  if (pool === undefined && dimensions.length === 3) return { tasks: ['language', 'verbalizer'], width };
  const axes = pool === undefined ? 2 : 3;
  if (dimensions.length !== axes || width === null) {
    throw unknown(`The output "${output}" is not declared as ${axes === 2 ? '[batch, width]' : '[batch, time, width]'} with a fixed width${pool === undefined ? ', nor as the logits [batch, time, vocabulary] of a language model' : ''}.`);
  }
  return { tasks: ['classification'], width };
}

function unknown(problem: string): FleetError {
  return new FleetError('model.output-unknown', { field: 'output', problem });
}
