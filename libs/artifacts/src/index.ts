/**
 * Files with a hash that leave a run: the adapter as PEFT reads it, the model with the adapter inside, the model card, safetensors, and the audit of a whole run from its public bytes.
 * Not here: where files are kept, how they travel, the graph of a model (onnx). Runs in Node and in a browser.
 */
export { readSafetensors, writeSafetensors, type NamedTensor } from './safetensors/safetensors.js';
export { exportPeft, type PeftExport } from './peft/export-peft.js';
export { verifyRun, type PublicRun, type VerifiedRun } from './audit/verify-run.js';
export { mergeRun, type MergedRun } from './merged/merge-run.js';
export { modelCard, type ReportedEvaluation } from './card/model-card.js';
export { type CardFormat } from './card/usage.js';
export { provenanceOf, type Provenance } from './card/provenance.js';
