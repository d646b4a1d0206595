import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvariantError } from '@seedfleet/errors';
import { coefficientsOf, differencesOf, frozenA, type Estimator } from '@seedfleet/numerics';
import { adapterInput, buildLanguageGraph, buildTrainingGraph, buildVerbalizerGraph, inspectSites, onlyOutputs, splitTrainingGraph, writeModel, type AdapterSite, type OnnxModel, type TrainingPlan } from '@seedfleet/onnx';
import { meanRowLosses } from '../losses/mean-row-losses.js';
import { interleaved, type Contestant } from './interleaved.js';
import { productRates } from './product-rates.js';
import { measureInProcess, type StepMeasure, type StepRun } from './step-process.js';
import { eps, runKey, StepSession, type PreparedStep, type StepBatch } from './step-session.js';

export interface Figure { name: string; value: number; unit: string }
export interface BenchOutput { figure(figure: Figure): void }

/** A model to bench one step on. */
export interface StepModel {
  /** in the names of the figures */
  name: string;
  model: OnnxModel;
  output: string;
  inputs: { ids: string; mask?: string };
  /** `answers`: ids of the label words */
  task: { type: 'classification'; width: number } | { type: 'language' } | { type: 'verbalizer'; answers: number[] };
  vocabulary: number;
  rank: number;
  /** All sites that MeZO as in the papers would adapt. */
  isSite(site: AdapterSite): boolean;
  /** Of those, the ones in the last third of the layers. */
  isLate(site: AdapterSite): boolean;
  /** Any sites of the last third: another choice, with less behind the first of them. */
  isLatest?(site: AdapterSite): boolean;
}

interface Shape { examples: number; tokens: number; runs: number }
const queries = 8;
const directionsCompared = 32;
/** Shape whose figures have no shape in their names; its peaks are measured, too. */
const usual = { examples: 4, tokens: 32 };
/** Separate forwards are timed in part where a shape is large, float32 rows of several equal passes by one pass; their time is that, so many times over. */
const separatePositionsMax = 2048;

/**
 * Times one step at eight directions, in rows that each add one thing to the row before, interleaved in one process on one thread:
 * sequential MeZO (2q separate forwards, adapters in all layers), then what a step of ours does otherwise. docs/speed.md says what each row is.
 * @param options.bundle `import.meta.url` of the bench, which must export `measureHere`: each peak is that of a process of its own
 */
export async function measureStep(bench: StepModel, { figure, runs, bundle }: BenchOutput & { runs: number; bundle: string }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'seedfleet-bench-'));
  const opened: StepSession[] = [];
  try {
    const sites = inspectSites(bench.model).sites;
    const [all, late, latest] = [bench.isSite, bench.isLate, bench.isLatest ?? bench.isLate].map((chosen) => sites.filter((site) => chosen(site))) as [AdapterSite[], AdapterSite[], AdapterSite[]];
    const peaks = new Map<string, StepMeasure>();
    const batchOf = (shape: { examples: number; tokens: number }): StepBatch => ({ examples: shape.examples, tokens: shape.tokens, vocabulary: bench.vocabulary, labels: bench.task.type === 'language' ? 'token' : 'class' });
    const measure = async (row: string, run: StepRun) => peaks.set(row, await measureInProcess(run, bundle));
    const open = async (rows: Record<string, 'central' | 'leave-one-out' | 'one-row'>, chosen: readonly AdapterSite[], change: StepChange = {}) => {
      const step = prepare({ bench, chosen, change, path: join(folder, `${Object.keys(rows)[0]}.onnx`) });
      for (const [row, sign] of Object.entries(rows)) {
        // The first fills the cache, if there is one.
        if (change.cacheFolder !== undefined) await measureInProcess({ type: 'step', step, batch: batchOf(usual), queries, sign }, bundle);
        await measure(row, { type: 'step', step, batch: batchOf(usual), queries, sign });
      }
      const session = await StepSession.open(step);
      opened.push(session);
      rmSync(step.modelPath);
      return session;
    };
    const plainPath = join(folder, 'plain.onnx');
    writeFileSync(plainPath, writeModel(bench.model));
    await measure('plain-inference', { type: 'plain', modelPath: plainPath, output: bench.output, text: bench.inputs, batch: batchOf({ ...usual, examples: queries * usual.examples }) });
    rmSync(plainPath);
    const w8a8 = { precision: 'w8a8' } as const;
    const cacheFolder = join(folder, 'cache');
    const everywhere = await open({ 'sequential-mezo': 'one-row', 'parallel-rows': 'central', 'leave-one-out': 'leave-one-out' }, all, { positions: 'all' });
    const sessions: Record<string, StepSession> = {
      'late-adapters': await open({ 'late-adapters': 'leave-one-out' }, late, { positions: 'all' }),
      'needed-positions': await open({ 'needed-positions': 'leave-one-out' }, late),
      'w8a8': await open({ 'w8a8': 'leave-one-out' }, late, { ...w8a8, inParts: true }),
      'warm-cache': await open({ 'warm-cache': 'leave-one-out' }, late, { ...w8a8, cacheFolder }),
      ...bench.isLatest && {
        'latest-sites': await open({ 'latest-sites': 'leave-one-out' }, latest, { ...w8a8, inParts: true }),
        'latest-sites-warm': await open({ 'latest-sites-warm': 'leave-one-out' }, latest, { ...w8a8, cacheFolder }),
      },
    };
    for (const [row, { peakMegabytes }] of peaks) figure({ name: `step.${bench.name}.${row}.peakMegabytes`, value: peakMegabytes, unit: row === 'plain-inference' ? 'MB, float32 forward of as many rows' : 'MB' });
    const shapes: Shape[] = [{ ...usual, runs }, ...[[1, 32], [16, 32], [4, 16], [4, 128], ...process.env.SEEDFLEET_BENCH_GRID === '1' ? grid : []].map(([examples = 0, tokens = 0]) => ({ examples, tokens, runs: Math.max(1, Math.floor(runs / 3)) }))];
    for (const shape of shapes) await measureShape({ bench, everywhere, sessions, shape, batch: batchOf(shape), figure, flops: peaks });
    await compareGradients({ bench, sessions, batch: batchOf(usual), figure });
  } finally {
    for (const session of opened) await session.release();
    rmSync(folder, { recursive: true });
  }
}

