import { FleetError } from '@seedfleet/errors';

/**
 * What the process ends with, for service managers: 0 stopped as asked, 1 failed, 2 wrong options or policy, 3 refused for good by the
 * coordinator (revoked, too old, another key): starting again does not help, 4 the folder is missing, damaged or in use, 5 the coordinator is not reachable.
 */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof FleetError)) return 1;
  const [noun] = error.code.split('.');
  if (noun === 'vault') return 4;
  if (noun === 'options' || noun === 'policy') return 2;
  if (error.code === 'coordinator.unreachable') return 5;
  return ['device', 'token', 'enrolment', 'credential', 'protocol', 'coordinator'].includes(noun ?? '') ? 3 : 1;
}
