import { type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { dependentsOf } from '../graph/dependents.js';
import { type OnnxModel } from '../graph/model.js';
import { valueInfo } from '../builder/graph-builder.js';
import { revise } from '../graph/revise.js';
import { readsOf } from '../graph/validate.js';
import { type Dimension } from '../layout/dimension.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { elementwise } from '../layout/operators.js';
import { prune } from '../rewrites/prune.js';
import { withoutCache } from '../rewrites/without-cache.js';
import { inspectModel } from './inspect-model.js';
import { linearsOf } from './linears.js';

export interface StepSize {
  /** P */
  rows: number;
  /** b */
  batch: number;
  /** T */
  tokens: number;
  /** For `language` the logits of all positions are counted twice: the loss takes their logarithmic softmax. Default classification. */
  task?: 'classification' | 'verbalizer' | 'language';
  /** Sites with an adapter or a bias; default all. What comes before the first of them is computed for b examples, the rest for P*b. */
  sites?: readonly string[];
  /** What the head reads; default all outputs. */
  output?: string;
}

/** Bytes. `activations` is the most that is alive at one node, float32, with all P rows in one pass. */
export interface MemoryEstimate { weights: number; activations: number; total: number }

const bytesPerValue = 4;
/** Operators whose output is their input under another shape. */
const views = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity']);

/**
 * What a training step will take, from the shapes of the graph: weights once, and at the worst node all values that are still needed. A value
 * whose shape no rule tells counts as one vector a token, as wide as most linears take. Not counted: ONNX Runtime itself (about 50 MB), the gaps of its arena, its scratch space.
 */
export function estimateMemory(model: OnnxModel, { rows, batch, tokens, task, sites, output }: StepSize): MemoryEstimate {
  const plain = withoutCache(model).graph;
  const graph = sized(output === undefined ? plain : prune(plain, { keep: [output] }), tokens);
  const all = linearsOf(graph).linears;
  const linears = all.filter(({ site }) => !sites || sites.includes(site));
  const width = commonest(all.map(({ inputs }) => inputs));
  const perturbed = dependentsOf(graph, linears.map(({ y }) => y));
  // Beside y stands the delta; where the linear itself is computed for all rows, what it gives before they are added, too.
  const adapted = new Map(linears.map(({ node, outputs, x }) => [node, (perturbed.has(x) ? 2 : 1) * outputs]));
  const facts = inferLayouts(graph);
  const bytesOf = (name: string): number => {
    const fact = facts.get(name);
    const examples = perturbed.has(name) ? rows * batch : batch;
    const counted = fact?.shape?.reduce<number | undefined>((product, d) => (product === undefined ? undefined : multiplied(product, d, examples)), 1);
    return bytesPerValue * (counted ?? examples * tokens * width);
  };
  const weights = inspectModel(model).bytes;
  const kept = output === undefined ? graph.output.map(({ name }) => name) : [output];
  const forward = peakOf(graph, { kept, bytesOf, perturbed, extraOf: (node) => bytesPerValue * rows * batch * tokens * (adapted.get(node) ?? 0) });
  const loss = task === 'language' ? 2 * kept.reduce((sum, name) => sum + bytesOf(name), 0) : 0;
  const activations = Math.max(forward, loss);
  return { weights, activations, total: weights + activations };
}

/** The graph with T in place of every size of an input that is neither fixed nor the batch. */
function sized(graph: GraphProto, tokens: number): GraphProto {
  const input = graph.input.map((info) => {
    const axes = info.type?.value.case === 'tensorType' ? info.type.value.value.shape?.dim ?? [] : [];
    return valueInfo(info.name, 'float32', axes.map(({ value }, i) => (value.case === 'dimValue' ? Number(value.value) : i === 0 ? 'batch' : tokens)));
  });
  return revise(graph, { input });
}

function commonest(sizes: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const size of sizes) counts.set(size, (counts.get(size) ?? 0) + 1);
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), [1, 0])[0];
}

function multiplied(product: number, dimension: Dimension, examples: number): number | undefined {
  return dimension === null || dimension.size === null ? undefined : product * dimension.size * examples ** dimension.batch;
}

interface Accounts { kept: readonly string[]; bytesOf: (value: string) => number; extraOf: (node: NodeProto) => number; perturbed: ReadonlySet<string> }

/**
 * The most bytes alive while one node runs; constants are not counted. An element-wise node may write over an input that it is the last to read, but for
 * perturbed values: behind an adapter ONNX Runtime knows no shapes, and so not that the two are of one size.
 */
function peakOf(graph: GraphProto, { kept, bytesOf, extraOf, perturbed }: Accounts): number {
  const root = new Map<string, string>();
  const rootOf = (value: string) => root.get(value) ?? value;
  const lastRead = new Map<string, number>();
  graph.node.forEach((node, i) => {
    if (views.has(node.opType)) root.set(node.output[0] ?? '', rootOf(node.input[0] ?? ''));
    for (const value of readsOf(node)) lastRead.set(rootOf(value), i);
  });
  for (const name of kept) lastRead.set(rootOf(name), graph.node.length);
  const alive = new Map<string, number>();
  let [now, peak] = [0, 0];
  const release = (node: NodeProto, i: number) => {
    for (const value of new Set(readsOf(node).map(rootOf))) {
      if (lastRead.get(value) !== i) continue;
      now -= alive.get(value) ?? 0;
      alive.delete(value);
    }
  };
  graph.node.forEach((node, i) => {
    if (node.opType === 'Constant') return;
    if (elementwise.has(node.opType) && !node.output.some((name) => perturbed.has(name))) release(node, i);
    for (const value of views.has(node.opType) ? [] : node.output.filter((name) => name !== '' && lastRead.has(name))) {
      alive.set(value, bytesOf(value));
      now += bytesOf(value);
    }
    peak = Math.max(peak, now + extraOf(node));
    release(node, i);
  });
  return peak;
}
