import { FleetError } from '@seedfleet/errors';
import { type CheckOptions } from './check-options.js';
import { loadRuntime, type Batch, type CheckTask } from './load-runtime.js';
import { type FoundModel } from './model-source.js';

export interface CheckBatches { batches: [Batch, Batch]; task: CheckTask; from: string }

/**
 * Two batches of one size: random token ids, or texts of this machine where --data names some.
 * @throws FleetError `model.vocabulary-unknown`, `model.tokenizer-missing`, `dataset.*`, `command.invalid`
 */
export async function checkBatches({ task: type, vocabulary, found, options }: { task: NonNullable<CheckOptions['task']>; vocabulary: number | undefined; found: FoundModel; options: CheckOptions }): Promise<CheckBatches> {
  const task: CheckTask = type === 'language' ? { type } : { type, classes: options.labels?.length ?? options.classes };
  if (options.data !== undefined) return { batches: await fromFile(options.data, { task, found, options }), task, from: 'the data file' };
  if (vocabulary === undefined) throw new FleetError('model.vocabulary-unknown', { field: '--vocabulary', problem: 'Nothing says how many token ids the model knows.' });
  const { randomBatches } = await loadRuntime();
  const [first, second] = randomBatches(2, { examples: options.batch, tokens: options.tokens, vocabulary, task });
  if (!first || !second) throw new FleetError('command.invalid', { field: '--batch', problem: 'There are no batches.' });
  return { batches: [first, second], task, from: `random ids below ${vocabulary}` };
}

async function fromFile(path: string, { task, found, options }: { task: CheckTask; found: FoundModel; options: CheckOptions }): Promise<[Batch, Batch]> {
  const { batch: examples, tokens, format, textField, labelField, labels } = options;
  if (found.tokenizer === undefined) throw new FleetError('model.tokenizer-missing', { field: '--tokenizer', problem: 'Texts need the tokenizer of the model.' });
  if (task.type === 'classification' && labels === undefined) throw new FleetError('command.invalid', { field: '--labels', problem: 'Data for a classification needs --labels.' });
  const { openDataset } = await import('@seedfleet/dataset');
  const dataset = await openDataset({
    path, format, fields: { text: textField, ...(task.type === 'classification' ? { label: labelField } : {}) }, tokenizer: { path: found.tokenizer }, tokensMax: tokens, heldOutFraction: 0, salt: new Uint8Array(32),
    task: task.type === 'classification' ? { type: task.type, labels: labels ?? [] } : { type: 'language' },
  });
  if (dataset.trainExamples < 2 * examples) throw new FleetError('command.invalid', { field: '--data', problem: `The data file holds ${dataset.trainExamples} examples; two batches of ${examples} take ${2 * examples}.`, fix: 'Give more texts, or a smaller --batch.' });
  const [first, second] = [0, 1].map((counter) => dataset.trainBatch({ counter, examples }));
  if (!first || !second) throw new FleetError('command.invalid', { field: '--data', problem: 'There are no batches.' });
  const length = Math.max(first.tokens, second.tokens);
  return [padded(first, length), padded(second, length)];
}

/** The same examples, more padding on the right. */
function padded(batch: Batch, tokens: number): Batch {
  const widened = (values: BigInt64Array, filling: bigint) => BigInt64Array.from({ length: batch.examples * tokens }, (_, i) => (i % tokens < batch.tokens ? values[Math.floor(i / tokens) * batch.tokens + (i % tokens)] ?? filling : filling));
  return { ...batch, tokens, ids: widened(batch.ids, 0n), mask: widened(batch.mask, 0n), labels: batch.labels.length === batch.examples ? batch.labels : widened(batch.labels, -1n) };
}
