import { readFile } from 'node:fs/promises';
import { adapterInput, buildLanguageGraph, inspectSites, writeModel, type AdapterPlan, type OnnxModel } from '@seedfleet/onnx';
import { checkModel, randomBatches } from '@seedfleet/runtime';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import llama from 'llama-tokenizer-js';
import { readPassages } from '../text/moby-dick.js';
import { floatLanguageModel, languageInputs, languageOutput, shippedLanguageModel } from './moonshine.js';

interface Losses { passages: number[]; tokens: number; losses: number[]; lossesOfShipped: number[] }

const quiet = { intraOpNumThreads: 1, logSeverityLevel: 4 } as const;
const late = [['layers.4.self_attn.v_proj', 288, 288], ['layers.5.mlp.down_proj', 1152, 288]] as const;
const rank = 2;
const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i) / 16);

/** Sessions of 78 MB are opened, on machines that do other work. */
const openingMs = 120_000;

let vectors: Losses;
let ids: number[][];
let shipped: OnnxModel;
let float: OnnxModel;
beforeAll(async () => {
  vectors = JSON.parse(await readFile(new URL('../../vectors/moonshine-losses.json', import.meta.url), 'utf8')) as Losses;
  const passages = await readPassages();
  ids = vectors.passages.map((number) => llama.encode(passages[number] ?? '').slice(0, vectors.tokens));
  [shipped, float] = await Promise.all([shippedLanguageModel(), floatLanguageModel()]);
}, openingMs);

const adapters = late.map(([module, inputs], i): AdapterPlan => {
  const site = `model.decoder.${module}`;
  return { site, input: adapterInput(site), a: values(inputs * rank, i), rank, alpha: 16 };
}) as [AdapterPlan, AdapterPlan];

/** [rows, passages] losses of a model with adapters at two late sites. @param first which of the rows to begin with; row 0 is the model as it is */
async function lossesOf(model: OnnxModel, { first, count }: { first: number; count: number }): Promise<number[]> {
  const graph = buildLanguageGraph(model, { output: languageOutput, inputs: { ids: languageInputs.ids, mask: 'attention_mask' }, adapters });
  const session = await InferenceSession.create(writeModel(graph), quiet);
  const tokens = new Tensor('int64', BigInt64Array.from(ids.flat(), BigInt), [ids.length, vectors.tokens]);
  const rows = Object.fromEntries(late.map(([module, , outputs], i) => {
    const all = values(3 * rank * outputs, 10 + i).fill(0, 0, rank * outputs);
    return [adapterInput(`model.decoder.${module}`), new Tensor('float32', all.slice(first * rank * outputs, (first + count) * rank * outputs), [count, rank, outputs])];
  }));
  const { losses } = await session.run({ [languageInputs.ids]: tokens, labels: tokens, ...rows });
  await session.release();
  return Array.from(losses?.data as Float32Array);
}

test('the shipped decoder and the float one have the same 61 linears to adapt', () => {
  const names = inspectSites(float).sites.map(({ name }) => name);
  expect(names).toHaveLength(61);
  expect(inspectSites(shipped).sites.map(({ name }) => name)).toEqual(names);
  expect(names.slice(-3)).toEqual(['model.decoder.layers.5.mlp.up_proj', 'model.decoder.layers.5.mlp.down_proj', 'proj_out']);
});

test('nothing but token ids goes in', () => {
  for (const model of [shipped, float]) expect(model.graph.input.map(({ name }) => name)).toEqual(['input_ids']);
});

test('the float model has the losses of another conversion of the same decoder', async () => {
  (await lossesOf(float, { first: 0, count: 1 })).forEach((loss, i) => expect(loss).toBeCloseTo(vectors.losses[i] ?? NaN, 4));
}, openingMs);

// With one scale a batch, as it was shipped, a passage's loss depends on its neighbours; with one a token it does not, and is about as near to the float one.
test('the shipped one, its scales taken token by token, is as near to the float one as it was', async () => {
  const losses = await lossesOf(shipped, { first: 0, count: 1 });
  losses.forEach((loss, i) => expect(Math.abs(loss - (vectors.losses[i] ?? NaN))).toBeLessThan(0.1));
}, openingMs);

test.each(['float', 'shipped'] as const)('the losses of three rows of the %s decoder at once are the losses of each alone', async (which) => {
  const model = { float, shipped }[which];
  const together = await lossesOf(model, { first: 0, count: 3 });
  const apart = [];
  for (const first of [0, 1, 2]) apart.push(...await lossesOf(model, { first, count: 1 }));
  expect(new Set(together).size).toBe(together.length);
  expect(together).toEqual(apart);
}, openingMs);

test('in eight bits the check finds that a verbalizer wants a tenfold eps: at .01 its differences are not those of float32', async () => {
  const task = { type: 'verbalizer', answers: [1781, 4319] } as const;
  const [one, other] = randomBatches(2, { examples: 2, tokens: 12, vocabulary: 32_768, task });
  if (!one || !other) throw new Error('no batches');
  const { linearity, scales } = await checkModel({
    model: float, folder: '.', output: languageOutput, inputs: languageInputs, task, precision: 'w8a8', threads: 1, batches: [one, other],
    adapter: { sites: late.map(([module]) => `model.decoder.${module}`), rank, alpha: 16, scale: 1, headScale: 1 },
    estimator: { type: 'leave-one-out', queries: 16, distribution: 'rademacher' },
  });
  const at = (eps: number) => linearity.findings.find((finding) => finding.eps === eps);
  expect(at(0.01)?.float32).toBeLessThan(0.9);
  expect(at(0.3)?.float32).toBeGreaterThan(0.95);
  expect(linearity.suggested).toBeGreaterThanOrEqual(0.03);
  // One kind of values: eps says as much as a scale.
  expect(scales).toEqual([]);
}, openingMs);
