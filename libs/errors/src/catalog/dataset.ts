import { type ErrorEntry } from './error-entry.js';

export const datasetErrors = {
} as const satisfies Record<string, ErrorEntry>;
