import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, sha256, toHex, type Manifest } from '@seedfleet/ledger';
import { frozenA, layoutOf, perturbationKey, perturbedRowsInto, rowsOf } from '@seedfleet/numerics';
import { evaluateHeldOut, evaluateRound } from '../evaluation/evaluate.js';
import { ARunHere } from '../testing/a-prepared-run.fixture.js';
import { aSmallModel, type SmallModel } from '../testing/a-small-model.fixture.js';

const lines = [
  { text: 'very good film', label: 'positive' }, { text: 'bad food', label: 'negative' }, { text: 'good', label: 'positive' }, { text: 'very very bad', label: 'negative' },
  { text: 'good food', label: 'positive' }, { text: 'bad', label: 'negative' }, { text: 'film good good', label: 'positive' }, { text: 'bad bad film', label: 'negative' },
];

let here: ARunHere;
let small: SmallModel;

beforeEach(async () => {
  here = new ARunHere();
  small = aSmallModel({ folder: here.served });
  await here.start();
});

afterEach(() => here.stop());

const prepare = (change: Partial<Manifest> = {}, rows: readonly unknown[] = lines) =>
  here.prepare({ lines: rows, change: { model: small.model, adapter: small.adapter, ...change } });
const inRun = (path: string) => here.inRun(path);

test('the rewritten graph computes the losses of the perturbed adapters, as a plain computation does', async () => {
  const { engine, dataset, manifest } = await prepare();
  const layout = layoutOf(manifest.adapter.sites);
  const b = Float64Array.from({ length: layout.size }, (_, i) => ((i * 31) % 17) / 17 - 0.5);
  const seeds = BigUint64Array.of(11n, 22n, 33n, 44n);
  const { differences, examples } = await evaluateRound({ engine, dataset, manifest, b, seeds, batch: 0 });

  const { estimator } = manifest;
  const rows = new Float32Array(rowsOf(estimator) * layout.size);
  perturbedRowsInto(rows, { b, layout, key: perturbationKey(fromHex(manifest.runKey)), seeds, estimator });
  const batch = dataset.trainBatch({ counter: 0, examples: estimator.batchExamples });
  const losses = Array.from({ length: estimator.queries }, (_, p) => meanLossOf(manifest, batch, rows.subarray(p * layout.size, (p + 1) * layout.size)));
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  // leave-one-out: d_j = (L_j - mean L) q / (q - 1)
  const expected = losses.map((loss) => (loss - mean) * losses.length / (losses.length - 1));
  expect(examples).toBe(6);
  expected.forEach((difference, j) => expect(differences[j]).toBeCloseTo(difference, 4));
  expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.01);
});

test('a head of zeros evaluates to ln 2 on every held-out example', async () => {
  const { engine, dataset, manifest } = await prepare();
  const sums = await evaluateHeldOut({ engine, dataset, manifest, positionsPerPass: 100, b: new Float64Array(layoutOf(manifest.adapter.sites).size) });
  expect(sums.count).toBe(2);
  expect(sums.lossSum / sums.count).toBeCloseTo(Math.LN2, 5);
});

test('preparing again fetches and rewrites nothing; the base model is as it was served', async () => {
  const first = await prepare();
  const fetched = here.requests.length;
  const [before] = [statSync(inRun('training-2-fp32-suffix.onnx')).mtimeMs];
  const second = await prepare();
  expect(first.rewritePeakMegabytes).toBeGreaterThan(0);
  expect(second.rewritePeakMegabytes).toBe(0);
  expect(here.requests.length).toBe(fetched);
  expect(statSync(inRun('training-2-fp32-suffix.onnx')).mtimeMs).toBe(before);
  expect(toHex(sha256(new Uint8Array(readFileSync(inRun('model.onnx')))))).toBe(small.model.files[0]?.sha256);
});

test('a training graph that was damaged on disk is written again', async () => {
  await prepare();
  const good = readFileSync(inRun('training-2-fp32-suffix.onnx'));
  writeFileSync(inRun('training-2-fp32-suffix.onnx'), good.subarray(0, good.length - 5));
  await prepare();
  expect(readFileSync(inRun('training-2-fp32-suffix.onnx')).equals(good)).toBe(true);
});

test('the split of the data is the same in the next process', async () => {
  const texts = async () => [...(await prepare()).dataset.heldOutBatches({ examples: 8 })].map(({ ids }) => [...ids].join());
  expect(await texts()).toEqual(await texts());
});

test('a model that is no ONNX file is refused by that name, from the other process too', async () => {
  const bytes = new TextEncoder().encode('not a model at all');
  writeFileSync(join(here.served, 'model.onnx'), bytes);
  const files = small.model.files.map((file) => file.role === 'model' ? { ...file, sha256: toHex(sha256(bytes)), bytes: bytes.length } : file);
  await expect(prepare({ model: { ...small.model, files } })).rejects.toMatchObject({ code: 'model.not-onnx' });
});

test('a broken line is heard of before the model is fetched', async () => {
  await expect(prepare({}, [...lines, '{"text": '])).rejects.toMatchObject({ code: 'dataset.broken-line' });
  expect(here.requests).toEqual(['/tokenizer.json']);
});

/** Mean cross entropy of a batch under one row of B, in plain float64: y = x W + (alpha / r) (x A) B, then the head. */
function meanLossOf(manifest: Manifest, batch: { examples: number; tokens: number; ids: BigInt64Array; mask: BigInt64Array; labels: BigInt64Array }, row: Float32Array): number {
  const { rank, alpha } = manifest.adapter;
  const { width, embedding, pooler } = small;
  const a = frozenA({ runKey: fromHex(manifest.runKey), site: 0, inputs: width, rank });
  const [loraB, headW, headB] = [row.subarray(0, rank * width), row.subarray(rank * width, rank * width + width * 2), row.subarray(rank * width + width * 2)];
  let sum = 0;
  for (let e = 0; e < batch.examples; e++) {
    const places = Array.from({ length: batch.tokens }, (_, t) => e * batch.tokens + t).filter((at) => batch.mask[at] === 1n);
    const x = range(width).map((i) => places.reduce((total, at) => total + at0(embedding, Number(batch.ids[at]) * width + i), 0) / places.length);
    const xa = range(rank).map((r) => dot(x, (i) => at0(a, i * rank + r)));
    const y = range(width).map((o) => dot(x, (i) => at0(pooler, i * width + o)) + alpha / rank * dot(xa, (r) => at0(loraB, r * width + o)));
    const logits = range(2).map((c) => dot(y, (i) => at0(headW, i * 2 + c)) + at0(headB, c));
    const label = Number(batch.labels[e]);
    sum += Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0)) - (logits[label] ?? NaN);
  }
  return sum / batch.examples;
}

const range = (length: number) => Array.from({ length }, (_, i) => i);
const at0 = (values: Float32Array, i: number) => values[i] ?? NaN;
const dot = (x: number[], weight: (i: number) => number) => x.reduce((sum, value, i) => sum + value * weight(i), 0);
