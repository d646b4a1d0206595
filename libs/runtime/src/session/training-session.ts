import { FleetError } from '@seedfleet/errors';
import { perturbedRowsInto, rowsOf } from '@seedfleet/numerics';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Batch, type BatchEvaluation, type EngineOptions, type LossesRequest, type TaskType } from '../engine/engine.js';
import { PrefixSession } from '../activations/prefix-session.js';
import { evaluationOfClasses, evaluationOfTokens } from '../losses/evaluation.js';
import { RowBuffers, type RowSpan } from './row-buffers.js';
import { runOptions, sessionOptions } from './session-options.js';
import { examplesFrom, labelFeed, requireSizes, textFeeds } from './text-batch.js';

export type SessionOptions = Omit<EngineOptions, 'answerMs'>;

/** A language model has a value for each word of its vocabulary at each position, twice. */
const positionsPerPassDefault: Record<TaskType, number> = { classification: 4096, verbalizer: 4096, language: 1024 };
/** Where what is before the frontier is computed once for all passes, more at a time gains nothing: the values of wide layers would leave the caches. */
const positionsPerPassBehind = 512;

/** A training graph in ONNX Runtime. Its calls block the thread they are made in: see `openEngine`. */
export class TrainingSession {
  private readonly rows: RowBuffers;
  private readonly positionsPerPass: number;

  private constructor(private readonly session: InferenceSession, private readonly prefix: PrefixSession | undefined, private readonly options: SessionOptions) {
    this.rows = new RowBuffers(options.layout);
    this.positionsPerPass = Math.min(options.positionsPerPass ?? positionsPerPassDefault[taskOf(options)], prefix ? positionsPerPassBehind : Infinity);
  }

  /** @throws FleetError `engine.model-unusable` */
  static async open(options: SessionOptions): Promise<TrainingSession> {
    const session = await createSession(options.modelPath, options);
    const { ids, mask = ids } = options.modelInputs;
    const activations = options.prefix?.activations;
    const answer = options.task === 'verbalizer' ? ['answer'] : [];
    // Behind a frontier the text itself may no longer be needed.
    const missing = [...options.inputs, ...activations ?? [ids, ...answer], 'labels'].find((name) => !session.inputNames.includes(name));
    const extra = session.inputNames.find((name) => ![...options.inputs, ...activations ?? [], ids, mask, ...answer, 'labels'].includes(name));
    if (missing !== undefined || extra !== undefined || options.inputs.length !== options.layout.sites.length) {
      await session.release();
      throw new FleetError('engine.model-unusable', { field: missing ?? extra ?? 'inputs', problem: `The training graph and the layout do not belong together: ${missing !== undefined ? `the graph has no input "${missing}"` : extra !== undefined ? `nothing feeds the input "${extra}"` : 'one input per site is needed'}.` });
    }
    if (!options.prefix) return new TrainingSession(session, undefined, options);
    const before = await createSession(options.prefix.modelPath, options).catch(async (error: unknown) => {
      await session.release();
      throw error;
    });
    const run = (feeds: Record<string, Tensor>, fetches: readonly string[]) => before.run(feeds, fetches, runOptions) as Promise<Record<string, Tensor>>;
    return new TrainingSession(session, await PrefixSession.open({ session: before, options: options.prefix, modelInputs: options.modelInputs, run }), options);
  }

  /** [P*b], see `Engine.perturbedLosses`. */
  async perturbedLosses({ batch, b, key, seeds, estimator, layout = this.options.layout }: LossesRequest): Promise<Float32Array> {
    const rows = rowsOf(estimator);
    perturbedRowsInto(this.rows.all(rows), { b, layout, key, seeds, estimator });
    requireSizes(batch, this.task);
    const losses = new Float32Array(rows * batch.examples);
    for (const part of this.partsOf(batch)) {
      const texts = examplesFrom(batch, part);
      const feeds = await this.feedsOf(texts);
      const rowsPerPass = Math.max(1, Math.floor(this.positionsPerPass / (part.count * batch.tokens)));
      for (let first = 0; first < rows; first += rowsPerPass) {
        const span = { first, count: Math.min(rowsPerPass, rows - first) };
        const passed = lossesOf((await this.run({ batch: texts, text: feeds, span, fetches: ['losses'] })).losses, span.count * part.count);
        for (let p = 0; p < span.count; p++) losses.set(passed.subarray(p * part.count, (p + 1) * part.count), (first + p) * batch.examples + part.first);
      }
    }
    return requireFinite(losses);
  }

