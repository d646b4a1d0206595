import { mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { externalTensor, graphBuilder, inspectSites, rawTensor, type OnnxModel } from '@seedfleet/onnx';
import { smallModel, vocabulary, width } from '../training-graph/small-models.fixture.js';
import { checkModel, type CheckRequest } from './check-model.js';
import { randomBatches } from './random-batches.js';

const task = { type: 'classification', classes: 2 } as const;
function requestOf(model: OnnxModel, changes: Partial<CheckRequest> = {}): CheckRequest {
  const [first, second] = randomBatches(2, { examples: 4, tokens: 6, vocabulary, task });
  if (!first || !second) throw new Error('no batches');
  return {
    model, folder: tmpdir(), output: 'features', inputs: { ids: 'ids', mask: 'mask' }, task, threads: 1,
    adapter: { sites: inspectSites(model).sites.map(({ name }) => name).slice(-2), rank: 2, alpha: 4, scale: 1, headScale: 1 },
    precision: 'fp32', estimator: { type: 'leave-one-out', queries: 8, distribution: 'rademacher' }, batches: [first, second], ...changes,
  };
}
const transformer = () => smallModel({ blocks: ['attention', 'residual'], pool: 'mean' });

/** A model of one site; between it and the features stands what is under test. */
function modelWith(between: (g: ReturnType<typeof graphBuilder>, y: string) => string): OnnxModel {
  const g = graphBuilder({ name: 'between' });
  g.input('ids', 'int64', ['batch', 'tokens']);
  g.input('mask', 'int64', ['batch', 'tokens']);
  const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 3 * i));
  const rows = g.node('Gather', [g.weight('table', values(vocabulary * width, 1), [vocabulary, width]), 'ids'], 'rows', { axis: 0 });
  const y = g.node('MatMul', [rows, g.weight('dense.weight', values(width * width, 2), [width, width])], 'y');
  g.node('ReduceSum', [between(g, y), g.integers('time', [1])], 'features', { keepdims: 0 });
  g.output('features', 'float32', ['batch', width]);
  return g.build();
}

test('a float transformer passes: rows alike, noise of rounding, a line over decades of eps', async () => {
  const found = await checkModel(requestOf(transformer()));
  expect(found.step).toMatchObject({ rows: 8, examples: 4, tokens: 6, sites: 2, trainable: 2 * 2 * width + width * 2 + 2 });
  expect(found.parallel).toBeLessThan(1e-6);
  expect(found.noise.repeat).toBe(0);
  expect(found.noise.neighbours).toBeLessThan(1e-3 * found.noise.size);
  const { reference, upTo, suggested, findings } = found.linearity;
  expect(reference).toBeLessThanOrEqual(1e-3);
  expect(upTo).toBeGreaterThanOrEqual(1e-2);
  expect(suggested).toBeGreaterThanOrEqual(reference ?? NaN);
  expect(suggested).toBeLessThanOrEqual(upTo ?? NaN);
  // Leave-one-out is exact to second order: at 1e-3 of weights of size 1 nothing bends.
  expect(findings.find(({ eps }) => eps === 1e-3)?.correlation).toBeGreaterThan(0.999);
  expect(found.learningRate?.suggested).toBeGreaterThan(0);
  expect(found.cost.processMegabytes).toBeGreaterThan(found.cost.megabytes);
});

test('a verbalizer and its biases pass as well, and losses of rows are those of each alone', async () => {
  const g = graphBuilder({ name: 'decoder' });
  g.input('ids', 'int64', ['batch', 'tokens']);
  const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 3 * i));
  const rows = g.node('Gather', [g.weight('table', values(vocabulary * width, 1), [vocabulary, width]), 'ids'], 'rows', { axis: 0 });
  const hidden = g.node('Tanh', [g.node('MatMul', [rows, g.weight('dense.weight', values(width * width, 2), [width, width])], 'dense')], 'hidden');
  g.output(g.node('MatMul', [hidden, g.weight('head.weight', values(width * vocabulary, 3), [width, vocabulary])], 'logits'), 'float32', ['batch', 'tokens', vocabulary]);
  const model = g.build();
  const task = { type: 'verbalizer', answers: [3, 7] } as const;
  const [first, second] = randomBatches(2, { examples: 4, tokens: 6, vocabulary, task });
  if (!first || !second) throw new Error('no batches');
  expect(first.answer).toEqual(BigInt64Array.of(5n, 4n, 5n, 4n));
  const found = await checkModel(requestOf(model, { task, output: 'logits', inputs: { ids: 'ids' }, batches: [first, second], adapter: { sites: ['dense'], biases: ['dense'], biasScale: 2, rank: 2, alpha: 4, scale: 1, headScale: 1 } }));
  expect(found.step.sites).toBe(2);
  expect(found.parallel).toBeLessThan(1e-6);
  expect(found.noise.neighbours).toBeLessThan(1e-3 * found.noise.size);
});