/** b and T of the rest of the whole grid, for SEEDFLEET_BENCH_GRID=1. */
const grid = [[1, 16], [1, 64], [1, 128], [4, 64], [16, 16], [16, 64], [16, 128]];

interface ShapeParts { bench: StepModel; everywhere: StepSession; sessions: Record<string, StepSession>; shape: Shape; batch: StepBatch; figure: BenchOutput['figure']; flops: Map<string, StepMeasure> }

async function measureShape({ bench, everywhere, sessions, shape, batch, figure, flops }: ShapeParts): Promise<void> {
  const seeds = seedsOf(queries);
  const isUsual = shape.examples === usual.examples && shape.tokens === usual.tokens;
  const positions = shape.examples * shape.tokens;
  const separateForwards = Math.max(1, Math.min(2 * queries, Math.floor(separatePositionsMax / positions)));
  const separately = async (forwards: number) => {
    for (let i = 0; i < forwards; i++) await everywhere.losses({ batch, seeds: seeds.subarray(i >> 1, (i >> 1) + 1), type: 'leave-one-out', eps: i % 2 === 0 ? eps : -eps });
  };
  const passesFor = new Map<string, number>();
  const inPart = (name: string, session: StepSession, type: 'central' | 'leave-one-out') => {
    passesFor.set(name, session.passesOf({ batch, rows: type === 'central' ? 2 * queries : queries }));
    return () => session.losses({ batch, seeds, type, passesMax: 1 });
  };
  const rows: Contestant[] = [
    // Its session, and that of the next row, is warm after one forward.
    { name: 'sequential-mezo', warmUp: () => separately(1), run: () => separately(separateForwards) },
    { name: 'parallel-rows', warmUp: () => Promise.resolve(), run: inPart('parallel-rows', everywhere, 'central') },
    { name: 'leave-one-out', run: inPart('leave-one-out', everywhere, 'leave-one-out') },
    // A cache is warm from the first run on, which is not counted.
    ...Object.entries(sessions).map(([name, session]) => ({ name, run: name === 'late-adapters' || name === 'needed-positions' ? inPart(name, session, 'leave-one-out') : () => session.losses({ batch, seeds, type: 'leave-one-out' }) })),
  // Sessions are warm from the usual shape; a cache is so text by text.
  // The first forward of a size pays for its memory, which counts where few are timed.
  ].map((row) => (isUsual || row.name.endsWith('warm') || row.name === 'warm-cache' || (row.name === 'sequential-mezo' && separateForwards < 4) ? row : { ...row, warmUp: () => Promise.resolve() }));
  const seconds = await interleaved(rows, { runs: shape.runs });
  const timesOf = (row: string) => (row === 'sequential-mezo' ? 2 * queries / separateForwards : passesFor.get(row) ?? 1);
  const cpuOf = (row: string) => (seconds.get(row)?.cpu ?? NaN) * timesOf(row);
  let before = 'sequential-mezo';
  for (const row of seconds.keys()) {
    const named = (name: string) => `step.${bench.name}.${isUsual ? '' : `b${shape.examples}t${shape.tokens}.`}${row}.${name}`;
    figure({ name: named('cpuSeconds'), value: cpuOf(row), unit: 's' });
    if (row !== 'sequential-mezo') figure({ name: named('cpuRatio'), value: cpuOf('sequential-mezo') / cpuOf(row), unit: 'times less than sequential-mezo' });
    if (isUsual && row !== 'sequential-mezo') figure({ name: named('factor'), value: cpuOf(before) / cpuOf(row), unit: 'times less than the row before' });
    before = row;
  }
  if (!isUsual) return;
  const rates = await productRates();
  figure({ name: `step.${bench.name}.rate.float`, value: rates.float / 1e9, unit: 'GFLOP/s, float32 products of this machine' });
  figure({ name: `step.${bench.name}.rate.integer`, value: rates.integer / 1e9, unit: 'GFLOP/s, 8 bit products of this machine' });
  for (const row of seconds.keys()) {
    const counted = flops.get(row)?.flops ?? { float: NaN, integer: NaN };
    const forwards = row === 'sequential-mezo' ? 2 * queries : 1;
    const fraction = forwards * (counted.float / rates.float + counted.integer / rates.integer) / cpuOf(row);
    figure({ name: `step.${bench.name}.${row}.gigaflops`, value: forwards * (counted.float + counted.integer) / 1e9, unit: 'GFLOP of products' });
    if (row === 'warm-cache') figure({ name: `step.${bench.name}.limitFraction`, value: fraction, unit: 'of the time of warm-cache are products at the rate of the machine' });
    else figure({ name: `step.${bench.name}.${row}.limitFraction`, value: fraction, unit: 'of its time are products at the rate of the machine' });
  }
}

