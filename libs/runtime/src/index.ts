/**
 * The only room that runs a model: sessions of ONNX Runtime in a thread of their own, perturbed losses, evaluations.
 * Not here: rewriting a graph, reading data, what a loss difference means, the network. Runs in Node, on devices only.
 */
export { type Batch, type BatchEvaluation, type Engine, type EngineOptions, type LossesRequest, type PrefixOptions } from './engine/engine.js';
export { openEngine } from './engine/open-engine.js';
export { meanRowLosses } from './losses/mean-row-losses.js';
