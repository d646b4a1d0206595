import { adapterInput, buildLanguageGraph, buildTrainingGraph, buildVerbalizerGraph, inspectSites, mergeAdapter, writeModel, type MergePlan, type OnnxModel, type Pool } from '@seedfleet/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { floats, onlyKnown, quiet } from './forward.fixture.js';
import { values } from './exported-forms.fixture.js';

const classes = 3;
const rank = 2;
const alpha = 3;

export interface MergeCase {
  model: OnnxModel;
  /** Default: all that the inspection lists. */
  sites?: readonly string[];
  /** Sites with a trained bias; default: none. */
  biases?: readonly string[];
  precision?: 'fp32' | 'w8a8';
  output?: string;
  pool?: Pool;
  /** Width of what the head reads. */
  width?: number;
  ids?: string;
  mask?: string;
  examples?: number;
  tokens?: number;
  vocabulary?: number;
  seed?: number;
}

/** What both graphs get: float64 values as a run trains them. */
export function trainedPlan({ model, sites, biases = [], precision, output = 'features', pool, width = 16, mask = 'mask', seed = 1 }: MergeCase): MergePlan & { head: NonNullable<MergePlan['head']> } {
  const known = new Map(inspectSites(model).sites.flatMap((site) => [site, ...(site.slices ?? []).map((slice) => ({ ...slice, inputs: site.inputs }))]).map((site) => [site.name, site]));
  const doubles = (at: number, count: number) => Float64Array.from(values(seed + at, count), (value) => value * 0.3 + 1e-9);
  return {
    adapters: (sites ?? inspectSites(model).sites.map(({ name }) => name)).map((site, i) => ({
      site, rank, alpha, a: values(seed + 100 + i, (known.get(site)?.inputs ?? width) * rank), b: doubles(200 + i, rank * (known.get(site)?.outputs ?? width)),
    })),
    biases: biases.map((site, i) => ({ site, values: doubles(250 + i, known.get(site)?.outputs ?? width) })), precision, head: { output, pool, mask, weight: doubles(300, width * classes), bias: doubles(301, classes) },
  };
}

/** A batch of texts of different lengths. */
export function batchFor({ ids = 'ids', mask = 'mask', examples = 2, tokens = 4, vocabulary = 9, seed = 1 }: MergeCase): Record<string, Tensor> {
  const random = values(seed + 400, examples * (tokens + 1)).map((value) => (value + 1) / 2);
  const int64 = (of: number[]) => new Tensor('int64', BigInt64Array.from(of, BigInt), [examples, tokens]);
  const lengths = Array.from({ length: examples }, (_, i) => 1 + Math.floor((random[examples * tokens + i] ?? 0) * tokens));
  return {
    [ids]: int64(Array.from({ length: examples * tokens }, (_, i) => Math.floor((random[i] ?? 0) * vocabulary))),
    [mask]: int64(lengths.flatMap((length) => Array.from({ length: tokens }, (_, t) => (t < length ? 1 : 0)))),
  };
}

/** Logits [b, classes] of one row of the training graph, B and head rounded to float32 as a device feeds them, and those of the merged model. */
export async function logitsBothWays(given: MergeCase): Promise<{ trained: Float32Array; merged: Float32Array; graph: OnnxModel }> {
  const { model, precision = 'fp32', ids = 'ids', mask = 'mask', examples = 2 } = given;
  const plan = trainedPlan(given);
  const { head } = plan;
  const width = head.weight.length / classes;
  const training = buildTrainingGraph(model, {
    output: head.output, ...(head.pool === undefined ? {} : { pool: head.pool }), inputs: { ids, mask }, classes, precision, head: { weight: 'head.W', bias: 'head.b' },
    ...sitePlans(plan),
  });
  const batch = batchFor(given);
  const trained = (await run(training, {
    ...batch, labels: new Tensor('int64', new BigInt64Array(examples), [examples]), 'head.W': one(head.weight, [width, classes]), 'head.b': one(head.bias, [classes]),
    ...trainedFeeds(plan),
  }))['logits'];
  const { model: graph, logits } = mergeAdapter(model, plan);
  return { trained: floats(trained), merged: floats((await run(graph, batch))[logits ?? '']), graph };
}

const biasInput = (site: string) => adapterInput(`${site}.bias`);

/** What the training graph is built with. */
function sitePlans({ adapters, biases }: MergePlan) {
  return { adapters: adapters.map(({ site, a }) => ({ site, input: adapterInput(site), a: Float32Array.from(a), rank, alpha })), biases: biases.map(({ site }) => ({ site, input: biasInput(site) })) };
}

