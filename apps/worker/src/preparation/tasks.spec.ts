import { type Dataset } from '@seedfleet/dataset';
import { fromHex, type Manifest } from '@seedfleet/ledger';
import { frozenA, layoutOf, perturbationKey, perturbedRowsInto, rowsOf } from '@seedfleet/numerics';
import { evaluateHeldOut, evaluateRound } from '../evaluation/evaluate.js';
import { ARunHere } from '../testing/a-prepared-run.fixture.js';
import { aSmallLanguageModel, type SmallLanguageModel } from '../testing/a-small-model.fixture.js';
import { type Workbench } from './prepare-run.js';

type Batch = ReturnType<Dataset['trainBatch']>;

const texts = ['very good film', 'bad food', 'good', 'very very bad', 'good food', 'bad', 'film good good', 'bad bad film', 'very bad food', 'good film', 'very good', 'bad film'];
const labelled = texts.map((text) => ({ text, label: text.includes('good') ? 'positive' : 'negative' }));
const labels = ['negative', 'positive'];
const verbalizer: Manifest['task'] = { type: 'verbalizer', labels, words: [' bad', ' good'], template: '{text} very', tokensMax: 16 };
const language: Manifest['task'] = { type: 'language', tokensMax: 16 };

let here: ARunHere;
let small: SmallLanguageModel;

beforeEach(async () => {
  here = new ARunHere();
  small = aSmallLanguageModel({ folder: here.served });
  await here.start();
});

afterEach(() => here.stop());

type Prepared = Workbench & { manifest: Manifest };

const prepare = (task: Manifest['task'], preparation: Partial<Parameters<ARunHere['prepare']>[0]> = {}) =>
  here.prepare({ lines: labelled, ...preparation, change: { model: small.model, adapter: small.adapter, task } });

const aB = ({ manifest }: Prepared) => Float64Array.from({ length: layoutOf(manifest.adapter.sites).size }, (_, i) => ((i * 31) % 17) / 17 - 0.5);

/** Leave-one-out differences of one batch from plain losses: d_j = (L_j - mean L) q / (q - 1). */
function plainDifferences({ dataset, manifest, b, seeds, lossesOf }: Pick<Prepared, 'dataset' | 'manifest'> & { b: Float64Array; seeds: BigUint64Array; lossesOf: (batch: Batch, row: Float32Array) => number[] }): number[] {
  const { estimator } = manifest;
  const layout = layoutOf(manifest.adapter.sites);
  const rows = new Float32Array(rowsOf(estimator) * layout.size);
  perturbedRowsInto(rows, { b, layout, key: perturbationKey(fromHex(manifest.runKey)), seeds, estimator });
  const batch = dataset.trainBatch({ counter: 0, examples: estimator.batchExamples });
  const losses = Array.from({ length: estimator.queries }, (_, p) => mean(lossesOf(batch, rows.subarray(p * layout.size, (p + 1) * layout.size))));
  return losses.map((loss) => (loss - mean(losses)) * losses.length / (losses.length - 1));
}

const seeds = BigUint64Array.of(11n, 22n, 33n, 44n);

describe('a run that asks a language model for a word', () => {
  /** Cross entropy of the two words' logits behind the last word of the prompt. */
  const lossesOf = (manifest: Manifest) => (batch: Batch, row: Float32Array) => range(batch.examples).map((e) => {
    const at = Number(batch.answer?.[e] ?? -1n);
    const logits = logitsBehind(Number(batch.ids[e * batch.tokens + at]), { manifest, row });
    return crossEntropy(['bad', 'good'].map((word) => logits[small.words.indexOf(word)] ?? NaN), Number(batch.labels[e]));
  });

  test('reports the differences that a plain computation finds, of LoRA and bias', async () => {
    const bench = await prepare(verbalizer);
    const b = aB(bench);
    const { differences, examples } = await evaluateRound({ ...bench, b, seeds, batch: 0 });
    const expected = plainDifferences({ ...bench, b, seeds, lossesOf: lossesOf(bench.manifest) });
    expect(examples).toBe(8);
    expected.forEach((difference, j) => expect(differences[j]).toBeCloseTo(difference, 4));
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(1e-4);
  });

  test('evaluates to sums by class that add up', async () => {
    const bench = await prepare(verbalizer);
    const b = aB(bench);
    const sums = await evaluateHeldOut({ ...bench, b });
    const row = Float32Array.from(b);
    const expected = [...bench.dataset.heldOutBatches({ examples: 32 })].flatMap((batch) => lossesOf(bench.manifest)(batch, row));
    expect(sums.count).toBe(3);
    expect(sums.lossSum).toBeCloseTo(expected.reduce((a, loss) => a + loss, 0), 4);
    const { actual = [], predicted = [], correct = [] } = sums.perClass ?? {};
    expect([total(actual), total(predicted), total(correct)]).toEqual([3, 3, sums.correct]);
  });

  test('needs a label in the data, and says which field is missing', async () => {
    await expect(prepare(verbalizer, { lines: texts.map((text) => ({ text })) })).rejects.toMatchObject({ code: 'dataset.missing-field', field: 'label' });
  });
});

