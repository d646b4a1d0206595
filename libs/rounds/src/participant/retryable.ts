import { errors, type ErrorCode, type ErrorEntry } from '@seedfleet/errors';

/** Whether the same request may succeed later. */
export function isRetryable(code: ErrorCode): boolean {
  const entry: ErrorEntry = errors[code];
  return entry.retryable;
}