  async evaluate({ batch, b }: { batch: Batch; b: Float64Array }): Promise<BatchEvaluation> {
    if (b.length !== this.options.layout.size) throw new FleetError('engine.batch-invalid', { field: 'b', problem: `B has ${b.length} values, the layout ${this.options.layout.size}.` });
    this.rows.all(1).set(b);
    requireSizes(batch, this.task);
    const request = { batch, text: await this.feedsOf(batch), span: { first: 0, count: 1 } };
    if (this.task === 'language') {
      const { losses, predicted } = await this.run({ ...request, fetches: ['losses', 'predicted'] });
      return evaluationOfTokens({ losses: requireFinite(lossesOf(losses, batch.examples)), predicted: integers(predicted), labels: batch.labels });
    }
    const { losses, logits } = await this.run({ ...request, fetches: ['losses', 'logits'] });
    return evaluationOfClasses({ losses: requireFinite(lossesOf(losses, batch.examples)), logits: floats(logits), labels: batch.labels });
  }

  async release(): Promise<void> {
    await this.session.release();
    await this.prefix?.release();
  }

  private get task(): TaskType {
    return taskOf(this.options);
  }

  /** Examples that one row takes at a time. Never one of several: its products would be of one row, and ONNX Runtime adds those in another order. */
  private partsOf({ examples, tokens }: Batch): { first: number; count: number }[] {
    const count = Math.min(examples, Math.max(2, Math.floor(this.positionsPerPass / tokens)));
    // Where one would be left over, it is computed beside the one before it, once more.
    return Array.from({ length: Math.ceil(examples / count) }, (_, i) => {
      const first = Math.min(i * count, Math.max(0, examples - 2));
      return { first, count: Math.min(count, examples - first) };
    });
  }

  /** What does not depend on the rows: computed once for all passes. */
  private async feedsOf(batch: Batch): Promise<Record<string, Tensor>> {
    const feeds = { ...textFeeds(batch, this.options.modelInputs), ...labelFeed(batch, this.task) };
    // A graph whose output does not depend on the mask has no such input.
    const read = Object.fromEntries(Object.entries(feeds).filter(([name]) => this.session.inputNames.includes(name)));
    if (!this.prefix) return read;
    try {
      return { ...read, ...await this.prefix.activations(batch) };
    } catch (cause) {
      throw runFailed({ batch, rows: 0, cause });
    }
  }

  private async run<F extends string>({ batch, text, span, fetches }: { batch: Batch; text: Record<string, Tensor>; span: RowSpan; fetches: readonly F[] }): Promise<Partial<Record<F, Tensor>>> {
    const { inputs } = this.options;
    const feeds = { ...text };
    this.rows.bySite(span).forEach((site, i) => {
      feeds[inputs[i] ?? ''] = new Tensor('float32', site.values, site.shape);
    });
    try {
      return await this.session.run(feeds, fetches, runOptions) as Partial<Record<F, Tensor>>;
    } catch (cause) {
      throw runFailed({ batch, rows: span.count, cause });
    }
  }
}

/** The cause is kept for the debugger only: ONNX Runtime puts token ids into its messages, and those are data. */
function runFailed({ batch, rows, cause }: { batch: Batch; rows: number; cause: unknown }): FleetError {
  const where = rows === 0 ? 'before the adapters' : `in ${rows} rows`;
  return new FleetError('engine.run-failed', { field: 'batch', problem: `ONNX Runtime refused a batch of ${batch.examples} examples of ${batch.tokens} tokens ${where}.`, cause });
}

async function createSession(modelPath: string, options: SessionOptions): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(modelPath, await sessionOptions(options));
  } catch (cause) {
    throw new FleetError('engine.model-unusable', { field: 'modelPath', problem: `ONNX Runtime cannot load ${modelPath}: ${cause instanceof Error ? cause.message : String(cause)}.`, cause });
  }
}

function taskOf({ task = 'classification' }: Pick<EngineOptions, 'task'>): TaskType {
  return task;
}

function floats(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new FleetError('engine.model-unusable', { field: 'losses', problem: 'The training graph does not give float32 losses and logits.' });
  return tensor.data;
}

function lossesOf(tensor: Tensor | undefined, count: number): Float32Array {
  const values = floats(tensor);
  if (values.length !== count) throw new FleetError('engine.model-unusable', { field: 'losses', problem: `The training graph gave ${values.length} losses, ${count} were asked.` });
  return values;
}

function requireFinite(losses: Float32Array): Float32Array {
  const bad = losses.reduce((n, loss) => (Number.isFinite(loss) ? n : n + 1), 0);
  if (bad > 0) throw new FleetError('loss.not-finite', { field: 'losses', problem: `${bad} of ${losses.length} losses are NaN or infinite.` });
  return losses;
}

function integers(tensor: Tensor | undefined): BigInt64Array {
  if (!(tensor?.data instanceof BigInt64Array)) throw new FleetError('engine.model-unusable', { field: 'predicted', problem: 'The training graph does not say which tokens it predicts.' });
  return tensor.data;
}
