import { adapterInput, buildLanguageGraph, graphBuilder, writeModel, type AdapterPlan, type OnnxModel } from '@seedfleet/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { d, values } from './exported-forms.fixture.js';
import { floats, quiet } from './forward.fixture.js';

const vocabulary = 7;
const [rows, examples, tokens] = [3, 2, 5];
const a = values(31, d * 2);

/** Embeddings, a linear, tanh, the vocabulary. @param w weight of the linear, to which a row's adapter may have been merged */
function languageModel(w: Float32Array): OnnxModel {
  const g = graphBuilder({ name: 'language' });
  g.input('ids', 'int64', ['batch', 'time']);
  const x = g.node('Gather', [g.weight('table', values(1, vocabulary * d), [vocabulary, d]), 'ids'], 'x');
  const h = g.node('Tanh', [g.node('MatMul', [x, g.weight('fc.weight', w, [d, d])], 'h')], 't');
  g.output(g.node('MatMul', [h, g.weight('out.weight', values(3, d * vocabulary), [d, vocabulary])], 'logits'), 'float32', ['batch', 'time', vocabulary]);
  return g.build();
}

const adapter: AdapterPlan = { site: 'fc', input: adapterInput('fc'), a, rank: 2, alpha: 2 };
const b = values(32, rows * 2 * d);
const ids = [1, 2, 3, 4, 5, 6, 5, 4, 0, 0];
const int64 = (of: number[]) => new Tensor('int64', BigInt64Array.from(of, BigInt), [examples, tokens]);

async function lossesOf(labels: number[], { first = 0, count = rows, positions = 'needed' as 'needed' | 'all' } = {}): Promise<Float32Array> {
  const graph = buildLanguageGraph(languageModel(values(2, d * d)), { output: 'logits', inputs: { ids: 'ids', mask: 'mask' }, adapters: [adapter], positions });
  const session = await InferenceSession.create(writeModel(graph), quiet);
  const run = await session.run({ ids: int64(ids), labels: int64(labels), [adapter.input]: new Tensor('float32', b.slice(first * 2 * d, (first + count) * 2 * d), [count, 2, d]) });
  expect([run['losses']?.dims, run['predicted']?.dims]).toEqual([[count, examples], [count === 1 ? examples : 0, positions === 'all' ? tokens : tokens - 1]]);
  const losses = floats(run['losses']).slice();
  await session.release();
  return losses;
}

/** Logits of the plain model with the adapter of row p merged, then the mean of -log softmax over the labels, in float64. */
async function expected(labels: number[]): Promise<number[]> {
  const losses: number[] = [];
  for (let p = 0; p < rows; p++) {
    const merged = values(2, d * d).map((w, i) => w + [0, 1].reduce((sum, r) => sum + (a[Math.floor(i / d) * 2 + r] ?? NaN) * (b[(p * 2 + r) * d + (i % d)] ?? NaN), 0));
    const session = await InferenceSession.create(writeModel(languageModel(merged)), quiet);
    const logits = floats((await session.run({ ids: int64(ids) }))['logits']);
    for (let i = 0; i < examples; i++) {
      const terms: number[] = [];
      for (let t = 1; t < tokens; t++) {
        const label = labels[i * tokens + t] ?? NaN;
        const before = [...logits.subarray((i * tokens + t - 1) * vocabulary, (i * tokens + t) * vocabulary)];
        if (label >= 0) terms.push(Math.log(before.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (before[label] ?? NaN));
      }
      losses.push(terms.length === 0 ? 0 : terms.reduce((sum, term) => sum + term, 0) / terms.length);
    }
    await session.release();
  }
  return losses;
}

test.each([
  ['all tokens of a text', [1, 2, 3, 4, 5, 6, 5, 4, -100, -100]],
  ['the answer only', [-100, -100, -100, 4, 5, -100, -100, 4, -100, -100]],
  ['a label at position 0, which nothing precedes', [3, -1, 3, -1, -1, 2, 5, -1, -1, -1]],
  ['an example without labels', [-100, 2, 3, 4, 5, -100, -100, -100, -100, -100]],
])('the loss of a causal language model is the mean over %s', async (_, labels) => {
  const losses = await lossesOf(labels);
  (await expected(labels)).forEach((loss, i) => expect(losses[i]).toBeCloseTo(loss, 5));
  const apart = [];
  for (let p = 0; p < rows; p++) apart.push(...await lossesOf(labels, { first: p, count: 1 }));
  expect([...losses]).toEqual(apart);
  expect(await lossesOf(labels, { positions: 'all' })).toEqual(losses);
});

test('the output head of a language model multiplies the positions that count, and two at least', async () => {
  const graph = buildLanguageGraph(languageModel(values(2, d * d)), { output: 'logits', inputs: { ids: 'ids', mask: 'mask' }, adapters: [adapter] });
  // The logits, to see how many there are; `logits` is a name of ours.
  for (const shown of languageModel(values(2, d * d)).graph.output) {
    shown.name = 'model/logits';
    graph.graph.output.push(shown);
  }
  const session = await InferenceSession.create(writeModel(graph), quiet);
  const multiplied = async (labels: number[]) => (await session.run({ ids: int64(ids), labels: int64(labels), [adapter.input]: new Tensor('float32', b, [rows, 2, d]) }))['model/logits']?.dims;
  expect(await multiplied([-1, -1, -1, 4, 5, -1, -1, 4, -1, -1])).toEqual([rows, 5, vocabulary]);
  expect(await multiplied(Array<number>(10).fill(-100))).toEqual([rows, 2, vocabulary]);
  expect(await multiplied([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])).toEqual([rows, 8, vocabulary]);
  await session.release();
});

test('one vector an example is no language model', () => {
  const g = graphBuilder({ name: 'pooled' });
  g.input('ids', 'int64', ['batch', 'time']);
  const x = g.node('Gather', [g.weight('table', values(1, vocabulary * d), [vocabulary, d]), 'ids'], 'x');
  g.output(g.node('ReduceSum', [g.node('MatMul', [x, g.weight('fc.weight', values(2, d * d), [d, d])], 'h'), g.integers('time', [1])], 'pooled', { keepdims: 0 }), 'float32', ['batch', d]);
  expect(() => buildLanguageGraph(g.build(), { output: 'pooled', inputs: { ids: 'ids', mask: 'mask' }, adapters: [adapter] })).toThrow(expect.objectContaining({ code: 'model.output-unknown', problem: 'A language model gives [batch, time, vocabulary], and "pooled" has 2 axes.' }));
});
