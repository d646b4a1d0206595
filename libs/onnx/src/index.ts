/**
 * Everything that reads, builds, rewrites or writes an ONNX graph: the graph model, its rewrites, its bytes.
 * Not here: running a graph, choosing what to train, files and sockets. Runs in Node and in a browser.
 */
export { externalLocations, readModel, type ReadModelOptions } from './bytes/read-model.js';
export { writeModel } from './bytes/write-model.js';
export { graphBuilder, type GraphBuilder, type GraphBuilderOptions } from './builder/graph-builder.js';
export { float, type AttributeValue } from './graph/attributes.js';
export { type OnnxModel } from './graph/model.js';
export { externalTensor, float32Tensor, int64Tensor, rawTensor, type ElementType } from './graph/tensor.js';
export { estimateMemory, type MemoryEstimate, type StepSize } from './sites/estimate-memory.js';
export { inspectModel, type InspectedSite, type ModelInspection, type ValueDescription } from './sites/inspect-model.js';
export { inspectSites, requireSites, type AdapterSite, type SiteInspection } from './sites/inspect-sites.js';
export { type Pool } from './rewrites/add-pool.js';
export { dequantise } from './rewrites/dequantise.js';
export { fixInput, type FixedInput } from './rewrites/fix-input.js';
export { onlyOutputs } from './rewrites/only-outputs.js';
export { withoutCache } from './rewrites/without-cache.js';
export { adapterInput, buildLanguageGraph, buildTrainingGraph, buildVerbalizerGraph, type LanguagePlan, type TrainingPlan, type VerbalizerPlan } from './build-training-graph.js';
export { splitTrainingGraph, type SplitGraph } from './split-training-graph.js';
export { type TextInputs } from './rewrites/fill-inputs.js';
export { type AdapterPlan, type BiasPlan } from './rewrites/insert-adapters.js';
export { embedWeights, separateWeights, tensorBytes, weightBytes, type PlacedTensor } from './bytes/place-weights.js';
export { type ReadExternal } from './graph/pending-tensor.js';
export { mergeAdapter, type MergedAdapter, type MergedBias, type MergePlan } from './rewrites/merge-adapter.js';
export { type MergedHead } from './rewrites/merge-adapter-head.js';
