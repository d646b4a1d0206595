import { type Estimator, type Layout } from '@seedfleet/numerics';
import { type TextInputs } from '@seedfleet/onnx';

/** b examples of one length. */
export interface Batch {
  /** b */
  examples: number;
  /** T, padding included */
  tokens: number;
  /** [b*T] row by row */
  ids: BigInt64Array;
  /** [b*T], 1 for a token, 0 for padding */
  mask: BigInt64Array;
  /** [b] class indices; for the language task [b*T] token ids, negative where nothing is counted */
  labels: BigInt64Array;
  /** Verbalizer only: [b] position whose logits foretell the answer. */
  answer?: BigInt64Array;
}

/** What a training graph was built for: by `buildTrainingGraph`, `buildVerbalizerGraph` or `buildLanguageGraph`. */
export type TaskType = 'classification' | 'verbalizer' | 'language';

/** The part of a split training graph that depends on the text alone (`splitTrainingGraph`). */
export interface PrefixOptions {
  /** As a file; its external weights are beside it. */
  modelPath: string;
  activations: readonly string[];
  /** Where to keep activations of examples, and how many bytes of them; without it they are computed for every batch, once. */
  cache?: { folder: string; bytesMax: number };
}

export interface EngineOptions {
  /** Default classification. */
  task?: TaskType;
  /** The training graph, as a file; its external weights are beside it. With a prefix: the part behind that. */
  modelPath: string;
  prefix?: PrefixOptions;
  layout: Layout;
  /** Graph input that each site's values go to, in layout order. */
  inputs: readonly string[];
  modelInputs: TextInputs;
  /** Threads of one forward pass. */
  threads: number;
  /**
   * Bound on P * b * T of one forward pass, which bounds its memory; more rows, and more examples than fit in one row, go into further passes, of
   * at least two examples each. Default 4,096; 1,024 for the language task. With a prefix passes are of 512 at most.
   * The losses are the same bits whatever it is: a row does not know how many others it stands beside, nor an example.
   */
  positionsPerPass?: number;
  /** Longest wait for the session to open or for one forward pass. Default 300,000. */
  answerMs?: number;
}

/** A model, loaded once, that evaluates perturbed adapters off the main thread. Calls run one after the other, in their order. */
export interface Engine {
  /**
   * Loss of each example in each row, [P*b] row by row, rows in the order of the estimator.
   * @throws FleetError `loss.not-finite`, `engine.batch-invalid`, `engine.run-failed`, `engine.timeout`, `engine.stopped`
   */
  perturbedLosses(request: LossesRequest): Promise<Float32Array>;
  /** Sums over one batch at the unperturbed B. Throws as `perturbedLosses`. */
  evaluate(request: { batch: Batch; b: Float64Array }): Promise<BatchEvaluation>;
  /** Lets the calls under way end, frees the session, ends the thread. Later calls are refused; closing twice is one close. */
  close(): Promise<void>;
}

export interface LossesRequest {
  batch: Batch;
  /** [layout.size] float64 master of B */
  b: Float64Array;
  /** [32] of perturbationKey */
  key: Uint8Array;
  /** [q] */
  seeds: BigUint64Array;
  estimator: Estimator;
  /** The layout of the engine with other scales: what stands still at 0, say. Default: its own. */
  layout?: Layout;
}

/** Sums over examples, or over counted tokens for the language task. `correct`: the greatest logit is at the label. */
export interface BatchEvaluation {
  lossSum: number;
  correct: number;
  count: number;
  /** By class, but for the language task: how many examples are of it, how many were taken for it, how many of these rightly. */
  perClass?: ClassCounts;
}
export interface ClassCounts { actual: number[]; predicted: number[]; correct: number[] }