test('a model that was quantised dynamically is held against the floats that its integers stand for', async () => {
  const model = modelWith((g, y) => {
    const [integers = '', scale = '', zero = ''] = g.nodes('DynamicQuantizeLinear', [y], ['integers', 'scale', 'zero']);
    g.initializer(rawTensor({ name: 'late.weight_quantized', type: 'int8', shape: [width, width], rawData: new Uint8Array(Int8Array.from({ length: width * width }, (_, i) => 100 * Math.sin(5 * i)).buffer) }));
    const sums = g.node('Cast', [g.node('MatMulInteger', [integers, 'late.weight_quantized', zero], 'sums')], 'sumsf', { to: 1 });
    return g.node('Mul', [g.node('Mul', [sums, scale], 'byBatch'), g.weight('late.weight_scale', Float32Array.of(0.01), [])], 'late');
  });
  const found = await checkModel(requestOf(model, { adapter: { sites: inspectSites(model).sites.map(({ name }) => name), rank: 2, alpha: 4, scale: 1, headScale: 1 } }));
  expect(found.step).toMatchObject({ sites: 2, precision: 'fp32' });
  const float32 = (found.scales[0]?.linearity.findings ?? []).map((finding) => finding.float32 ?? NaN);
  expect(float32[0]).toBeLessThan(0.5);
  expect(float32.at(-1)).toBeGreaterThan(0.98);
});

test('int8 weights and activations pass, and want a greater eps than float32', async () => {
  const estimator = { type: 'leave-one-out', queries: 16, distribution: 'rademacher' } as const;
  const [float, int8] = [await checkModel(requestOf(transformer(), { estimator })), await checkModel(requestOf(transformer(), { estimator, precision: 'w8a8' }))];
  expect(int8.step.precision).toBe('w8a8');
  expect(int8.noise.neighbours).toBeLessThan(0.01 * int8.noise.size);
  expect(float.linearity.findings.every(({ float32 }) => float32 === null)).toBe(true);
  // The head is float32 in both and hides what eight bits do to the adapters: alone they want to go further.
  const [adapters, head] = int8.scales;
  expect(head).toMatchObject({ kind: 'head', option: '--head-scale' });
  expect(adapters).toMatchObject({ kind: 'lora', option: '--scale', scale: 1 });
  expect(adapters?.linearity.reference ?? 0).toBeGreaterThan(Math.max(head?.linearity.reference ?? Infinity, float.scales[0]?.linearity.reference ?? Infinity));
  // Eight bits move a loss by much the same at any eps; the differences grow with it.
  const float32 = (adapters?.linearity.findings ?? []).map((finding) => finding.float32 ?? NaN);
  // The last adapter writes into the features: what it does is float32, whatever x is.
  expect(float32[0]).toBeLessThan(0.9);
  expect(float32.at(-1)).toBeGreaterThan(0.98);
});

test('a model that divides by the greatest value of the whole batch is refused: its rows disturb each other', async () => {
  const coupled = modelWith((g, y) => g.node('Div', [y, g.node('ReduceMax', [g.node('Abs', [y], 'size')], 'greatest', { keepdims: 0 })], 'divided'));
  await expect(checkModel(requestOf(coupled))).rejects.toMatchObject({ code: 'check.rows-disturbed', field: 'parallel' });
});

