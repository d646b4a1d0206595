import { type ErrorEntry } from './error-entry.js';

export const artifactsErrors = {
  'safetensors.malformed': { retryable: false, http: 422, fix: 'Write the file again: it was cut, changed, or is not in the safetensors format.' },
  'artifact.no-adapter': { retryable: false, http: 422, fix: 'Export the head alone, or start a run whose adapter has LoRA sites.' },
} as const satisfies Record<string, ErrorEntry>;
