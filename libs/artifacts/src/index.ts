/**
 * Files with a hash that leave a run: the adapter as PEFT reads it, safetensors, and the audit of a whole run from its public bytes.
 * Not here: where files are kept, how they travel, the graph of a model (onnx). Runs in Node and in a browser.
 */
export { readSafetensors, writeSafetensors, type NamedTensor } from './safetensors/safetensors.js';
export { exportPeft, type PeftExport } from './peft/export-peft.js';
export { verifyRun, type VerifiedRun } from './audit/verify-run.js';
