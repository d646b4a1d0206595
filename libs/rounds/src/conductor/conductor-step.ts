import { type Conductor, type ConductorPhase } from './conductor.js';
import { type ConductorEffect } from './conductor-effect.js';

/** One step of a conductor: what it knows afterwards, and what the app does, in order. */
export interface ConductorStep {
  state: Conductor;
  effects: ConductorEffect[];
}

/** A conductor in one phase, for functions that only make sense there. */
export type ConductorIn<Type extends ConductorPhase['type']> = Conductor & { phase: Extract<ConductorPhase, { type: Type }> };

/** Whether the conductor is in the phase. */
export function isIn<Type extends ConductorPhase['type']>(state: Conductor, type: Type): state is ConductorIn<Type> {
  return state.phase.type === type;
}

/** A step that changes nothing. */
export function stay(state: Conductor): ConductorStep {
  return { state, effects: [] };
}
