import { type ErrorEntry } from './error-entry.js';

export const coordinatorErrors = {
} as const satisfies Record<string, ErrorEntry>;
