import { type ErrorCode } from '@seedfleet/errors';
import { type Moment } from '../moment.js';
import { resendEvaluation } from './held-out.js';
import { type Participant } from './participant.js';
import { type ParticipantInput } from './participant-input.js';
import { isChanging, leave, type ParticipantStep, reminder, retryTimer, roundToBe, startOver, stay } from './participant-step.js';
import { isRetryable } from './retryable.js';
import { resendReport } from './working.js';

/** A connection stands: what was not answered on the last one is said again. */
export function connect(state: Participant, { headRound, stateMatches }: { headRound: number; stateMatches: boolean }): ParticipantStep {
  const connected: Participant = {
    ...withoutRequests(state), connected: true, headRound: Math.max(headRound, isChanging(state) ? roundToBe(state) ?? 0 : 0),
    // Connections have their own patience: what the last ones came to says nothing of this one.
    tries: { ...state.tries, announce: 0, tail: 0 },
  };
  if (connected.phase.type === 'assigned') return { state: { ...connected, phase: { type: 'preparing', resting: false } }, effects: [{ type: 'prepare' }] };
  if (connected.phase.type !== 'ready') return stay(connected);
  // While a replay runs, the state that hello told of is not the one that counts: the announcement after it does.
  if (!isChanging(connected) && (!stateMatches || headRound < connected.round)) return startOver(connected);
  const announcing: Participant = { ...connected, announcing: 'due' };
  if (headRound !== announcing.round) return stay(announcing);
  return {
    state: announcing,
    effects: [
      ...(announcing.work?.stage.type === 'reporting' ? resendReport(announcing) : []),
      ...(announcing.heldOut?.stage.type === 'sending' ? resendEvaluation(announcing) : []),
    ],
  };
}

/** Replay and evaluation go on; what they lead to is said on the next connection. */
export function disconnect(state: Participant): ParticipantStep {
  return stay({ ...withoutRequests(state), connected: false });
}

export function takePrepared(state: Participant, { trainExamples, heldOutExamples }: { trainExamples: number; heldOutExamples: number }): ParticipantStep {
  if (state.phase.type !== 'preparing') return stay(state);
  return stay({ ...state, phase: { type: 'ready' }, trainExamples, heldOutExamples, announcing: 'due', tries: { ...state.tries, prepare: 0 } });
}

/** A broken download is tried again; a broken model or data file is for its owner. */
export function missPreparation(state: Participant, code: ErrorCode, moment: Moment): ParticipantStep {
  if (state.phase.type !== 'preparing') return stay(state);
  if (!isRetryable(code)) return leave(state, code);
  const { tries } = state;
  return {
    state: { ...state, phase: { type: 'preparing', resting: true }, tries: { ...tries, prepare: tries.prepare + 1 } },
    effects: [retryTimer('prepare', moment, tries.prepare)],
  };
}

export function prepareAgain(state: Participant): ParticipantStep {
  if (state.phase.type !== 'preparing' || !state.phase.resting) return stay(state);
  return { state: { ...state, phase: { type: 'preparing', resting: false } }, effects: [{ type: 'prepare' }] };
}

/** The coordinator knows where we stand, unless a commit and the announcement crossed: then it takes us for late, and hears of us again. */
export function takeAnnounced(state: Participant, headRound: number, moment: Moment): ParticipantStep {
  const crossed = headRound !== state.announcedRound || roundToBe(state) !== state.announcedRound;
  const known: Participant = { ...state, headRound: Math.max(state.headRound, headRound), tries: { ...state.tries, announce: 0 } };
  if (state.announcing !== 'sent') return stay(known);
  return crossed ? stay({ ...known, announcing: 'due' }) : { state: { ...known, announcing: 'not' }, effects: state.ended === null ? [reminder(moment)] : [] };
}

/** Whatever made the coordinator believe otherwise, after a while it hears again where this device stands. */
export function announceAgain(state: Participant, moment: Moment): ParticipantStep {
  if (state.announcing === 'resting') return stay({ ...state, announcing: 'due' });
  if (state.announcing === 'not' && state.connected && state.round >= state.headRound) return stay({ ...state, announcing: 'due' });
  return { state, effects: state.announcing === 'not' ? [reminder(moment)] : [] };
}

/** @param code of the refusal; null if there was no answer */
export function missAnnouncement(state: Participant, code: ErrorCode | null, moment: Moment): ParticipantStep {
  if (state.announcing !== 'sent') return stay(state);
  if (code === 'report.stale-state') return isChanging(state) ? stay({ ...state, announcing: 'due' }) : startOver(state);
  // A refusal for good stands until the next connection.
  if (code !== null && !isRetryable(code)) return stay({ ...state, announcing: 'not' });
  const { tries } = state;
  return {
    state: { ...state, announcing: 'resting', tries: { ...tries, announce: tries.announce + 1 } },
    effects: [retryTimer('announce', moment, tries.announce)],
  };
}

/**
 * The run is over. A device that lacks commits of it still fetches them: the adapter is its own too. Whether it lacks any, the answer to a
 * last announcement says: the last broadcast may have been lost.
 */
export function takeEnd(state: Participant, { state: how }: Extract<ParticipantInput, { type: 'ended' }>): ParticipantStep {
  const over: Participant = { ...state, ended: how, work: null, heldOut: null, announcing: 'due' };
  const prepared = over.phase.type === 'ready';
  return prepared || how === 'completed' ? stay(over) : finish(over, how);
}

/** Says what there is to say at the head: that the run's last state stands, or the state that the coordinator waits for. */
export function speakAtHead(state: Participant): ParticipantStep {
  if (isChanging(state) || state.queue.length > 0 || state.round < state.headRound) return stay(state);
  if (state.connected && state.announcing === 'due') {
    return { state: { ...state, announcing: 'sent', announcedRound: state.round }, effects: [{ type: 'announce', round: state.round }] };
  }
  return state.ended !== null && state.announcing === 'not' ? finish(state, state.ended) : stay(state);
}

function finish(state: Participant, how: 'completed' | 'failed' | 'cancelled'): ParticipantStep {
  return { state: { ...state, phase: { type: 'finished' }, announcing: 'not' }, effects: [{ type: 'finish', state: how, round: state.round }] };
}

/** Without what only means something on the connection that it was said on. */
function withoutRequests(state: Participant): Participant {
  const { sync, announcing } = state;
  return {
    ...state, sync: sync.type === 'asking' || sync.type === 'resting' ? { type: 'none' } : sync,
    announcing: announcing === 'sent' || announcing === 'resting' ? 'due' : announcing,
  };
}