test('a causal language model without a mask passes by its logits, with nothing but adapters', async () => {
  const g = graphBuilder({ name: 'causal' });
  g.input('ids', 'int64', ['batch', 'tokens']);
  const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 3 * i));
  const rows = g.node('Gather', [g.weight('table', values(vocabulary * width, 1), [vocabulary, width]), 'ids'], 'rows', { axis: 0 });
  const hidden = g.node('Tanh', [g.node('MatMul', [rows, g.weight('dense.weight', values(width * width, 2), [width, width])], 'dense')], 'hidden');
  g.output(g.node('MatMul', [hidden, g.weight('lm_head.weight', values(width * vocabulary, 3), [width, vocabulary])], 'logits'), 'float32', ['batch', 'tokens', vocabulary]);
  const [first, second] = randomBatches(2, { examples: 4, tokens: 6, vocabulary, task: { type: 'language' } });
  if (!first || !second) throw new Error('no batches');
  const found = await checkModel(requestOf(g.build(), { output: 'logits', inputs: { ids: 'ids' }, task: { type: 'language' }, batches: [first, second], adapter: { sites: ['dense'], rank: 2, alpha: 4, scale: 1, headScale: 1 } }));
  expect(found.step).toMatchObject({ sites: 1, trainable: 2 * width });
  expect(found.parallel).toBeLessThan(1e-6);
  expect(found.linearity.findings.find(({ eps }) => eps === 1e-3)?.correlation).toBeGreaterThan(0.999);
});

test('a scale for the whole batch that no rewrite knows is refused before anything runs', async () => {
  const quantised = modelWith((g, y) => {
    const [integers = '', scale = '', zero = ''] = g.nodes('DynamicQuantizeLinear', [y], ['integers', 'scale', 'zero']);
    return g.node('DequantizeLinear', [integers, scale, zero], 'again');
  });
  await expect(checkModel(requestOf(quantised))).rejects.toMatchObject({ code: 'model.batch-coupled' });
});

test('the same scale before the first adapter is the same for all rows, and the model passes', async () => {
  const model = modelWith((g, y) => {
    const [integers = '', scale = '', zero = ''] = g.nodes('DynamicQuantizeLinear', [y], ['integers', 'scale', 'zero']);
    return g.node('MatMul', [g.node('DequantizeLinear', [integers, scale, zero], 'again'), g.weight('late.weight', Float32Array.from({ length: width * width }, (_, i) => Math.cos(5 * i)), [width, width])], 'late');
  });
  const found = await checkModel(requestOf(model, { adapter: { sites: ['late'], rank: 2, alpha: 4, scale: 1, headScale: 1 } }));
  expect(found.parallel).toBeLessThan(1e-6);
});

test('a model that draws lots is refused: the same pass gives other losses', async () => {
  const random = modelWith((g, y) => g.node('Add', [y, g.node('RandomNormalLike', [y], 'lots')], 'drawn'));
  await expect(checkModel(requestOf(random))).rejects.toMatchObject({ code: 'check.not-repeatable' });
});

test('a model whose losses are no numbers is refused with the code of the engine', async () => {
  const broken = modelWith((g, y) => g.node('Sqrt', [g.node('Neg', [g.node('Abs', [y], 'size')], 'below')], 'root'));
  await expect(checkModel(requestOf(broken))).rejects.toMatchObject({ code: 'loss.not-finite' });
});

test('weights beside the model are found behind a symbolic link too, and nothing is left behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seedfleet-external-'));
  const blobs = await mkdtemp(join(tmpdir(), 'seedfleet-blobs-'));
  await writeFile(join(blobs, 'abc'), new Uint8Array(Float32Array.from({ length: width * width }, (_, i) => Math.sin(i)).buffer));
  await symlink(join(blobs, 'abc'), join(folder, 'weights.bin'));
  const g = graphBuilder({ name: 'external' });
  g.input('ids', 'int64', ['batch', 'tokens']);
  g.input('mask', 'int64', ['batch', 'tokens']);
  const rows = g.node('Gather', [g.weight('table', Float32Array.from({ length: vocabulary * width }, (_, i) => Math.cos(i)), [vocabulary, width]), 'ids'], 'rows', { axis: 0 });
  g.initializer(externalTensor({ name: 'dense.weight', shape: [width, width], location: 'weights.bin', offset: 0, length: 4 * width * width }));
  g.node('ReduceSum', [g.node('MatMul', [rows, 'dense.weight'], 'y'), g.integers('time', [1])], 'features', { keepdims: 0 });
  g.output('features', 'float32', ['batch', width]);
  const scratch = await mkdtemp(join(tmpdir(), 'seedfleet-scratch-'));
  expect((await checkModel(requestOf(g.build(), { folder, scratch }))).parallel).toBeLessThan(1e-6);
  expect(await readdir(scratch)).toEqual([]);
});

test('a site that the model does not have', async () => {
  await expect(checkModel(requestOf(transformer(), { adapter: { sites: ['nobody'], rank: 2, alpha: 4, scale: 1, headScale: 1 } }))).rejects.toMatchObject({ code: 'model.site-unknown' });
});
