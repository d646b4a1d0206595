import { basename } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { type Batch, batchOf } from './batches/batch.js';
import { BatchOrder } from './batches/batch-order.js';
import { type DataFile } from './files/data-file.js';
import { splitHash, splitHeldOut } from './split/held-out-split.js';
import { type DatasetTask } from './tasks/dataset-task.js';
import { examplesOf } from './tasks/examples-of.js';
import { type TokenStore, TokenStoreBuilder } from './tokens/token-store.js';
import { openTokenizer } from './tokens/tokenizer.js';

export interface DatasetOptions extends DataFile {
  /** What the examples are made for. `language` reads the texts alone, and needs no field for a label. */
  task: DatasetTask;
  /** A `tokenizer.json`. */
  tokenizer: { path: string };
  /** Longer texts are cut, prompts in their text only; a language task may have windows in place of the cut. */
  tokensMax: number;
  /** Share of the examples kept for evaluation, in [0, 1). */
  heldOutFraction: number;
  /** The device's own: decides the order of batches (the split depends on the examples alone). The same after a restart. */
  salt: Uint8Array;
}

/** The local examples of one device, as token ids; the texts themselves are not kept. */
export interface Dataset {
  /** Windows count one by one. */
  readonly trainExamples: number;
  /** Texts: one in several windows counts once, as the sum over it is nearly the loss of one. */
  readonly heldOutExamples: number;
  /** Verbalizer only: first token of each label's word, behind the template. */
  readonly answers?: readonly number[];
  /** Batch `counter` of the endless order: every example once an epoch; of `examples` rows, or of all where there are fewer. */
  trainBatch(request: { counter: number; examples: number }): Batch;
  /** Every held-out example once, short ones first; the last batch may be smaller. */
  heldOutBatches(request: { examples: number }): Iterable<Batch>;
}

/**
 * Reads a data file once and keeps its examples in memory, about four bytes a token.
 * @throws FleetError `dataset.not-found`, `dataset.broken-line`, `dataset.missing-field`, `dataset.wrong-field`, `dataset.unknown-label`,
 *   `dataset.empty`, `dataset.option`, `tokenizer.not-found`, `tokenizer.invalid`; problems name file, line and field, never their content
 */
export async function openDataset(options: DatasetOptions): Promise<Dataset> {
  const { heldOutFraction: fraction, task, tokensMax, salt } = options;
  if (!(fraction >= 0 && fraction < 1)) throw new FleetError('dataset.option', { field: 'heldOutFraction', problem: `The held-out fraction ${fraction} is not in [0, 1).` });
  const tokenizer = await openTokenizer({ path: options.tokenizer.path, tokensMax });
  const { examples, answers } = examplesOf({ file: options, task, tokenizer, tokensMax });
  const builder = new TokenStoreBuilder();
  const hashes: Uint8Array[] = [];
  const textOf: number[] = [];
  for await (const { text, windows, label } of examples()) {
    for (const window of windows) {
      builder.add(window, { label });
      textOf.push(hashes.length);
    }
    hashes.push(splitHash(text));
  }
  if (hashes.length === 0) throw new FleetError('dataset.empty', { field: 'path', problem: `The data file ${basename(options.path)} holds no examples.` });
  const store = builder.build();
  const split = splitHeldOut({ hashes, fraction, together: task.type === 'language' && task.overlap !== undefined });
  return {
    ...datasetOf({ store, train: examplesOfTexts(split.train, textOf), heldOut: examplesOfTexts(split.heldOut, textOf), task: task.type, padding: tokenizer.padding, salt }),
    heldOutExamples: split.heldOut.length, ...(answers ? { answers } : {}),
  };
}

/** @param textOf number of the text that each example is of, ascending */
function examplesOfTexts(texts: Int32Array, textOf: readonly number[]): Int32Array {
  const chosen = new Set(texts);
  return Int32Array.from(textOf.flatMap((text, example) => (chosen.has(text) ? [example] : [])));
}

interface DatasetParts { store: TokenStore; train: Int32Array; heldOut: Int32Array; task: DatasetTask['type']; padding: number; salt: Uint8Array }

function datasetOf({ store, train, heldOut, task, padding, salt }: DatasetParts): Omit<Dataset, 'heldOutExamples'> {
  const lengthOf = (example: number): number => store.lengthOf(example);
  const heldOutByLength = Int32Array.from(heldOut).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  let order: BatchOrder | undefined;
  return {
    trainExamples: train.length,
    trainBatch({ counter, examples }) {
      requireExamples(examples);
      if (!Number.isSafeInteger(counter) || counter < 0) throw new RangeError(`batch counter ${counter}`);
      if (order?.asked !== examples) order = new BatchOrder({ members: train, lengthOf, examples, salt });
      return batchOf(store, { task, members: order.batch(counter), padding });
    },
    *heldOutBatches({ examples }) {
      requireExamples(examples);
      for (let first = 0; first < heldOutByLength.length; first += examples) {
        yield batchOf(store, { members: heldOutByLength.subarray(first, first + examples), task, padding });
      }
    },
  };
}

function requireExamples(examples: number): void {
  if (!Number.isSafeInteger(examples) || examples < 1) throw new RangeError(`batch of ${examples} examples`);
}
