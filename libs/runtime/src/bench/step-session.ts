import { layoutOf, perturbationKey, perturbedRowsInto, rowsOf, type Estimator, type Layout, type Site } from '@seedfleet/numerics';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { PrefixSession } from '../activations/prefix-session.js';
import { type Batch } from '../engine/engine.js';
import { RowBuffers } from '../session/row-buffers.js';
import { runOptions, sessionOptions } from '../session/session-options.js';
import { uniform } from './llama-graph.js';

export const eps = 0.01;
export const runKey = new Uint8Array(32).fill(9);
const key = perturbationKey(runKey);
/** Bounds memory, as the engine does; logits of a whole vocabulary at each position want a narrower bound, and so do passes behind a prefix. */
const positionsPerPass = { class: 4096, token: 1024, behindPrefix: 512 };

/** A training graph as files, and what is trained in it. */
export interface PreparedStep {
  modelPath: string;
  /** What is before the frontier, run once a step; kept on disk where there is a folder. */
  prefix?: { modelPath: string; activations: string[]; cacheFolder?: string };
  sites: Site[];
  /** Graph input of each site. */
  inputs: string[];
  text: { ids: string; mask?: string };
}

export interface StepBatch {
  examples: number;
  tokens: number;
  vocabulary: number;
  /** What `labels` are: a class an example, or a token a position. */
  labels: 'class' | 'token';
}

/** A step without an engine around it, for any task: what `TrainingSession` does, on random text, on one thread. */
export class StepSession {
  private readonly layout: Layout;
  private readonly rows: RowBuffers;

  private constructor(private readonly session: InferenceSession, private readonly before: { prefix: PrefixSession; session: InferenceSession } | undefined, private readonly step: PreparedStep) {
    this.layout = layoutOf(step.sites);
    this.rows = new RowBuffers(this.layout);
  }

  /** @param options.profilePrefix where ONNX Runtime writes its profiles: files whose names begin so */
  static async open(step: PreparedStep, { profilePrefix }: { profilePrefix?: string } = {}): Promise<StepSession> {
    const options = await sessionOptions({ threads: 1 });
    const create = (path: string, part: string) => InferenceSession.create(path, profilePrefix === undefined ? options : { ...options, enableProfiling: true, profileFilePrefix: `${profilePrefix}.${part}` });
    const session = await create(step.modelPath, 'step');
    if (!step.prefix) return new StepSession(session, undefined, step);
    const { modelPath, activations, cacheFolder } = step.prefix;
    const first = await create(modelPath, 'prefix');
    const prefix = await PrefixSession.open({
      session: first, options: { modelPath, activations, ...cacheFolder !== undefined && { cache: { folder: cacheFolder, bytesMax: 2 ** 32 } } }, modelInputs: { ids: step.text.ids, mask: step.text.mask ?? '' },
      run: (feeds, fetches) => first.run(feeds, fetches, runOptions) as Promise<Record<string, Tensor>>,
    });
    return new StepSession(session, { prefix, session: first }, step);
  }

  /** Forward passes that P rows of a batch take. */
  passesOf({ batch, rows }: { batch: StepBatch; rows: number }): number {
    return Math.ceil(rows / this.rowsPerPassOf(batch));
  }

  /** [P*b] losses about B = 0. @param change.eps 0.01 unless given @param change.passesMax stops after so many: of the others the losses are 0 */
  async losses({ batch: shape, seeds, type, eps: size = eps, passesMax = Infinity }: { batch: StepBatch; seeds: BigUint64Array; type: Estimator['type']; eps?: number; passesMax?: number }): Promise<Float32Array> {
    const { layout, step: { text, inputs } } = this;
    const estimator: Estimator = { type, queries: seeds.length, eps: size, distribution: 'rademacher' };
    const batch = randomBatch(shape);
    const rows = rowsOf(estimator);
    perturbedRowsInto(this.rows.all(rows), { b: new Float64Array(layout.size), layout, key, seeds, estimator });
    const dims = [shape.examples, shape.tokens];
    const given: Record<string, Tensor> = {
      [text.ids]: new Tensor('int64', batch.ids, dims), ...(text.mask === undefined ? {} : { [text.mask]: new Tensor('int64', batch.mask, dims) }),
      labels: shape.labels === 'token' ? new Tensor('int64', batch.ids, dims) : new Tensor('int64', batch.labels, [shape.examples]),
      answer: new Tensor('int64', new BigInt64Array(shape.examples).fill(BigInt(shape.tokens - 1)), [shape.examples]),
      ...await this.before?.prefix.activations(batch),
    };
    const feeds: Record<string, Tensor> = Object.fromEntries(Object.entries(given).filter(([name]) => this.session.inputNames.includes(name)));
    const losses = new Float32Array(rows * shape.examples);
    const rowsPerPass = this.rowsPerPassOf(shape);
    for (let first = 0; first < rows && first < passesMax * rowsPerPass; first += rowsPerPass) {
      this.rows.bySite({ first, count: Math.min(rowsPerPass, rows - first) }).forEach((site, i) => {
        feeds[inputs[i] ?? ''] = new Tensor('float32', site.values, site.shape);
      });
      const passed = await this.session.run(feeds, ['losses'], runOptions);
      losses.set(passed.losses?.data as Float32Array, first * shape.examples);
    }
    return losses;
  }

  private rowsPerPassOf({ examples, tokens, labels }: StepBatch): number {
    return Math.max(1, Math.floor(Math.min(positionsPerPass[labels], this.before ? positionsPerPass.behindPrefix : Infinity) / (examples * tokens)));
  }

  /** Writes the profiles. */
  endProfiling(): void {
    this.session.endProfiling();
    this.before?.session.endProfiling();
  }

  async release(): Promise<void> {
    await this.session.release();
    await this.before?.prefix.release();
  }
}

/** Texts without padding: random words, random labels, the same in every run and process. */
function randomBatch({ examples, tokens, vocabulary }: StepBatch): Batch {
  const random = uniform(3);
  const upTo = (n: number) => Math.floor((random() + 1) / 2 * n);
  const integers = (count: number, bound: number) => BigInt64Array.from({ length: count }, () => BigInt(upTo(bound)));
  return { examples, tokens, ids: integers(examples * tokens, vocabulary), mask: new BigInt64Array(examples * tokens).fill(1n), labels: integers(examples, 2) };
}
