import { coefficientsOf, differencesOf, gradientInto, perturbationKey, rowsOf, type Estimator, type Layout } from '@seedfleet/numerics';
import { meanRowLosses } from '../losses/mean-row-losses.js';
import { type Batch, type Engine } from '../engine/engine.js';
import { type NoiseFloor } from './check-verdict.js';
import { rootMeanSquare, type EpsMeasure } from './linearity.js';
import { type StepMeasure } from './step-size.js';

const key = perturbationKey(new Uint8Array(32).fill(7));
/** Relative rounding of a float32. */
const float32Rounding = 2 ** -24;
const costPasses = 5;
const sampleMs = 2;

/** `layout` is that of the engine, perhaps with other scales. */
export interface MeasurementParts { engine: Engine; layout: Layout; point: Float64Array; estimator: Pick<Estimator, 'type' | 'queries' | 'distribution'> }

/** `megabytes` is what the process grew by in a step; `processMegabytes` the most that it held, the model and this program included. */
export interface StepCost { milliseconds: number; cpuMilliseconds: number; megabytes: number; processMegabytes: number }

/** Looks at one point of B along the same q directions, however often and however far. */
export class Measurement {
  /** P */
  readonly rows: number;
  private readonly seeds: BigUint64Array;

  constructor(private readonly parts: MeasurementParts) {
    this.rows = rowsOf(parts.estimator);
    this.seeds = BigUint64Array.from({ length: parts.estimator.queries }, (_, j) => BigInt(j + 1));
  }

  /** [P*b] losses of each example in each row. */
  losses(batch: Batch, eps: number): Promise<Float32Array> {
    const { engine, point, estimator, layout } = this.parts;
    return engine.perturbedLosses({ batch, b: point, key, seeds: this.seeds, estimator: { ...estimator, eps }, layout });
  }

  /** What of a difference is none: by repeating, by separating the rows, by changing the company of every second example. */
  async noise({ batches: [batch, others], separate, eps }: { batches: readonly [Batch, Batch]; separate: Float32Array; eps: number }): Promise<{ parallel: number; noise: NoiseFloor; size: number }> {
    const together = await this.losses(batch, eps);
    const again = await this.losses(batch, eps);
    const company = await Promise.all([0, 1].map((kept) => this.losses(mixed({ batch, others, kept }), eps)));
    // Of each example the losses in the batch where it was kept and its neighbours were not.
    const neighbours = together.map((_, i) => company[(i % batch.examples) % 2]?.[i] ?? NaN);
    const between = (other: Float32Array) => rootMeanSquare(this.differences(batch, together.map((loss, i) => loss - (other[i] ?? NaN))));
    const size = rootMeanSquare(this.differences(batch, together));
    const magnitude = together.reduce((most, loss) => Math.max(most, Math.abs(loss)), 0);
    return {
      size, parallel: together.reduce((most, loss, i) => Math.max(most, Math.abs(loss - (separate[i] ?? NaN)) / Math.max(Math.abs(loss), float32Rounding)), 0),
      noise: { repeat: between(again), separate: between(separate), neighbours: between(neighbours), rounding: (magnitude * float32Rounding) / Math.sqrt(batch.examples) },
    };
  }

  /** @param epsilons ascending */
  async overEps(batch: Batch, epsilons: readonly number[]): Promise<EpsMeasure[]> {
    const measures: EpsMeasure[] = [];
    for (const eps of epsilons) {
      const differences = Float64Array.from(this.differences(batch, await this.losses(batch, eps)));
      measures.push({ eps, gradients: coefficientsOf({ estimator: { type: this.parts.estimator.type, eps }, differences }), size: rootMeanSquare(differences) });
    }
    return measures;
  }

  /** The loss of the batch after normalised steps along its own estimate. @param learningRates ascending */
  async steps(batch: Batch, { eps, learningRates }: { eps: number; learningRates: readonly number[] }): Promise<{ before: number; after: StepMeasure[]; slope: number }> {
    const { engine, layout, point, estimator: { type, distribution } } = this.parts;
    const differences = Float64Array.from(this.differences(batch, await this.losses(batch, eps)));
    const gradients = coefficientsOf({ estimator: { type, eps }, differences });
    const slope = rootMeanSquare(gradients);
    const direction = new Float64Array(layout.size);
    gradientInto(direction, { layout, key, distribution, seeds: this.seeds, coefficients: gradients.map((gradient) => gradient / slope) });
    const lossAt = async (learningRate: number) => {
      const { lossSum, count } = await engine.evaluate({ batch, b: point.map((value, i) => value - learningRate * (direction[i] ?? 0)) });
      return lossSum / count;
    };
    const before = await lossAt(0);
    const after: StepMeasure[] = [];
    for (const learningRate of learningRates) after.push({ learningRate, loss: await lossAt(learningRate) });
    return { before, after, slope };
  }

  /** Medians over whole steps; memory from the session that waits to the most that is held in a step. */
  async cost(batch: Batch, eps: number): Promise<StepCost> {
    const idle = process.memoryUsage.rss();
    let bytes = idle;
    // The engine has a thread of its own: this one is free to look.
    const timer = setInterval(() => { bytes = Math.max(bytes, process.memoryUsage.rss()); }, sampleMs);
    const passes: { wall: number; cpu: number }[] = [];
    try {
      for (let i = 0; i < costPasses; i++) {
        const [from, cpuFrom] = [performance.now(), process.cpuUsage()];
        await this.losses(batch, eps);
        const { user, system } = process.cpuUsage(cpuFrom);
        passes.push({ wall: performance.now() - from, cpu: (user + system) / 1_000 });
      }
    } finally {
      clearInterval(timer);
    }
    return { milliseconds: median(passes.map(({ wall }) => wall)), cpuMilliseconds: median(passes.map(({ cpu }) => cpu)), megabytes: (bytes - idle) / 1e6, processMegabytes: bytes / 1e6 };
  }

  /** [q]; linear in the losses, so that it also makes differences of differences of losses. */
  private differences({ examples }: Batch, losses: Float32Array | Float64Array): Float32Array {
    return differencesOf({ estimator: this.parts.estimator, losses: meanRowLosses(losses, { rows: this.rows, examples }) });
  }
}

/** A batch whose examples of one parity are kept and the others replaced. */
function mixed({ batch, others, kept }: { batch: Batch; others: Batch; kept: number }): Batch {
  const choose = (own: BigInt64Array, other: BigInt64Array) => {
    const size = own.length / batch.examples;
    return own.map((value, i) => (Math.floor(i / size) % 2 === kept ? value : other[i] ?? value));
  };
  const { answer } = batch;
  return {
    ...batch, ids: choose(batch.ids, others.ids), mask: choose(batch.mask, others.mask), labels: choose(batch.labels, others.labels),
    ...(answer === undefined ? {} : { answer: choose(answer, others.answer ?? answer) }),
  };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
