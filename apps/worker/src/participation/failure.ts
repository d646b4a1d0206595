import { FleetError, type ErrorCode } from '@seedfleet/errors';

export function codeOf(error: unknown): ErrorCode {
  return error instanceof FleetError ? error.code : 'internal.failure';
}

/** For a log line: never what a failure carries beside its words. */
export function problemOf(error: unknown): string {
  return error instanceof FleetError ? error.problem : String(error);
}

/** Whether a question had no answer, as opposed to a refusal. */
export function isUnanswered(error: unknown): boolean {
  return codeOf(error) === 'coordinator.unreachable';
}

export function asFleetError(error: unknown): FleetError {
  return error instanceof FleetError ? error : new FleetError('preparation.failed', { problem: `Something failed that was not foreseen: ${error instanceof Error ? error.message : String(error)}.`, cause: error });
}
