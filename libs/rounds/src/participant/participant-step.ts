import { type ErrorCode } from '@seedfleet/errors';
import { type Moment } from '../moment.js';
import { type Participant } from './participant.js';
import { type ParticipantEffect } from './participant-effect.js';
import { type ParticipantRequest } from './participant-input.js';

/** One step of a participant: what it knows afterwards, and what the app does, in order. */
export interface ParticipantStep {
  state: Participant;
  effects: ParticipantEffect[];
}

/** A step that does nothing but remember. */
export function stay(state: Participant): ParticipantStep {
  return { state, effects: [] };
}

/** First wait before a request is repeated; each further one in a row is twice as long. */
const retryMinMs = 1_000;
/** No wait before a request is repeated is longer. */
const retryMaxMs = 30_000;

/** The timer that repeats a request. Half of the wait is luck: a fleet that lost its coordinator does not come back in one instant. */
export function retryTimer(name: ParticipantRequest, { nowMs, luck }: Moment, tries: number): ParticipantEffect {
  const wait = Math.min(retryMinMs * 2 ** tries, retryMaxMs);
  return { type: 'set-timer', name, atMs: nowMs + Math.ceil(wait / 2 + (wait / 2) * (luck / 2 ** 32)) };
}

/** A device at the head announces itself again after this time at the latest. */
const reminderMs = 600_000;

/** The timer that announces again; half of the wait is luck. */
export function reminder({ nowMs, luck }: Moment): ParticipantEffect {
  return { type: 'set-timer', name: 'announce', atMs: nowMs + Math.ceil(reminderMs / 2 + (reminderMs / 2) * (luck / 2 ** 32)) };
}

/** This device can do no more in this run. */
export function leave(state: Participant, cause: ErrorCode): ParticipantStep {
  return {
    state: { ...state, phase: { type: 'left' }, work: null, heldOut: null, queue: [], announcing: 'not' },
    effects: [{ type: 'leave', cause }],
  };
}

/** The state was not the fleet's: replays from round 0, or gives up if that has not helped before. */
export function startOver(state: Participant): ParticipantStep {
  if (state.mismatchRound !== null) return leave(state, 'log.state-mismatch');
  return {
    state: {
      ...state, mismatchRound: state.round, round: 0, queue: [], sync: { type: 'none' }, logOnly: true, announcing: 'due', work: null, heldOut: null,
    },
    effects: [{ type: 'reset-state' }],
  };
}

/** The round that the device will stand at when everything that it has received is applied; null while a checkpoint decides that. */
export function roundToBe({ round, sync, queue }: Participant): number | null {
  if (sync.type === 'loading') return null;
  return (sync.type === 'applying' ? sync.to : round) + queue.length;
}

/** Whether the state is being changed right now, so that nothing can be said of it. */
export function isChanging({ sync }: Participant): boolean {
  return sync.type === 'applying' || sync.type === 'loading';
}
