import { copyFile, link, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { frozenA, layoutOf, type Estimator, type Layout } from '@seedfleet/numerics';
import { adapterInput, buildLanguageGraph, buildTrainingGraph, buildVerbalizerGraph, externalLocations, inspectSites, writeModel, type AdapterPlan, type BiasPlan, type OnnxModel, type Pool } from '@seedfleet/onnx';
import { type Batch, type Engine } from '../engine/engine.js';
import { openEngine } from '../engine/open-engine.js';
import { refusalOf, type NoiseFloor } from './check-verdict.js';
import { linearityOf, type Linearity } from './linearity.js';
import { Measurement, type StepCost } from './measurement.js';
import { type CheckTask } from './random-batches.js';
import { stepSizeOf } from './step-size.js';

/** A model, how it is read, and the step that is to be checked. */
export interface CheckRequest {
  model: OnnxModel;
  /** Folder of the model's file: external weights are found from there. */
  folder: string;
  output: string;
  pool?: Pool;
  inputs: { ids: string; mask?: string };
  task: CheckTask;
  /** Sites by name; their linears get an adapter each. */
  adapter: { sites: readonly string[]; rank: number; alpha: number; scale: number; headScale: number; /** linears whose outputs get a bias */ biases?: readonly string[]; biasScale?: number };
  precision: 'fp32' | 'w8a8';
  estimator: Pick<Estimator, 'type' | 'queries' | 'distribution'>;
  /** Two of the same size, of two examples or more: the neighbours of the first come from the second. */
  batches: readonly [Batch, Batch];
  /** Where noise is measured. Default 0.01. */
  eps?: number;
  threads: number;
  onProgress?(doing: string): void;
}

export interface ModelCheck {
  step: { rows: number; examples: number; tokens: number; sites: number; trainable: number; precision: 'fp32' | 'w8a8' };
  /** Greatest relative difference between the losses of one pass of all rows and those of a pass for each row. */
  parallel: number;
  /** At `eps`, of the adapters alone; `size` is that of their differences. */
  noise: NoiseFloor & { eps: number; size: number };
  linearity: Linearity;
  /** Learning rate of the step rule `normalised`; null where no step lowered the loss of its own batch. */
  learningRate: { greatest: number; suggested: number } | null;
  cost: StepCost;
}

/** Half decades: what is asked is the order of magnitude. */
export const epsTried: readonly number[] = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1];
const learningRatesTried: readonly number[] = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1];
const head = { weight: 'head.W', bias: 'head.b' };

/**
 * Runs a training step of a model on this machine and measures whether its differences can be trusted. Writes the training graph into a folder of its own,
 * deleted at the end. The point of B where it looks is a few steps from the start: adapters at zero, the head at small fixed values, because behind a head
 * of zeros no adapter changes anything.
 * @throws FleetError why the model is refused: `check.*`, and the codes of building, opening and running the graph
 */