describe('a run of a language model on passages', () => {
  const lines = texts.flatMap((text) => [`${text} good food`, '']);
  const data = { format: 'text' as const, fields: { text: 'text' } };
  /** Mean over the foretold tokens of each example. */
  const lossesOf = (manifest: Manifest) => (batch: Batch, row: Float32Array) => range(batch.examples).map((e) => mean(tokenLosses(manifest, batch, row, e)));

  function tokenLosses(manifest: Manifest, batch: Batch, row: Float32Array, e: number): number[] {
    return range(batch.tokens).slice(1).map((t) => e * batch.tokens + t).filter((at) => (batch.labels[at] ?? -1n) >= 0n)
      .map((at) => crossEntropy(logitsBehind(Number(batch.ids[at - 1]), { manifest, row }), Number(batch.labels[at])));
  }

  test('reports the differences that a plain computation finds', async () => {
    const bench = await prepare(language, { lines, data });
    const b = aB(bench);
    const { differences } = await evaluateRound({ ...bench, b, seeds, batch: 0 });
    const expected = plainDifferences({ ...bench, b, seeds, lossesOf: lossesOf(bench.manifest) });
    expected.forEach((difference, j) => expect(differences[j]).toBeCloseTo(difference, 4));
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(1e-4);
  });

  test('evaluates to the sum of the losses of all foretold tokens, with nothing by class', async () => {
    const bench = await prepare(language, { lines, data });
    const b = aB(bench);
    const sums = await evaluateHeldOut({ ...bench, b });
    const row = Float32Array.from(b);
    const expected = [...bench.dataset.heldOutBatches({ examples: 32 })].flatMap((batch) => range(batch.examples).flatMap((e) => tokenLosses(bench.manifest, batch, row, e)));
    expect(sums.count).toBe(expected.length);
    expect(sums.lossSum).toBeCloseTo(total(expected), 3);
    expect(sums).not.toHaveProperty('perClass');
  });

  test('in windows foretells each token of a long passage once, and holds a passage out as one example', async () => {
    const windows: Manifest['task'] = { type: 'language', tokensMax: 3, overlap: 1 };
    const [whole, bench] = [await prepare(language, { lines, data }), await prepare(windows, { lines, data })];
    expect(bench.dataset.heldOutExamples).toBe(whole.dataset.heldOutExamples);
    expect(bench.dataset.trainExamples).toBeGreaterThan(whole.dataset.trainExamples);
    const b = aB(bench);
    const { differences } = await evaluateRound({ ...bench, b, seeds, batch: 0 });
    plainDifferences({ ...bench, b, seeds, lossesOf: lossesOf(bench.manifest) }).forEach((difference, j) => expect(differences[j]).toBeCloseTo(difference, 4));
    // This model foretells from one word alone, so that windows change nothing but the cut.
    const [sums, uncut] = [await evaluateHeldOut({ ...bench, b }), await evaluateHeldOut({ ...whole, b })];
    expect(sums.count).toBe(uncut.count);
    expect(sums.lossSum).toBeCloseTo(uncut.lossSum, 3);
  }, 20_000);

  test('reads the text field of a file with labels, too', async () => {
    expect((await prepare(language)).dataset.trainExamples).toBeGreaterThan(0);
  });
});

/** Logits behind one word: ((e W + (alpha / r) (e A) B + beta) H, in plain float64. */
function logitsBehind(id: number, { manifest, row }: { manifest: Manifest; row: Float32Array }): number[] {
  const { rank, alpha } = manifest.adapter;
  const { width, embedding, block, output, words } = small;
  const a = frozenA({ runKey: fromHex(manifest.runKey), site: 0, inputs: width, rank });
  const [loraB, beta] = [row.subarray(0, rank * width), row.subarray(rank * width)];
  const x = range(width).map((i) => at0(embedding, id * width + i));
  const xa = range(rank).map((r) => dot(x, (i) => at0(a, i * rank + r)));
  const y = range(width).map((o) => dot(x, (i) => at0(block, i * width + o)) + alpha / rank * dot(xa, (r) => at0(loraB, r * width + o)) + at0(beta, o));
  return words.map((_, w) => dot(y, (i) => at0(output, i * words.length + w)));
}

function crossEntropy(logits: readonly number[], label: number): number {
  return Math.log(total(logits.map((logit) => Math.exp(logit)))) - (logits[label] ?? NaN);
}

const range = (length: number) => Array.from({ length }, (_, i) => i);
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const mean = (values: readonly number[]) => total(values) / values.length;
const at0 = (values: Float32Array, i: number) => values[i] ?? NaN;
const dot = (x: number[], weight: (i: number) => number) => x.reduce((sum, value, i) => sum + value * weight(i), 0);
