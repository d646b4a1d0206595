import { type ErrorEntry } from './error-entry.js';

export const artifactsErrors = {
  'safetensors.malformed': { retryable: false, http: 422, fix: 'Write the file again: it was cut, changed, or is not in the safetensors format.' },
  'artifact.no-adapter': { retryable: false, http: 422, fix: 'Export the head alone, or start a run whose adapter has LoRA sites.' },
  'artifact.not-a-module': { retryable: false, http: 422, fix: 'Export the run as ONNX (`seedfleet runs export RUN --as onnx`), which knows parts of a module.' },
  'artifact.too-large': { retryable: false, http: 422, fix: 'Add --external: the weights are then written into a file beside the model.' },
} as const satisfies Record<string, ErrorEntry>;