export async function checkModel(request: CheckRequest): Promise<ModelCheck> {
  const { task, estimator, precision, batches: [batch], eps = 1e-2, onProgress = () => undefined } = request;
  const { layout, inputs, adapters, biases } = adapterOf(request);
  const folder = await mkdtemp(join(tmpdir(), 'seedfleet-check-'));
  try {
    onProgress('rewriting the model');
    const modelPath = await writeGraph(folder, { ...request, adapters, biases });
    const options = { modelPath, layout, inputs, modelInputs: { ids: request.inputs.ids, mask: request.inputs.mask ?? '' }, threads: request.threads, ...(task.type === 'classification' ? {} : { task: task.type }) };
    const point = pointOf(layout);
    // Behind a perturbed head nobody would notice what disturbs the adapters: it moves the losses far more than they do.
    const still = adapters.length + biases.length === 0 ? layout : layoutOf(layout.sites.map((site) => (isHead(site) ? { ...site, scale: 0 } : site)));
    const measured = { point, estimator, layout: still };
    onProgress('measuring each row by itself');
    const separate = await using(await openEngine({ ...options, layout: still, positionsPerPass: 1 }), (engine) => new Measurement({ ...measured, engine }).losses(batch, eps));
    onProgress('measuring the noise');
    const found = await using(await openEngine({ ...options, layout: still, positionsPerPass: Number.MAX_SAFE_INTEGER }), (engine) => new Measurement({ ...measured, engine }).noise({ batches: request.batches, separate, eps }));
    return await using(await openEngine({ ...options, positionsPerPass: Number.MAX_SAFE_INTEGER }), async (engine) => {
      const measurement = new Measurement({ engine, layout, point, estimator });
      onProgress('measuring the cost');
      const cost = await measurement.cost(batch, eps);
      onProgress('measuring over eps');
      const linearity = linearityOf(await measurement.overEps(batch, epsTried), Math.max(found.noise.repeat, found.noise.rounding));
      const refusal = refusalOf({ ...found, linearity });
      if (refusal) throw refusal;
      onProgress('trying steps');
      const learningRate = stepSizeOf(await measurement.steps(batch, { eps: linearity.suggested ?? eps, learningRates: learningRatesTried }));
      const { rows } = measurement;
      return {
        step: { rows, examples: batch.examples, tokens: batch.tokens, sites: adapters.length + biases.length, trainable: layout.size, precision },
        parallel: found.parallel, noise: { ...found.noise, eps, size: found.size }, linearity, learningRate, cost,
      };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const isHead = ({ name }: { name: string }) => name === head.weight || name === head.bias;

async function using<T>(engine: Engine, work: (engine: Engine) => Promise<T>): Promise<T> {
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

function adapterOf({ model, task, adapter: { sites, rank, alpha, scale, headScale, biases: biased = [], biasScale = 1 }, output }: CheckRequest): { layout: Layout; inputs: string[]; adapters: AdapterPlan[]; biases: BiasPlan[] } {
  const known = new Map(inspectSites(model).sites.map((site) => [site.name, site]));
  const siteOf = (name: string) => {
    const site = known.get(name);
    if (!site) throw new FleetError('model.site-unknown', { field: 'sites', problem: `The model has no adapter site "${name}".` });
    return site;
  };
  const placed = sites.map(siteOf);
  const shifted = biased.map(siteOf);
  const runKey = new Uint8Array(32);
  const adapters = placed.map(({ name, inputs }, site) => ({ site: name, input: adapterInput(name), rank, alpha, a: frozenA({ runKey, site, inputs, rank }) }));
  const lora = placed.map(({ name, outputs }) => ({ name, shape: [rank, outputs], scale }));
  const biases = shifted.map(({ name }) => ({ site: name, input: adapterInput(`${name}.bias`) }));
  const trained = [...lora, ...shifted.map(({ name, outputs }) => ({ name: `${name}.bias`, shape: [outputs], scale: biasScale }))];
  const trainedInputs = [...adapters, ...biases].map(({ input }) => input);
  if (task.type !== 'classification') return { layout: layoutOf(trained), inputs: trainedInputs, adapters, biases };
  const width = widthOf(model, output);
  return {
    layout: layoutOf([...trained, { name: head.weight, shape: [width, task.classes], scale: headScale }, { name: head.bias, shape: [task.classes], scale: headScale }]),
    inputs: [...trainedInputs, head.weight, head.bias], adapters, biases,
  };
}

/** d of the output that a head reads. */
function widthOf({ graph }: OnnxModel, output: string): number {
  const type = graph.output.find(({ name }) => name === output)?.type?.value;
  const last = type?.case === 'tensorType' ? type.value.shape?.dim.at(-1)?.value : undefined;
  if (last?.case === 'dimValue' && last.value > 0n) return Number(last.value);
  throw new FleetError('model.output-unknown', { field: 'output', problem: `The model declares no output "${output}" of a fixed width, so that no head fits it.` });
}

/** Values between -1/sqrt(d) and 1/sqrt(d) in the head, the same at every check; adapters at 0, where every run begins. */
function pointOf(layout: Layout): Float64Array {
  const point = new Float64Array(layout.size);
  const site = layout.sites.find(({ name }) => name === head.weight);
  if (site) point.set(frozenA({ runKey: new Uint8Array(32).fill(1), site: site.index, inputs: site.shape[0] ?? 1, rank: site.shape[1] ?? 1 }), site.offset);
  return point;
}

async function writeGraph(folder: string, { model, folder: source, output, pool, inputs, task, adapters, biases, precision }: CheckRequest & { adapters: AdapterPlan[]; biases: BiasPlan[] }): Promise<string> {
  const read = { output, inputs, precision, adapters, biases };
  if (task.type !== 'classification' && adapters.length + biases.length === 0) throw new FleetError('model.no-sites', { field: 'sites', problem: 'No adapter site was chosen, and a language model has no head: nothing would be trained.' });
  const graph = task.type === 'language' ? buildLanguageGraph(model, read)
    : task.type === 'verbalizer' ? buildVerbalizerGraph(model, { ...read, answers: task.answers })
      : buildTrainingGraph(model, { ...read, classes: task.classes, head, ...(pool === undefined ? {} : { pool }) });
  for (const location of externalLocations(graph)) await place({ from: join(source, location), to: join(folder, location) });
  const path = join(folder, 'training.onnx');
  await writeFile(path, writeModel(graph));
  return path;
}

/** A hard link, or a copy on another disk: ONNX Runtime refuses weights behind a symbolic link that leaves the model's folder. */
async function place({ from, to }: { from: string; to: string }): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const file = await realpath(from);
  await link(file, to).catch(() => copyFile(file, to));
}
