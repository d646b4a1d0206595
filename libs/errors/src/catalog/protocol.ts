import { type ErrorEntry } from './error-entry.js';

export const protocolErrors = {
} as const satisfies Record<string, ErrorEntry>;
