import { type ErrorEntry } from './error-entry.js';

export const runtimeErrors = {
} as const satisfies Record<string, ErrorEntry>;
