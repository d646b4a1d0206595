import { errors, FleetError, type ErrorCode } from '@seedfleet/errors';

/** A refusal as it came from the coordinator: its code may be one that a newer coordinator knows and we do not. */
export interface WireRefusal { code: string; problem: string; fix: string; field?: string | undefined; retryable: boolean; retryAfterMs?: number | undefined }

/** The error that the coordinator meant; an unknown code becomes `coordinator.unexpected-answer`, its words are kept. */
export function toFleetError({ code, problem, fix, field, retryAfterMs }: WireRefusal): FleetError {
  const where = { ...(field === undefined ? {} : { field }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  if (isErrorCode(code)) return new FleetError(code, { problem, fix, ...where });
  return new FleetError('coordinator.unexpected-answer', { problem: `${problem} (${code})`, fix, ...where });
}

/** Whether text names a code of the catalog. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code);
}
