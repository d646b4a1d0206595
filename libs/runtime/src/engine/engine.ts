import { type Estimator, type Layout } from '@seedfleet/numerics';

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
  /** [b] class indices */
  labels: BigInt64Array;
}

/** The part of a split training graph that depends on the text alone (`splitTrainingGraph`). */
export interface PrefixOptions {
  /** As a file; its external weights are beside it. */
  modelPath: string;
  activations: readonly string[];
  /** Where to keep activations of examples, and how many bytes of them; without it they are computed for every batch, once. */
  cache?: { folder: string; bytesMax: number };
}

export interface EngineOptions {
  /** The training graph that `buildTrainingGraph` made, as a file; its external weights are beside it. With a prefix: the part behind that. */
  modelPath: string;
  prefix?: PrefixOptions;
  layout: Layout;
  /** Graph input that each site's values go to, in layout order. */
  inputs: readonly string[];
  modelInputs: { ids: string; mask: string };
  /** Threads of one forward pass. */
  threads: number;
  /**
   * Bound on P * b * T of one forward pass, which bounds its memory; more rows go into further passes. Default 4,096.
   * The losses are the same bits whatever it is: a row does not know how many others it stands beside.
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
}

export interface BatchEvaluation { lossSum: number; correct: number; count: number }