/** One row of every trained value, in float32 as a device feeds it. */
function trainedFeeds({ adapters, biases }: MergePlan): Record<string, Tensor> {
  return { ...Object.fromEntries(adapters.map(({ site, b }) => [adapterInput(site), one(b, [rank, b.length / rank])])), ...Object.fromEntries(biases.map(({ site, values: beta }) => [biasInput(site), one(beta, [beta.length])])) };
}

const one = (of: ArrayLike<number>, shape: number[]) => new Tensor('float32', Float32Array.from(of), [1, ...shape]);

/**
 * The same for a causal language model whose logits are `logits`, from both graphs and from the untrained model. Without `answers`: the logarithm of the probability of
 * each token behind each position of a text but the last, which of the training graph are losses of one label each. With `answers`: logits of these tokens at the
 * last position of each text. Padding is left out.
 */
export async function wordsBothWays({ answers, ...given }: MergeCase & { answers?: readonly number[] }): Promise<{ trained: Float32Array; merged: Float32Array; untrained: Float32Array; logits: string | null }> {
  const { model, precision = 'fp32', examples = 2, tokens = 4 } = given;
  const { head: _, ...plan } = trainedPlan(given);
  const { ids, mask } = batchFor(given);
  if (ids === undefined || mask === undefined) throw new Error('The batch has neither ids nor mask.');
  const lengths = Array.from({ length: examples }, (__, i) => Array.from({ length: tokens }, (___, t) => Number(mask.data[i * tokens + t])).reduce((sum, bit) => sum + bit, 0));
  const common = { output: 'logits', inputs: { ids: 'ids' }, precision, ...sitePlans(plan) };
  const int64 = (of: number[], shape: number[]) => new Tensor('int64', BigInt64Array.from(of, BigInt), shape);
  const { model: graph, logits } = mergeAdapter(model, plan);
  const [all, before] = [floats((await run(graph, { ids }))['logits']), floats((await run(model, { ids }))['logits'])];
  const vocabulary = all.length / (examples * tokens);
  const at = (of: Float32Array, i: number, t: number) => [...of.subarray((i * tokens + t) * vocabulary, (i * tokens + t + 1) * vocabulary)];
  if (answers === undefined) {
    const positions = lengths.flatMap((length, i) => Array.from({ length: Math.min(length, tokens - 1) }, (__, t) => ({ i, t })));
    const asked = positions.flatMap(({ i, t }) => Array.from({ length: vocabulary }, (__, token) => ({ i, t, token })));
    const rows = (of: (at: { i: number; t: number; token: number }, position: number) => number) => int64(asked.flatMap((one) => Array.from({ length: tokens }, (__, position) => of(one, position))), [asked.length, tokens]);
    const { losses } = await run(buildLanguageGraph(model, common), {
      ids: rows(({ i }, position) => Number(ids.data[i * tokens + position])), labels: rows(({ t, token }, position) => (position === t + 1 ? token : -1)), ...trainedFeeds(plan),
    });
    const inTexts = (of: Float32Array) => Float32Array.from(positions.flatMap(({ i, t }) => logProbabilities(at(of, i, t))));
    return { trained: floats(losses).map((loss) => -loss), merged: inTexts(all), untrained: inTexts(before), logits };
  }
  const trained = await run(buildVerbalizerGraph(model, { ...common, answers }), { ids, labels: int64(new Array<number>(examples).fill(0), [examples]), answer: int64(lengths.map((length) => length - 1), [examples]), ...trainedFeeds(plan) });
  const ofWords = (of: Float32Array) => Float32Array.from(lengths.flatMap((length, i) => answers.map((id) => at(of, i, length - 1)[id] ?? NaN)));
  return { trained: floats(trained['logits']), merged: ofWords(all), untrained: ofWords(before), logits };
}

function logProbabilities(logits: readonly number[]): number[] {
  const logSum = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return logits.map((logit) => logit - logSum);
}

/** All outputs of a model. */
export async function run(model: OnnxModel, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(writeModel(model), quiet);
  try {
    return { ...await session.run(onlyKnown(session, feeds)) };
  } finally {
    await session.release();
  }
}

/** The greatest difference, as a part of the greatest logit. */
export function apart(one: Float32Array, other: Float32Array): number {
  expect(other).toHaveLength(one.length);
  const scale = one.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return one.reduce((most, value, i) => Math.max(most, Math.abs(value - (other[i] ?? NaN))), 0) / scale;
}
