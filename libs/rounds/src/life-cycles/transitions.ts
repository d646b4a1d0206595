import { FleetError } from '@seedfleet/errors';

/** A life cycle as data: for each state the states that may follow it directly. */
export type Transitions<State extends string> = { readonly [from in State]: readonly State[] };

export type DeviceState = 'pending' | 'active' | 'suspended' | 'revoked';
export type RunState = 'draft' | 'scheduled' | 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';
export type RoundState = 'selecting' | 'collecting' | 'committed' | 'abandoned';
export type AssignmentState = 'assigned' | 'preparing' | 'ready' | 'failed' | 'left';

/** A revoked key never comes back: the device enrols again with a new one. Presence is not a state. */
export const deviceTransitions = {
  pending: ['active', 'revoked'],
  active: ['suspended', 'revoked'],
  suspended: ['active', 'revoked'],
  revoked: [],
} as const satisfies Transitions<DeviceState>;

/** Rolling back is not a transition: it is a new run, branched from a round of this one. */
export const runTransitions = {
  draft: ['scheduled', 'queued', 'cancelled'],
  scheduled: ['queued', 'cancelled'],
  queued: ['running', 'failed', 'cancelled'],
  running: ['paused', 'completed', 'failed', 'cancelled'],
  paused: ['running', 'failed', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
} as const satisfies Transitions<RunState>;

/** One attempt at one round. Only `committed` leaves a trace in the ledger. */
export const roundTransitions = {
  selecting: ['collecting', 'abandoned'],
  collecting: ['committed', 'abandoned'],
  committed: [],
  abandoned: [],
} as const satisfies Transitions<RoundState>;

/** One device in one run. A failed preparation may be tried again once its cause (data, disk) is gone. */
export const assignmentTransitions = {
  assigned: ['preparing', 'ready', 'failed', 'left'],
  preparing: ['ready', 'failed', 'left'],
  ready: ['preparing', 'failed', 'left'],
  failed: ['preparing', 'ready', 'left'],
  left: [],
} as const satisfies Transitions<AssignmentState>;

/** @throws FleetError `state.transition` if `to` may not follow `from` directly */
export function requireTransition<State extends string>(table: Transitions<State>, from: State, to: State): void {
  const next = table[from];
  if (next.includes(to)) return;
  const allowed = next.length === 0 ? 'nothing may follow that' : `only ${next.join(', ')} may follow that`;
  throw new FleetError('state.transition', { field: 'state', problem: `What is ${from} cannot become ${to}: ${allowed}.` });
}
