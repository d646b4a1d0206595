import { basename } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { type Batch, batchOf } from './batches/batch.js';
import { BatchOrder } from './batches/batch-order.js';
import { type DataFile, type LabelledText, readDataFile } from './files/data-file.js';
import { placeOf } from './files/place.js';
import { splitHash, splitHeldOut } from './split/held-out-split.js';
import { type TokenStore, TokenStoreBuilder } from './tokens/token-store.js';
import { openTokenizer } from './tokens/tokenizer.js';

export interface DatasetOptions extends DataFile {
  /** At least two, in the order of the class indices. */
  labels: readonly string[];
  /** A `tokenizer.json`. */
  tokenizer: { path: string };
  /** Longer texts are cut. */
  tokensMax: number;
  /** Share of the examples kept for evaluation, in [0, 1). */
  heldOutFraction: number;
  /** The device's own: decides the order of batches (the split depends on the examples alone). The same after a restart. */
  salt: Uint8Array;
}

/** The local examples of one device, as token ids; the texts themselves are not kept. */
export interface Dataset {
  readonly trainExamples: number;
  readonly heldOutExamples: number;
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
  const { heldOutFraction: fraction, tokensMax, salt } = options;
  if (!(fraction >= 0 && fraction < 1)) throw new FleetError('dataset.option', { field: 'heldOutFraction', problem: `The held-out fraction ${fraction} is not in [0, 1).` });
  const tokenizer = await openTokenizer({ path: options.tokenizer.path, tokensMax });
  const builder = new TokenStoreBuilder();
  const hashes: Uint8Array[] = [];
  for await (const example of readDataFile(options)) {
    const label = classOf(example, options);
    const tokens = tokenizer.encode(example.text);
    if (tokens.length === 0) {
      throw new FleetError('dataset.wrong-field', { field: options.fields.text, problem: `${placeOf({ path: options.path, line: example.line })}: the text has no tokens.` });
    }
    builder.add(tokens, { label });
    hashes.push(splitHash(example));
  }
  if (hashes.length === 0) throw new FleetError('dataset.empty', { field: 'path', problem: `The data file ${basename(options.path)} holds no examples.` });
  const store = builder.build();
  return datasetOf({ store, ...splitHeldOut({ hashes, fraction }), padding: tokenizer.padding, salt });
}

function classOf(example: LabelledText, { labels, path, fields }: DatasetOptions): number {
  const index = labels.indexOf(example.label);
  if (index >= 0) return index;
  // The label found is data of the device, the labels asked for are public in the manifest.
  const known = labels.map((label) => `"${label}"`).join(', ');
  throw new FleetError('dataset.unknown-label', { field: fields.label, problem: `${placeOf({ path, line: example.line })}: the field "${fields.label}" holds none of the labels ${known}.` });
}

function datasetOf({ store, train, heldOut, padding, salt }: { store: TokenStore; train: Int32Array; heldOut: Int32Array; padding: number; salt: Uint8Array }): Dataset {
  const lengthOf = (example: number): number => store.lengthOf(example);
  const heldOutByLength = Int32Array.from(heldOut).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  let order: BatchOrder | undefined;
  return {
    trainExamples: train.length,
    heldOutExamples: heldOut.length,
    trainBatch({ counter, examples }) {
      requireExamples(examples);
      if (!Number.isSafeInteger(counter) || counter < 0) throw new RangeError(`batch counter ${counter}`);
      if (order?.asked !== examples) order = new BatchOrder({ members: train, lengthOf, examples, salt });
      return batchOf(store, { members: order.batch(counter), padding });
    },
    *heldOutBatches({ examples }) {
      requireExamples(examples);
      for (let first = 0; first < heldOutByLength.length; first += examples) {
        yield batchOf(store, { members: heldOutByLength.subarray(first, first + examples), padding });
      }
    },
  };
}

function requireExamples(examples: number): void {
  if (!Number.isSafeInteger(examples) || examples < 1) throw new RangeError(`batch of ${examples} examples`);
}
