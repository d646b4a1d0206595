import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf, perturbationKey } from '@seedfleet/numerics';
import { adapterInput, buildLanguageGraph, buildVerbalizerGraph, graphBuilder, splitTrainingGraph, writeModel, type OnnxModel } from '@seedfleet/onnx';
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Batch, type TaskType } from '../engine/engine.js';
import { d, values } from '../training-graph/exported-forms.fixture.js';
import { floats, quiet } from '../training-graph/forward.fixture.js';
import { uniform } from '../training-graph/small-models.fixture.js';
import { TrainingSession } from './training-session.js';

const vocabulary = 12;
const answers = [7, 2, 9];
const estimator = { type: 'leave-one-out', queries: 3, eps: 0.1, distribution: 'rademacher' } as const;
const request = { key: perturbationKey(new Uint8Array(32).fill(5)), seeds: BigUint64Array.of(1n, 2n, 3n), estimator };
const modelInputs = { ids: 'ids' };

/** Embeddings, a first linear, a running mean over the tokens so far, a second linear, the vocabulary; no mask. */
function model(): OnnxModel {
  const g = graphBuilder({ name: 'causal' });
  g.input('ids', 'int64', ['batch', 'time']);
  const x = g.node('Gather', [g.weight('table', values(1, vocabulary * d), [vocabulary, d]), 'ids'], 'x');
  const first = g.node('Tanh', [g.node('MatMul', [x, g.weight('first.weight', values(2, d * d), [d, d])], 'first.y')], 'first.t');
  const seen = g.node('CumSum', [first, g.integers('axis', [1], [])], 'seen');
  const second = g.node('Tanh', [g.node('MatMul', [seen, g.weight('second.weight', values(3, d * d), [d, d])], 'second.y')], 'second.t');
  g.output(g.node('MatMul', [second, g.weight('out.weight', values(4, d * vocabulary), [d, vocabulary])], 'logits'), 'float32', ['batch', 'time', vocabulary]);
  return g.build();
}

let folder: string;
const opened: TrainingSession[] = [];
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'seedfleet-tasks-')); });
afterEach(async () => {
  for (const session of opened.splice(0)) await session.release();
  rmSync(folder, { recursive: true });
});

type Way = 'whole' | 'split' | 'cached';
interface Parts { task: Exclude<TaskType, 'classification'>; way?: Way; positionsPerPass?: number; precision?: 'fp32' | 'w8a8' }

async function open({ task, way = 'whole', positionsPerPass = 1e9, precision = 'fp32' }: Parts): Promise<TrainingSession> {
  const plan = {
    output: 'logits', inputs: modelInputs, precision, adapters: [{ site: 'second', input: adapterInput('second'), a: values(5, d * 2), rank: 2, alpha: 2 }],
    biases: [{ site: 'second', input: adapterInput('second.bias') }],
  };
  const graph = task === 'language' ? buildLanguageGraph(model(), plan) : buildVerbalizerGraph(model(), { ...plan, answers });
  const split = splitTrainingGraph(graph, { inputs: modelInputs });
  if (!split) throw new Error('This graph cannot be split.');
  expect(split.activations).toEqual(['seedfleet/adapter/second/base', 'seedfleet/adapter/second/scaled']);
  const path = (name: string) => join(folder, `${task}-${way}-${precision}-${name}.onnx`);
  writeFileSync(path('graph'), writeModel(way === 'whole' ? graph : split.suffix));
  writeFileSync(path('prefix'), writeModel(split.prefix));
  const session = await TrainingSession.open({
    task, modelPath: path('graph'), layout, inputs: [adapterInput('second'), adapterInput('second.bias')], modelInputs, threads: 1, positionsPerPass,
    ...(way === 'whole' ? {} : { prefix: { modelPath: path('prefix'), activations: split.activations, ...(way === 'cached' ? { cache: { folder: join(folder, `cache-${task}`), bytesMax: 1e8 } } : {}) } }),
  });
  opened.push(session);
  return session;
}
const layout = layoutOf([{ name: 'second', shape: [2, d], scale: 1 }, { name: 'second.bias', shape: [d], scale: 1 }]);
const b = Float64Array.from({ length: layout.size }, uniform(6));

/** Texts of different lengths, padded on the right. */
function aBatch(task: TaskType, { examples, tokens, seed }: { examples: number; tokens: number; seed: number }): Batch {
  const random = uniform(seed);
  const upTo = (n: number) => Math.floor((random() + 1) / 2 * n);
  const lengths = Array.from({ length: examples }, (_, i) => (i === 0 ? tokens : 1 + upTo(tokens)));
  const of = (value: (i: number, t: number) => number) => BigInt64Array.from(lengths.flatMap((_, i) => Array.from({ length: tokens }, (__, t) => BigInt(value(i, t)))));
  const ids = of((i, t) => (t < (lengths[i] ?? 0) ? upTo(vocabulary) : 0));
  const mask = of((i, t) => (t < (lengths[i] ?? 0) ? 1 : 0));
  if (task === 'language') return { examples, tokens, ids, mask, labels: ids.map((id, at) => (at % tokens > 0 && mask[at] === 1n ? id : -1n)) };
  return { examples, tokens, ids, mask, labels: BigInt64Array.from({ length: examples }, () => BigInt(upTo(3))), answer: BigInt64Array.from(lengths, (length) => BigInt(length - 1)) };
}

