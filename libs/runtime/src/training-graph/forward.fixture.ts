import { adapterInput, buildTrainingGraph, inspectSites, writeModel, type OnnxModel, type TrainingPlan } from '@seedfleet/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { smallModel, uniform, vocabulary, width, type Adjust, type SmallModelPlan } from './small-models.fixture.js';

/** One case of a training graph: a model, the sites that are adapted, P rows of B, a batch. */
export interface Case { plan: SmallModelPlan; sites: readonly string[]; rows: number; examples: number; tokens: number; classes: number; seed: number; precision?: 'fp32' | 'w8a8'; positions?: 'needed' | 'all' }
interface Values { values: Float32Array; shape: readonly number[] }

const rank = 2;
const alpha = 3;

/** All adapter sites of a small model, in graph order. */
export function sitesOf(plan: SmallModelPlan): string[] {
  return inspectSites(smallModel(plan)).sites.map(({ name }) => name);
}

export function planOf({ sites, classes, seed, precision = 'fp32', positions = 'needed' }: Pick<Case, 'sites' | 'classes' | 'seed' | 'precision' | 'positions'>): TrainingPlan {
  const random = uniform(seed + 1);
  return {
    output: 'features', inputs: { ids: 'ids', mask: 'mask' }, classes, precision, positions, head: { weight: 'head.W', bias: 'head.b' },
    adapters: sites.map((site) => ({ site, input: adapterInput(site), rank, alpha, a: Float32Array.from({ length: width * rank }, random) })),
  };
}

/**
 * Losses [P, b] of the batch as it is, and of each example in a batch with itself only, in the same order. Not alone: a float32 product of
 * one row is a routine of its own in ONNX Runtime, which adds in another order.
 */
export async function forwardByExample(test: Case): Promise<{ together: Float32Array; alone: number[] }> {
  const session = await InferenceSession.create(writeModel(buildTrainingGraph(smallModel(test.plan), planOf(test))), quiet);
  const rows = tensors(adapterValues(test), { first: 0, count: test.rows });
  const { ids, mask, labels } = batchOf(test);
  const { losses: together } = await run(session, { ids, mask, labels, ...rows });
  const alone = new Array<number>(together.length);
  for (let i = 0; i < test.examples; i++) {
    const { losses } = await run(session, { ids: twice(ids, i), mask: twice(mask, i), labels: twice(labels, i), ...rows });
    for (let p = 0; p < test.rows; p++) alone[p * test.examples + i] = losses[2 * p] ?? NaN;
  }
  await session.release();
  return { together, alone };
}

/** Losses [P*b] and logits [P*b*classes] of the training graph, all rows in one forward pass and row by row. */
export async function forwardBothWays(test: Case): Promise<{ together: Outputs; apart: Outputs[] }> {
  const graph = buildTrainingGraph(smallModel(test.plan), planOf(test));
  const session = await InferenceSession.create(writeModel(graph), quiet);
  const values = adapterValues(test);
  const feeds = batchOf(test);
  const together = await run(session, { ...feeds, ...tensors(values, { first: 0, count: test.rows }) });
  const apart: Outputs[] = [];
  for (let p = 0; p < test.rows; p++) apart.push(await run(session, { ...feeds, ...tensors(values, { first: p, count: 1 }) }));
  await session.release();
  return { together, apart };
}

/**
 * The same losses with no training graph at all: for each row the plain model with W + (alpha / r) A B in place of W, run to its
 * features, then head and cross entropy in float64 here.
 */
export async function lossesByMerging(test: Case): Promise<number[]> {
  const values = adapterValues(test);
  const { adapters } = planOf(test);
  const losses: number[] = [];
  for (let p = 0; p < test.rows; p++) {
    const adjust: Adjust = (name, w) => {
      const adapter = adapters.find(({ site }) => name === `${site}.weight`);
      const b = adapter && rowOf(values.get(adapter.input), p);
      // transB of foldedGemm stores W transposed.
      return adapter && b ? w.map((value, i) => value + delta(adapter.a, b, name.startsWith('gemm') ? [i % width, Math.floor(i / width)] : [Math.floor(i / width), i % width])) : w;
    };
    const session = await InferenceSession.create(writeModel(smallModel({ ...test.plan, adjust })), quiet);
    const { ids, mask, labels } = batchOf(test);
    const features = floats((await session.run(onlyKnown(session, { ids, mask })))['features']);
    await session.release();
    losses.push(...crossEntropies({ features, w: rowOf(values.get('head.W'), p), bias: rowOf(values.get('head.b'), p), labels: [...(labels.data as BigInt64Array)].map(Number), classes: test.classes }));
  }
  return losses;
}

