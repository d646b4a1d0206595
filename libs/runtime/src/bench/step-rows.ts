import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvariantError } from '@seedfleet/errors';
import { coefficientsOf, differencesOf, frozenA, layoutOf, perturbationKey, type Estimator, type Layout } from '@seedfleet/numerics';
import { adapterInput, buildTrainingGraph, inspectSites, splitTrainingGraph, writeModel, type AdapterSite, type OnnxModel, type TrainingPlan } from '@seedfleet/onnx';
import { type Batch } from '../engine/engine.js';
import { meanRowLosses } from '../losses/mean-row-losses.js';
import { TrainingSession } from '../session/training-session.js';
import { interleaved, type Contestant } from './interleaved.js';
import { uniform } from './llama-graph.js';

export interface Figure { name: string; value: number; unit: string }
export interface BenchOutput { figure(figure: Figure): void }

/** A model to bench one step on. Sites by name; the last third of its layers is what our step trains. */
export interface StepModel {
  name: string;
  model: OnnxModel;
  output: string;
  inputs: { ids: string; mask: string };
  isSite(site: AdapterSite): boolean;
  isLate(site: AdapterSite): boolean;
  vocabulary: number;
  /** of the vector that the head reads */
  width: number;
  queries: number;
  rank: number;
  batch: { examples: number; tokens: number };
}

const runKey = new Uint8Array(32).fill(9);
const key = perturbationKey(runKey);
const eps = 0.01;
const directionsCompared = 32;

/**
 * Times one step at q directions, in rows that each add one thing to the row before, interleaved in one process on one thread:
 * sequential MeZO (2q separate forwards, adapters in all layers), then what a step of ours does otherwise. docs/speed.md says what each row is.
 */
export async function measureStep(bench: StepModel, { figure, runs }: BenchOutput & { runs: number }): Promise<void> {
  const { queries, batch: { examples, tokens } } = bench;
  const folder = mkdtempSync(join(tmpdir(), 'seedfleet-bench-'));
  const sites = inspectSites(bench.model).sites.filter((site) => bench.isSite(site));
  const seeds = BigUint64Array.from({ length: queries }, (_, j) => BigInt(j + 1));
  const batch = randomBatch(bench);
  const opened: TrainingSession[] = [];
  const open = async (name: string, chosen: readonly AdapterSite[], { cached = false, ...change }: Partial<TrainingPlan> & { cached?: boolean } = {}) => {
    const prepared = await openGraph({ bench, chosen, change, path: join(folder, `${name}.onnx`), cache: cached ? join(folder, 'cache') : undefined });
    opened.push(prepared.session);
    return prepared;
  };
  const request = ({ layout }: { layout: Layout }, estimator: Estimator, some: BigUint64Array = seeds) => ({ batch, b: new Float64Array(layout.size), key, seeds: some, estimator });
  const estimatorOf = (type: Estimator['type']): Estimator => ({ type, queries, eps, distribution: 'rademacher' });
  try {
    const all = await open('all-layers', sites, { positions: 'all' });
    const lateSites = sites.filter((site) => bench.isLate(site));
    const late = await open('late', lateSites, { positions: 'all' });
    const needed = await open('needed', lateSites);
    const w8a8 = await open('w8a8', lateSites, { precision: 'w8a8' });
    const cached = await open('cached', lateSites, { precision: 'w8a8', cached: true });
    const separately = async (some: BigUint64Array) => {
      for (const seed of some) {
        for (const sign of [1, -1]) await all.session.perturbedLosses(request(all, { ...estimatorOf('leave-one-out'), queries: 1, eps: sign * eps }, BigUint64Array.of(seed)));
      }
    };
    const rows: Contestant[] = [
      // Its session, and that of the next row, is warm after one forward.
      { name: 'sequential-mezo', warmUp: () => separately(seeds.subarray(0, 1)), run: () => separately(seeds) },
      { name: 'parallel-rows', warmUp: () => Promise.resolve(), run: () => all.session.perturbedLosses(request(all, estimatorOf('central'))) },
      { name: 'leave-one-out', run: () => all.session.perturbedLosses(request(all, estimatorOf('leave-one-out'))) },
      { name: 'late-adapters', run: () => late.session.perturbedLosses(request(late, estimatorOf('leave-one-out'))) },
      { name: 'needed-positions', run: () => needed.session.perturbedLosses(request(needed, estimatorOf('leave-one-out'))) },
      { name: 'w8a8', run: () => w8a8.session.perturbedLosses(request(w8a8, estimatorOf('leave-one-out'))) },
      // Warm from the first run on, which is not counted.
      { name: 'warm-cache', run: () => cached.session.perturbedLosses(request(cached, estimatorOf('leave-one-out'))) },
    ];
    const seconds = await interleaved(rows, { runs });
    const first = seconds.get('sequential-mezo');
    let before = first;
    for (const [row, measured] of seconds) {
      const named = (figureName: string) => `step.${bench.name}.b${examples}t${tokens}.${row}.${figureName}`;
      figure({ name: named('cpuSeconds'), value: measured.cpu, unit: 's' });
      figure({ name: named('wallSeconds'), value: measured.wall, unit: 's' });
      figure({ name: named('cpuRatio'), value: (first?.cpu ?? NaN) / measured.cpu, unit: 'times less than sequential-mezo' });
      figure({ name: named('factor'), value: (before?.cpu ?? NaN) / measured.cpu, unit: 'times less than the row before' });
      before = measured;
    }
    const gradientOf = async (row: { session: TrainingSession; layout: Layout }) => {
      const estimator = { ...estimatorOf('leave-one-out'), queries: directionsCompared };
      const losses = await row.session.perturbedLosses(request(row, estimator, BigUint64Array.from({ length: directionsCompared }, (_, j) => BigInt(j + 1))));
      return coefficientsOf({ estimator, differences: Float64Array.from(differencesOf({ estimator, losses: meanRowLosses(losses, { rows: directionsCompared, examples }) })) });
    };
    const reference = await gradientOf(late);
    for (const [name, row] of Object.entries({ 'needed-positions': needed, w8a8, 'warm-cache': cached })) {
      figure({ name: `step.${bench.name}.b${examples}t${tokens}.${name}.gradientCorrelation`, value: correlation(reference, await gradientOf(row)), unit: `with late-adapters, ${directionsCompared} directions, eps ${eps}` });
    }
  } finally {
    for (const session of opened) await session.release();
    rmSync(folder, { recursive: true });
  }
}

