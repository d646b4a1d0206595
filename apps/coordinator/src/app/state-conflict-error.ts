import { FleetError } from '@seedfleet/errors';
import { requireTransition, type Transitions } from '@seedfleet/rounds';

/** A change that the life cycle does not allow now: its answer carries the state that the thing is in. */
export class StateConflictError extends FleetError {
  constructor(readonly state: string, problem: string) {
    super('state.transition', { field: 'state', problem });
  }
}

/** @throws StateConflictError if `to` may not follow `from` */
export function requireChange<State extends string>(table: Transitions<State>, from: State, to: State): void {
  try {
    requireTransition(table, from, to);
  } catch (error) {
    if (error instanceof FleetError) throw new StateConflictError(from, error.problem);
    throw error;
  }
}
