import { type ErrorEntry } from './error-entry.js';

export const artifactsErrors = {
} as const satisfies Record<string, ErrorEntry>;