/** Of each row's gradient with late-adapters', which is float32 and computes every position; the latest sites are other directions and are left out. */
async function compareGradients({ bench, sessions, batch, figure }: { bench: StepModel; sessions: Record<string, StepSession>; batch: StepBatch; figure: BenchOutput['figure'] }): Promise<void> {
  const estimator: Estimator = { type: 'leave-one-out', queries: directionsCompared, eps, distribution: 'rademacher' };
  const gradientOf = async (row: string) => {
    const losses = await sessions[row]?.losses({ batch, seeds: seedsOf(directionsCompared), type: 'leave-one-out' }) ?? new Float32Array(0);
    return coefficientsOf({ estimator, differences: Float64Array.from(differencesOf({ estimator, losses: meanRowLosses(losses, { rows: directionsCompared, examples: batch.examples }) })) });
  };
  const reference = await gradientOf('late-adapters');
  for (const row of ['needed-positions', 'w8a8', 'warm-cache']) {
    figure({ name: `step.${bench.name}.${row}.gradientCorrelation`, value: correlation(reference, await gradientOf(row)), unit: `with late-adapters, ${directionsCompared} directions, eps ${eps}` });
  }
}

/** `inParts`: what is before the frontier is a graph of its own, as on a device; with a folder its activations stay there. */
type StepChange = Partial<TrainingPlan> & { inParts?: boolean; cacheFolder?: string };
interface PrepareParts { bench: StepModel; chosen: readonly AdapterSite[]; change: StepChange; path: string }

function prepare({ bench, chosen, change: { cacheFolder, inParts = cacheFolder !== undefined, ...change }, path }: PrepareParts): PreparedStep {
  const { model, task, rank, inputs, output } = bench;
  const plan = {
    output, inputs, ...change,
    adapters: chosen.map((site, i) => ({ site: site.name, input: adapterInput(site.name), rank, alpha: 2 * rank, a: frozenA({ runKey, site: i, inputs: site.inputs, rank }) })),
  };
  // Of one row a language graph also gives the likeliest tokens, which no step asks for.
  const graph = onlyOutputs(task.type === 'classification' ? buildTrainingGraph(model, { ...plan, classes: 2, head: { weight: 'head.W', bias: 'head.b' } })
    : task.type === 'language' ? buildLanguageGraph(model, plan) : buildVerbalizerGraph(model, { ...plan, answers: task.answers }), ['losses']);
  const head = task.type === 'classification' ? [{ name: 'head.W', shape: [task.width, 2], scale: 10 }, { name: 'head.b', shape: [2], scale: 10 }] : [];
  const split = inParts ? splitTrainingGraph(graph, { inputs: { mask: '', ...inputs } }) : undefined;
  if (inParts && !split) throw new InvariantError('This model cannot be split at its frontier.');
  const prefixPath = `${path}.prefix.onnx`;
  writeFileSync(path, writeModel(split?.suffix ?? graph));
  if (split) writeFileSync(prefixPath, writeModel(split.prefix));
  return {
    modelPath: path, text: inputs, inputs: [...chosen.map(({ name }) => adapterInput(name)), ...head.map(({ name }) => name)],
    ...split && { prefix: { modelPath: prefixPath, activations: split.activations, ...cacheFolder !== undefined && { cacheFolder } } },
    sites: [...chosen.map(({ name, outputs }) => ({ name, shape: [rank, outputs], scale: 1 })), ...head],
  };
}

function seedsOf(count: number): BigUint64Array {
  return BigUint64Array.from({ length: count }, (_, j) => BigInt(j + 1));
}

/** Pearson's. */
function correlation(x: Float64Array, y: Float64Array): number {
  const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const product = (a: Float64Array, ma: number, b: Float64Array, mb: number) => a.reduce((sum, value, i) => sum + (value - ma) * ((b[i] ?? NaN) - mb), 0);
  return product(x, mx, y, my) / Math.sqrt(product(x, mx, x, mx) * product(y, my, y, my));
}
