import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { frozenA, layoutOf, perturbationKey, type Estimator, type Layout } from '@seedfleet/numerics';
import { adapterInput, buildTrainingGraph, inspectSites, writeModel, type AdapterSite, type OnnxModel, type TrainingPlan } from '@seedfleet/onnx';
import { type Batch } from '../engine/engine.js';
import { TrainingSession } from '../session/training-session.js';
import { interleaved } from './interleaved.js';
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

/**
 * Times one step at q directions, in rows that each add one thing to the row before, interleaved in one process on one thread:
 * sequential MeZO (2q separate forwards, adapters in all layers), then what a step of ours does otherwise.
 */
export async function measureStep(bench: StepModel, { figure, runs }: BenchOutput & { runs: number }): Promise<void> {
  const { queries, batch: { examples, tokens } } = bench;
  const folder = mkdtempSync(join(tmpdir(), 'seedfleet-bench-'));
  const sites = inspectSites(bench.model).sites.filter((site) => bench.isSite(site));
  const seeds = BigUint64Array.from({ length: queries }, (_, j) => BigInt(j + 1));
  const batch = randomBatch(bench);
  const opened: TrainingSession[] = [];
  const open = async (name: string, chosen: readonly AdapterSite[], change: Partial<TrainingPlan> = {}) => {
    const prepared = await openGraph({ bench, chosen, change, path: join(folder, `${name}.onnx`) });
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
    const rows = [
      { name: 'sequential-mezo', run: async () => {
        for (const seed of seeds) {
          for (const sign of [1, -1]) await all.session.perturbedLosses(request(all, { ...estimatorOf('leave-one-out'), queries: 1, eps: sign * eps }, BigUint64Array.of(seed)));
        }
      } },
      { name: 'parallel-rows', run: () => all.session.perturbedLosses(request(all, estimatorOf('central'))) },
      { name: 'leave-one-out', run: () => all.session.perturbedLosses(request(all, estimatorOf('leave-one-out'))) },
      { name: 'late-adapters', run: () => late.session.perturbedLosses(request(late, estimatorOf('leave-one-out'))) },
      { name: 'needed-positions', run: () => needed.session.perturbedLosses(request(needed, estimatorOf('leave-one-out'))) },
      { name: 'w8a8', run: () => w8a8.session.perturbedLosses(request(w8a8, estimatorOf('leave-one-out'))) },
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
  } finally {
    for (const session of opened) await session.release();
    rmSync(folder, { recursive: true });
  }
}

async function openGraph({ bench, chosen, change, path }: { bench: StepModel; chosen: readonly AdapterSite[]; change: Partial<TrainingPlan>; path: string }): Promise<{ session: TrainingSession; layout: Layout }> {
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
  writeFileSync(path, writeModel(graph));
  const session = await TrainingSession.open({
    modelPath: path, layout, inputs: [...chosen.map(({ name }) => adapterInput(name)), 'head.W', 'head.b'], modelInputs: inputs, threads: 1, positionsPerPass: 1e9,
  });
  rmSync(path);
  return { session, layout };
}

/** Texts without padding: random words, random labels. */
function randomBatch({ batch: { examples, tokens }, vocabulary }: StepModel): Batch {
  const random = uniform(3);
  const upTo = (n: number) => Math.floor((random() + 1) / 2 * n);
  const integers = (count: number, bound: number) => BigInt64Array.from({ length: count }, () => BigInt(upTo(bound)));
  return { examples, tokens, ids: integers(examples * tokens, vocabulary), mask: new BigInt64Array(examples * tokens).fill(1n), labels: integers(examples, 2) };
}
