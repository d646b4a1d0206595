import { type ErrorEntry } from './error-entry.js';

export const workerErrors = {
} as const satisfies Record<string, ErrorEntry>;