test('losses are, bit for bit, the same however large a pass may be, in one part and in two, from a cold and from a warm cache', async () => {
  const cases = fc.record({
    task: fc.constantFrom('language' as const, 'verbalizer' as const), precision: fc.constantFrom('fp32' as const, 'w8a8' as const),
    examples: fc.integer({ min: 1, max: 7 }), tokens: fc.integer({ min: 2, max: 6 }), seed: fc.nat(999), positionsPerPass: fc.integer({ min: 1, max: 40 }),
  });
  await fc.assert(fc.asyncProperty(cases, async ({ task, precision, positionsPerPass, ...sizes }) => {
    rmSync(join(folder, `cache-${task}`), { recursive: true, force: true });
    const batch = aBatch(task, sizes);
    const expected = await (await open({ task, precision })).perturbedLosses({ batch, b, ...request });
    expect(expected).toHaveLength(3 * sizes.examples);
    for (const way of ['whole', 'split', 'cached'] as const) {
      const session = await open({ task, precision, way, positionsPerPass });
      expect(await session.perturbedLosses({ batch, b, ...request })).toEqual(expected);
      expect(await session.perturbedLosses({ batch, b, ...request })).toEqual(expected);
    }
  }), { numRuns: 20 });
}, 120_000);

/** Logits [b*T*V] of the plain model at B = 0: those of the model itself. */
async function plainLogits({ ids, examples, tokens }: Batch): Promise<Float32Array> {
  const session = await InferenceSession.create(writeModel(model()), quiet);
  const logits = floats((await session.run({ ids: new Tensor('int64', ids, [examples, tokens]) }))['logits']).slice();
  await session.release();
  return logits;
}
const logSum = (logits: readonly number[]) => Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));

test('an evaluation of a language model sums over the tokens that count, as the plain model has them', async () => {
  const batch = aBatch('language', { examples: 4, tokens: 6, seed: 3 });
  const logits = await plainLogits(batch);
  const sums = { lossSum: 0, correct: 0, count: 0 };
  batch.labels.forEach((label, at) => {
    if (label < 0n) return;
    const before = [...logits.subarray((at - 1) * vocabulary, at * vocabulary)];
    sums.lossSum += logSum(before) - (before[Number(label)] ?? NaN);
    sums.correct += before.indexOf(Math.max(...before)) === Number(label) ? 1 : 0;
    sums.count++;
  });
  const found = await (await open({ task: 'language' })).evaluate({ batch, b: new Float64Array(layout.size) });
  expect(found).toEqual({ ...sums, lossSum: expect.closeTo(sums.lossSum, 4) });
  expect(sums.count).toBe(batch.mask.reduce((n, one) => n + Number(one), 0) - 4);
});

test('an evaluation of a verbalizer counts by class', async () => {
  const batch = aBatch('verbalizer', { examples: 12, tokens: 4, seed: 5 });
  const logits = await plainLogits(batch);
  const perClass = { actual: [0, 0, 0], predicted: [0, 0, 0], correct: [0, 0, 0] };
  let lossSum = 0;
  batch.labels.forEach((label, i) => {
    const at = i * batch.tokens + Number(batch.answer?.[i]);
    const words = answers.map((id) => logits[at * vocabulary + id] ?? NaN);
    const greatest = words.indexOf(Math.max(...words));
    perClass.actual[Number(label)]! += 1;
    perClass.predicted[greatest]! += 1;
    if (greatest === Number(label)) perClass.correct[greatest]! += 1;
    lossSum += logSum(words) - (words[Number(label)] ?? NaN);
  });
  const found = await (await open({ task: 'verbalizer' })).evaluate({ batch, b: new Float64Array(layout.size) });
  expect(found).toEqual({ lossSum: expect.closeTo(lossSum, 4), correct: perClass.correct.reduce((x, y) => x + y), count: 12, perClass });
  expect(new Set(perClass.predicted).size).toBeGreaterThan(1);
});

test.each([['language', 'labels'], ['verbalizer', 'answer']] as const)('a batch of another task is refused by the name of what is missing (%s)', async (task, field) => {
  const { ids, mask, examples, tokens } = aBatch(task, { examples: 2, tokens: 3, seed: 1 });
  const session = await open({ task });
  await expect(session.perturbedLosses({ batch: { ids, mask, examples, tokens, labels: new BigInt64Array(2) }, b, ...request })).rejects.toMatchObject({ code: 'engine.batch-invalid', field });
});
