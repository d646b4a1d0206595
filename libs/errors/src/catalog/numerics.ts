import { type ErrorEntry } from './error-entry.js';

export const numericsErrors = {
  'numerics.length': { retryable: false, http: 422, fix: 'Pass arrays of the lengths that the docstring states.' },
  'numerics.not-finite': { retryable: false, http: 422, fix: 'Send finite numbers only; a NaN loss means a model or data problem: run the doctor.' },
} as const satisfies Record<string, ErrorEntry>;
