import { type ErrorEntry } from './error-entry.js';

export const runtimeErrors = {
  'engine.model-unusable': { retryable: false, http: 422, fix: 'Run `seedfleet-worker doctor`; if the file is whole, the model uses an operator that ONNX Runtime does not have on this machine.' },
  'engine.batch-invalid': { retryable: false, http: 422, fix: 'Pass arrays of the sizes that the batch states, and inputs that the training graph has.' },
  'engine.run-failed': { retryable: true, http: 500, fix: 'Check that the tokenizer belongs to the model: a token beyond its vocabulary stops a forward pass.' },
  'engine.stopped': { retryable: true, http: 500, fix: 'Open the engine again; if it stops again, run `seedfleet-worker doctor` and look at the free memory.' },
  'engine.timeout': { retryable: true, http: 500, fix: 'Use a smaller batch or fewer queries, or give the engine more threads.' },
  'loss.not-finite': { retryable: false, http: 422, fix: 'The model gives NaN or infinite losses on this data: check the model with the doctor, lower the learning rate or eps.' },
  'check.no-effect': { retryable: false, http: 422, fix: 'Choose an output that depends on the adapted sites: `seedfleet models inspect` lists both.' },
  'check.rows-disturbed': { retryable: false, http: 422, fix: 'Use the float model (`--precision w8a8` gives it int8 that keeps rows apart), or export it without operators that take one scale or statistic for the whole batch.' },
  'check.not-repeatable': { retryable: false, http: 422, fix: 'Export the model for inference: without dropout and without random operators.' },
  'check.no-linear-range': { retryable: false, http: 422, fix: 'Check with more --queries or a larger --batch, with --precision fp32, or choose later sites: every difference drowns in the arithmetic of this model.' },
  'check.precision-disagrees': { retryable: false, http: 422, fix: 'Use --precision fp32 for this model, or check with a larger --scale, more --queries, a larger --batch or other sites.' },
} as const satisfies Record<string, ErrorEntry>;
