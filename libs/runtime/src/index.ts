/**
 * The only room that runs a model: sessions of ONNX Runtime in a thread of their own, perturbed losses, evaluations.
 * Not here: rewriting a graph, reading data, what a loss difference means, the network. Runs in Node, on devices only.
 */
import './engine/no-telemetry.js';

export { type Batch, type BatchEvaluation, type ClassCounts, type Engine, type EngineOptions, type LossesRequest, type PrefixOptions, type TaskType } from './engine/engine.js';
export { openEngine } from './engine/open-engine.js';
export { meanRowLosses } from './losses/mean-row-losses.js';
export { checkModel, epsTried, type CheckRequest, type ModelCheck } from './check/check-model.js';
export { type NoiseFloor } from './check/check-verdict.js';
export { type Linearity } from './check/linearity.js';
export { randomBatches, type BatchShape, type CheckTask } from './check/random-batches.js';
export { vocabularyOf } from './check/vocabulary.js';
