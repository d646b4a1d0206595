import { FleetError } from '@seedfleet/errors';

/** Another process leads the run by now: nothing was written. */
export class LeadershipLostError extends FleetError {
  constructor(run: number) {
    super('run.moving', { field: 'run', problem: `Run ${run} is led by another coordinator process.` });
  }
}
