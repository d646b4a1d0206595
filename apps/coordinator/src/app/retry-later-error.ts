import { FleetError, type ErrorCode } from '@seedfleet/errors';

/** A limit that passes with time: its answer says in Retry-After when to come again. */
export class RetryLaterError extends FleetError {
  readonly seconds: number;

  constructor(code: ErrorCode, { seconds, ...details }: { problem: string; field?: string; seconds: number }) {
    super(code, details);
    this.seconds = Math.max(1, Math.ceil(seconds));
  }
}
