import { type FleetError } from '@seedfleet/errors';

/** What a process ends with, and what scripts may rely on. Documented in docs/cli.md. */
export const exitCodes = { done: 0, failed: 1, usage: 2, notFound: 3, refused: 4, conflict: 5, unreachable: 6, timedOut: 7, problemsFound: 8 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What a check found, as opposed to why it could not be made. */
const findings = /^(run\.log-incomplete|run\.claim-differs|audit\.broken|(chain|commit|checkpoint|log|manifest|signature)\..+)$/;

/** The exit code of an error: by its code where that says more than its HTTP status. */
export function exitCodeOf({ code, http }: Pick<FleetError, 'code' | 'http'>): ExitCode {
  if (code === 'command.invalid' || code === 'request.invalid') return exitCodes.usage;
  if (code === 'coordinator.unreachable') return exitCodes.unreachable;
  if (code === 'wait.timed-out') return exitCodes.timedOut;
  if (findings.test(code)) return exitCodes.problemsFound;
  switch (http) {
    case 404: case 410: return exitCodes.notFound;
    case 401: case 403: case 429: return exitCodes.refused;
    case 409: case 412: return exitCodes.conflict;
    case 408: case 504: return exitCodes.timedOut;
    case 503: return exitCodes.unreachable;
    default: return exitCodes.failed;
  }
}
