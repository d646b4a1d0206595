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
  if (options.data !== undefined) return { ...await fromFile(options.data, { type, found, options }), from: 'the data file' };
  if (vocabulary === undefined) throw new FleetError('model.vocabulary-unknown', { field: '--vocabulary', problem: 'Nothing says how many token ids the model knows.' });
  const { randomBatches } = await loadRuntime();
  const task = randomTask(type, { classes: options.labels?.length ?? options.classes, vocabulary });
  const [first, second] = randomBatches(2, { examples: options.batch, tokens: options.tokens, vocabulary, task });
  if (!first || !second) throw new FleetError('command.invalid', { field: '--batch', problem: 'There are no batches.' });
  return { batches: [first, second], task, from: `random ids below ${vocabulary}` };
}

/** Of a verbalizer some tokens far apart: which ones the words begin with, only a tokenizer knows. */
function randomTask(type: CheckTask['type'], { classes, vocabulary }: { classes: number; vocabulary: number }): CheckTask {
  if (type === 'language') return { type };
  if (type === 'classification') return { type, classes };
  return { type, answers: Array.from({ length: classes }, (_, index) => Math.floor((index + 1) * vocabulary / (classes + 1))) };
}

async function fromFile(path: string, { type, found, options }: { type: CheckTask['type']; found: FoundModel; options: CheckOptions }): Promise<Omit<CheckBatches, 'from'>> {
  const { batch: examples, tokens, format, textField, labelField, labels, words, template } = options;
  if (found.tokenizer === undefined) throw new FleetError('model.tokenizer-missing', { field: '--tokenizer', problem: 'Texts need the tokenizer of the model.' });
  if (type !== 'language' && labels === undefined) throw new FleetError('command.invalid', { field: '--labels', problem: 'Data for a classification needs --labels.' });
  if (type === 'verbalizer' && (words === undefined || template === undefined)) throw new FleetError('command.invalid', { field: words === undefined ? '--words' : '--template', problem: 'Data for a verbalizer needs --words and --template.' });
  const { openDataset } = await import('@seedfleet/dataset');
  const dataset = await openDataset({
    path, format, fields: { text: textField, ...(type === 'language' ? {} : { label: labelField }) }, tokenizer: { path: found.tokenizer }, tokensMax: tokens, heldOutFraction: 0, salt: new Uint8Array(32),
    task: type === 'language' ? { type } : type === 'classification' ? { type, labels: labels ?? [] } : { type, labels: labels ?? [], words: words ?? [], template: template ?? '' },
  });
  if (dataset.trainExamples < 2 * examples) throw new FleetError('command.invalid', { field: '--data', problem: `The data file holds ${dataset.trainExamples} examples; two batches of ${examples} take ${2 * examples}.`, fix: 'Give more texts, or a smaller --batch.' });
  const [first, second] = [0, 1].map((counter) => dataset.trainBatch({ counter, examples }));
  if (!first || !second) throw new FleetError('command.invalid', { field: '--data', problem: 'There are no batches.' });
  const length = Math.max(first.tokens, second.tokens);
  const task: CheckTask = type === 'language' ? { type } : type === 'classification' ? { type, classes: labels?.length ?? 0 } : { type, answers: dataset.answers ?? [] };
  return { batches: [padded(first, length), padded(second, length)], task };
}

/** The same examples, more padding on the right. */
function padded(batch: Batch, tokens: number): Batch {
  const widened = (values: BigInt64Array, filling: bigint) => BigInt64Array.from({ length: batch.examples * tokens }, (_, i) => (i % tokens < batch.tokens ? values[Math.floor(i / tokens) * batch.tokens + (i % tokens)] ?? filling : filling));
  return { ...batch, tokens, ids: widened(batch.ids, 0n), mask: widened(batch.mask, 0n), labels: batch.labels.length === batch.examples ? batch.labels : widened(batch.labels, -1n) };
}
