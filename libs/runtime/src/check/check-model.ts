import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvariantError } from '@seedfleet/errors';
import { rowsOf, type Estimator, type Layout } from '@seedfleet/numerics';
import { type OnnxModel, type Pool } from '@seedfleet/onnx';
import { type Batch, type Engine } from '../engine/engine.js';
import { openEngine } from '../engine/open-engine.js';
import { refusalOf, warningsOf, type NoiseFloor } from './check-verdict.js';
import { floatTwinOf } from './float-twin.js';
import { linearityBeside, linearityOf, type EpsMeasure, type Linearity } from './linearity.js';
import { Measurement, type StepCost } from './measurement.js';
import { type CheckTask } from './random-batches.js';
import { scaleFindingsOf, type ScaleFinding, type TrainedKind } from './site-scales.js';
import { stepSizeOf } from './step-size.js';
import { kindsOf, startOf, trainedParts, withScales, type TrainedParts } from './trained-parts.js';
import { writeCheckGraph } from './check-graph.js';

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
  /** Where the folder with the training graph is made. Default: that of the system for such files. */
  scratch?: string;
  onProgress?(doing: string): void;
}

export interface ModelCheck {
  step: { rows: number; examples: number; tokens: number; sites: number; trainable: number; precision: 'fp32' | 'w8a8' };
  /** Greatest relative difference between the losses of one pass of all rows and those of a pass for each row. */
  parallel: number;
  /** At `eps`, of the adapters alone; `size` is that of their differences. */
  noise: NoiseFloor & { eps: number; size: number };
  linearity: Linearity;
  /** Adapters, biases and head, each perturbed alone, where there is more than one of these kinds; empty otherwise: then eps says as much. */
  scales: ScaleFinding[];
  /** Sentences about what is not good and no reason to refuse. */
  warnings: string[];
  /** Learning rate of the step rule `normalised`; null where no step lowered the loss of its own batch. */
  learningRate: { greatest: number; suggested: number } | null;
  cost: StepCost;
}

/** Half decades: what is asked is the order of magnitude. */
export const epsTried: readonly number[] = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1];
const learningRatesTried: readonly number[] = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1];

/**
 * Runs a training step of a model on this machine and measures whether its differences can be trusted. Writes the training graph into a folder of its own,
 * deleted at the end. The point of B where it looks is a few steps from the start: adapters at zero, the head at small fixed values, because behind a head
 * of zeros no adapter changes anything.
 * @throws FleetError why the model is refused: `check.*`, and the codes of building, opening and running the graph
 */
export async function checkModel(request: CheckRequest): Promise<ModelCheck> {
  const { task, estimator, precision, batches, eps = 1e-2, scratch = tmpdir(), onProgress = () => undefined } = request;
  const [batch] = batches;
  const trained = trainedParts(request);
  const { layout, inputs, adapters, biases } = trained;
  const folder = await mkdtemp(join(scratch, 'seedfleet-check-'));
  try {
    onProgress('rewriting the model');
    const options = { layout, inputs, modelInputs: { ids: request.inputs.ids, mask: request.inputs.mask ?? '' }, threads: request.threads, ...(task.type === 'classification' ? {} : { task: task.type }) };
    const modelPath = await writeCheckGraph(folder, { ...request, adapters, biases });
    const float = floatTwinOf(request);
    const renamed = <T extends { site: string }>(plans: readonly T[]) => plans.map((plan) => ({ ...plan, site: float?.siteOf(plan.site) ?? plan.site }));
    const floatPath = float && await writeCheckGraph(join(folder, 'float32'), { ...request, model: float.model, precision: float.precision, adapters: renamed(adapters), biases: renamed(biases) });
    const point = startOf(layout);
    // Behind a perturbed head nobody would notice what disturbs the adapters: it moves the losses far more than they do.
    const still = kindsOf(trained).length === 1 ? layout : withScales(layout, ({ kind }) => kind !== 'head', trained);
    const measuring = (engine: Engine, part: Layout) => new Measurement({ engine, layout: part, point, estimator });
    onProgress('measuring each row by itself');
    const separate = await using(await openEngine({ ...options, modelPath, positionsPerPass: 1 }), (engine) => measuring(engine, still).losses(batch, eps));
    return await using(await openEngine({ ...options, modelPath, positionsPerPass: Number.MAX_SAFE_INTEGER }), async (engine) => {
      onProgress('measuring the cost');
      const cost = await measuring(engine, layout).cost(batch, eps);
      onProgress('measuring the noise');
      const found = await measuring(engine, still).noise({ batches, separate, eps });
      const layouts = layoutsAlone(trained);
      onProgress('measuring over eps');
      const sweep = async (swept: Engine) => {
        const measures: EpsMeasure[][] = [];
        for (const { part } of layouts) measures.push(await measuring(swept, part).overEps(batch, epsTried));
        return measures;
      };
      const measures = await sweep(engine);
      if (floatPath !== undefined) onProgress('measuring float32 over eps');
      const floats = floatPath === undefined ? [] : await using(await openEngine({ ...options, modelPath: floatPath, positionsPerPass: Number.MAX_SAFE_INTEGER }), sweep);
      const noise = Math.max(found.noise.repeat, found.noise.rounding);
      const [linearity, ...alone] = measures.map((own, i) => { const beside = floats[i]; return beside ? linearityBeside(own, { float: beside, noise }) : linearityOf(own, noise); });
      if (!linearity) throw new InvariantError('Nothing was measured.');
      const refusal = refusalOf({ ...found, linearity });
      if (refusal) throw refusal;
      const scales = scaleFindingsOf(layouts.flatMap(({ kind, scale }, i) => { const own = alone[i - 1]; return kind === null || !own ? [] : [{ kind, scale, linearity: own }]; }), linearity);
      onProgress('trying steps');
      const learningRate = stepSizeOf(await measuring(engine, layout).steps(batch, { eps: linearity.suggested ?? eps, learningRates: learningRatesTried }));
      return {
        step: { rows: rowsOf(estimator), examples: batch.examples, tokens: batch.tokens, sites: adapters.length + biases.length, trainable: layout.size, precision },
        parallel: found.parallel, noise: { ...found.noise, eps, size: found.size }, linearity, scales, warnings: warningsOf({ linearity, scales }), learningRate, cost,
      };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The layout as it is, and, where there are several, each kind of trained values with the others standing still. */
function layoutsAlone(trained: TrainedParts): { kind: TrainedKind | null; scale: number; part: Layout }[] {
  const kinds = kindsOf(trained);
  const { layout } = trained;
  const whole = { kind: null, scale: 1, part: layout };
  return kinds.length === 1 ? [whole] : [whole, ...kinds.map(({ kind, scale }) => ({ kind, scale, part: withScales(layout, (site) => site.kind === kind, trained) }))];
}

async function using<T>(engine: Engine, work: (engine: Engine) => Promise<T>): Promise<T> {
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}
