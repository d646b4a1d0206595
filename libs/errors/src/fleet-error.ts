import { errors, type ErrorCode } from './catalog.js';
import { type ErrorEntry } from './catalog/error-entry.js';

/** An error as it crosses a process: in an ack, in a REST answer, on a terminal. Carries no payload, no stack. */
export interface Refusal {
  code: ErrorCode;
  problem: string;
  fix: string;
  field?: string;
  retryable: boolean;
  /** when to try again, in milliseconds from now, where that is known */
  retryAfterMs?: number;
}

/** Bad input or a state that its sender can do something about. The message is the problem, then the fix. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly problem: string;
  readonly fix: string;
  readonly field: string | undefined;
  readonly retryable: boolean;
  readonly http: number;
  readonly retryAfterMs: number | undefined;

  /** @param details `problem` is one sentence about this case; `fix` replaces the catalog's where it can be more exact */
  constructor(readonly code: ErrorCode, details: { problem: string; field?: string; fix?: string; retryAfterMs?: number; cause?: unknown }) {
    const entry: ErrorEntry = errors[code];
    const fix = details.fix ?? entry.fix;
    super(`${details.problem} ${fix}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.problem = details.problem;
    this.fix = fix;
    this.field = details.field;
    this.retryable = entry.retryable;
    this.http = entry.http;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Something that must never happen did: the run that it happened in stops. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** The refusal that answers an error. Anything but a FleetError becomes `internal.failure` without its message: that may hold data. */
export function toRefusal(error: unknown): Refusal {
  const known = error instanceof FleetError ? error
    : new FleetError('internal.failure', { problem: 'The request failed for a reason on our side.' });
  const { code, problem, fix, retryable, field, retryAfterMs } = known;
  return { code, problem, fix, retryable, ...(field === undefined ? {} : { field }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
