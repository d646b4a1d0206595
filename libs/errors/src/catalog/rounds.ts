import { type ErrorEntry } from './error-entry.js';

export const roundsErrors = {
} as const satisfies Record<string, ErrorEntry>;