interface OpenParts { bench: StepModel; chosen: readonly AdapterSite[]; change: Partial<TrainingPlan>; path: string; cache: string | undefined }

async function openGraph({ bench, chosen, change, path, cache }: OpenParts): Promise<{ session: TrainingSession; layout: Layout }> {
  const { rank, inputs, output } = bench;
  const graph = buildTrainingGraph(bench.model, {
    output, inputs, classes: 2, head: { weight: 'head.W', bias: 'head.b' },
    adapters: chosen.map((site, i) => ({ site: site.name, input: adapterInput(site.name), rank, alpha: 2 * rank, a: frozenA({ runKey, site: i, inputs: site.inputs, rank }) })),
    ...change,
  });
  const layout = layoutOf([
    ...chosen.map(({ name, outputs }) => ({ name, shape: [rank, outputs], scale: 1 })),
    { name: 'head.W', shape: [bench.width, 2], scale: 10 }, { name: 'head.b', shape: [2], scale: 10 },
  ]);
  const split = cache === undefined ? undefined : splitTrainingGraph(graph, { inputs });
  if (cache !== undefined && !split) throw new InvariantError('This model cannot be split at its frontier.');
  const prefixPath = `${path}.prefix.onnx`;
  writeFileSync(path, writeModel(split?.suffix ?? graph));
  if (split) writeFileSync(prefixPath, writeModel(split.prefix));
  const session = await TrainingSession.open({
    ...(split && cache !== undefined ? { prefix: { modelPath: prefixPath, activations: split.activations, cache: { folder: cache, bytesMax: 2 ** 30 } } } : {}),
    modelPath: path, layout, inputs: [...chosen.map(({ name }) => adapterInput(name)), 'head.W', 'head.b'], modelInputs: inputs, threads: 1, positionsPerPass: 1e9,
  });
  rmSync(path);
  rmSync(prefixPath, { force: true });
  return { session, layout };
}

/** Pearson's. */
function correlation(x: Float64Array, y: Float64Array): number {
  const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const product = (a: Float64Array, ma: number, b: Float64Array, mb: number) => a.reduce((sum, value, i) => sum + (value - ma) * ((b[i] ?? NaN) - mb), 0);
  return product(x, mx, y, my) / Math.sqrt(product(x, mx, x, mx) * product(y, my, y, my));
}

/** Texts without padding: random words, random labels. */
function randomBatch({ batch: { examples, tokens }, vocabulary }: StepModel): Batch {
  const random = uniform(3);
  const upTo = (n: number) => Math.floor((random() + 1) / 2 * n);
  const integers = (count: number, bound: number) => BigInt64Array.from({ length: count }, () => BigInt(upTo(bound)));
  return { examples, tokens, ids: integers(examples * tokens, vocabulary), mask: new BigInt64Array(examples * tokens).fill(1n), labels: integers(examples, 2) };
}