export interface Outputs { losses: Float32Array; logits: Float32Array; lossShape: readonly number[] }
export const quiet: InferenceSession.SessionOptions = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };

/** Cross entropy of each example from its features, in float64. */
export function crossEntropies({ features, w, bias, labels, classes }: { features: Float32Array; w: Float32Array; bias: Float32Array; labels: number[]; classes: number }): number[] {
  const d = features.length / labels.length;
  return labels.map((label, i) => {
    const logits = Array.from({ length: classes }, (_, c) => {
      let sum = bias[c] ?? 0;
      for (let k = 0; k < d; k++) sum += (features[i * d + k] ?? 0) * (w[k * classes + c] ?? 0);
      return sum;
    });
    const max = Math.max(...logits);
    return max + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0)) - (logits[label] ?? 0);
  });
}

/** Example i of an int64 tensor [b, ...] as [2, ...]. */
function twice({ data, dims }: Tensor, i: number): Tensor {
  const size = data.length / (dims[0] ?? 1);
  const one = (data as BigInt64Array).subarray(i * size, (i + 1) * size);
  return new Tensor('int64', BigInt64Array.of(...one, ...one), [2, ...dims.slice(1)]);
}

/** Keeps the feeds that a graph has inputs for: one that ignores the mask has no mask. */
export function onlyKnown<T>(session: InferenceSession, feeds: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name)));
}

export function floats(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('The graph gave no float32 output.');
  return tensor.data;
}

export function modelOf(test: Case): OnnxModel {
  return smallModel(test.plan);
}

/** Texts of different lengths: random ids, at least one token each, the rest padding. */
function batchOf({ examples: b, tokens: t, classes, seed }: Case): { ids: Tensor; mask: Tensor; labels: Tensor } {
  const random = uniform(seed + 2);
  const upTo = (n: number) => Math.floor((random() + 1) / 2 * n);
  const lengths = Array.from({ length: b }, () => 1 + upTo(t));
  const ints = (values: number[], shape: number[]) => new Tensor('int64', BigInt64Array.from(values, BigInt), shape);
  return {
    ids: ints(Array.from({ length: b * t }, () => upTo(vocabulary)), [b, t]),
    mask: ints(lengths.flatMap((length) => Array.from({ length: t }, (_, i) => (i < length ? 1 : 0))), [b, t]),
    labels: ints(Array.from({ length: b }, () => upTo(classes)), [b]),
  };
}

/** [P, ...] for every B and the head, in the order of the graph inputs. */
function adapterValues({ sites, rows, classes, seed }: Case): Map<string, Values> {
  const random = uniform(seed + 3);
  const values = (shape: number[]): Values => ({ shape, values: Float32Array.from({ length: rows * shape.reduce((a, b) => a * b, 1) }, random) });
  return new Map([...sites.map((site): [string, Values] => [adapterInput(site), values([rank, width])]), ['head.W', values([width, classes])], ['head.b', values([classes])]]);
}

function tensors(values: Map<string, Values>, { first, count }: { first: number; count: number }): Record<string, Tensor> {
  return Object.fromEntries([...values].map(([name, { values: all, shape }]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return [name, new Tensor('float32', all.slice(first * size, (first + count) * size), [count, ...shape])];
  }));
}

function rowOf(values: Values | undefined, p: number): Float32Array {
  const size = (values?.shape ?? []).reduce((a, b) => a * b, 1);
  return (values?.values ?? new Float32Array(0)).subarray(p * size, (p + 1) * size);
}

function delta(a: Float32Array, b: Float32Array, [input, output]: [number, number]): number {
  let sum = 0;
  for (let r = 0; r < rank; r++) sum += (a[input * rank + r] ?? 0) * (b[r * width + output] ?? 0);
  return (alpha / rank) * sum;
}

async function run(session: InferenceSession, feeds: Record<string, Tensor>): Promise<Outputs> {
  const { losses, logits } = await session.run(onlyKnown(session, feeds));
  return { losses: floats(losses).slice(), logits: floats(logits).slice(), lossShape: losses?.dims ?? [] };
}

/**
 * Whether float32 losses are those that were computed another way: to 1e-4, or to the digits that a float32 of their size has. Of 4,254 losses of random
 * stacks half were within 5e-8 of max(1, |loss|), 99.9 % within 2.6e-6, the worst 1.0e-5 away.
 */
export function expectLosses(losses: ArrayLike<number>, expected: readonly number[]): void {
  expected.forEach((loss, i) => expect(Math.abs((losses[i] ?? NaN) - loss)).toBeLessThanOrEqual(Math.max(1e-4, 1e-5 * Math.abs(loss))));
}
