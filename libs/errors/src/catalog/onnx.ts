import { type ErrorEntry } from './error-entry.js';

export const onnxErrors = {
} as const satisfies Record<string, ErrorEntry>;
