import { type ErrorEntry } from './error-entry.js';

export const artifactsErrors = {
  'safetensors.malformed': { retryable: false, http: 422, fix: 'Write the file again: it was cut, changed, or is not in the safetensors format.' },
  'artifact.no-adapter': { retryable: false, http: 422, fix: 'Export the run as ONNX (`seedfleet runs export RUN --as onnx`), which holds head and biases as well.' },
  'artifact.not-a-module': { retryable: false, http: 422, fix: 'Export the run as ONNX (`seedfleet runs export RUN --as onnx`), which knows parts of a module.' },
  'artifact.too-large': { retryable: false, http: 422, fix: 'Add --external: the weights are then written into a file beside the model.' },
  'branch.parent-missing': { retryable: false, http: 422, fix: 'Give the manifest and the log of the parent run, whole up to the round of the branch, beside those of the branch.' },
  'branch.differs': { retryable: false, http: 422, fix: 'Do not use this run: what its manifest says of its parent is not what the log of the parent replays to.' },
} as const satisfies Record<string, ErrorEntry>;
