import { type ErrorCode } from '@seedfleet/errors';
import { type Moment } from '../moment.js';
import { catchUp, missCheckpoint, missTail, takeApplied, takeCheckpoint, takeCommit, takeMismatch, takeTail } from './catching-up.js';
import {
  beginEvaluation, missEvaluated, missEvaluationAnswer, resendEvaluation, takeEvaluated, takeEvaluationAnswer, takeEvaluationStart,
} from './held-out.js';
import {
  announceAgain, connect, disconnect, missAnnouncement, missPreparation, prepareAgain, speakAtHead, takeAnnounced, takeEnd, takePrepared,
} from './membership.js';
import { type Participant } from './participant.js';
import { type ParticipantInput, type ParticipantRequest } from './participant-input.js';
import { type ParticipantStep, stay } from './participant-step.js';
import { beginWork, missLosses, missReportAnswer, resendReport, takeLosses, takeReportAnswer, takeReportRefusal, takeStart } from './working.js';

/** What the participant does on one input. Total: an input that is late, repeated, out of order or senseless changes nothing. */
export function stepParticipant(state: Participant, input: ParticipantInput, moment: Moment): ParticipantStep {
  const taken = takeInput(state, input, moment);
  return ([catchUp, beginWork, beginEvaluation, speakAtHead] as const).reduce<ParticipantStep>((step, goOn) => {
    if (step.state.phase.type !== 'ready') return step;
    const next = goOn(step.state, moment);
    return { state: next.state, effects: [...step.effects, ...next.effects] };
  }, taken);
}

function takeInput(state: Participant, input: ParticipantInput, moment: Moment): ParticipantStep {
  // A start is answered whatever happened; nothing else means anything once this device is out.
  const isOut = state.phase.type === 'left' || state.phase.type === 'finished';
  if (isOut && input.type !== 'start' && input.type !== 'evaluation-start') return stay(state);
  switch (input.type) {
    case 'connected': return connect(state, input);
    case 'disconnected': return disconnect(state);
    case 'prepared': return takePrepared(state, input);
    case 'preparation-failed': return missPreparation(state, input.code, moment);
    case 'announced': return takeAnnounced(state, input.headRound, moment);
    case 'start': return takeStart(state, input, moment);
    case 'losses': return takeLosses(state, input);
    case 'losses-failed': return missLosses(state, input);
    case 'report-answered': return takeReportAnswer(state, input);
    case 'report-refused': return takeReportRefusal(state, input, moment);
    case 'commit': return takeCommit(state, input);
    case 'tail': return takeTail(state, input, moment);
    case 'refused': return miss(state, { request: input.request, code: input.code }, moment);
    case 'unanswered': return miss(state, { request: input.request, code: null }, moment);
    case 'applied': return takeApplied(state, input.round);
    case 'checkpoint-loaded': return takeCheckpoint(state, input.round);
    case 'checkpoint-failed': return missCheckpoint(state);
    case 'mismatch': return takeMismatch(state, input.round);
    case 'evaluation-start': return takeEvaluationStart(state, input, moment);
    case 'evaluated': {
      const { type: _type, ...evaluated } = input;
      return takeEvaluated(state, evaluated);
    }
    case 'evaluation-failed': return missEvaluated(state, input);
    case 'evaluation-answered': return takeEvaluationAnswer(state, input.round);
    case 'timer': return retry(state, input.name, moment);
    case 'ended': return takeEnd(state, input);
  }
}

/** @param missed the request that failed, and the code of its refusal; null if there was no answer */
function miss(state: Participant, missed: { request: Exclude<ParticipantRequest, 'prepare'>; code: ErrorCode | null }, moment: Moment): ParticipantStep {
  switch (missed.request) {
    case 'announce': return missAnnouncement(state, missed.code, moment);
    case 'tail': return missTail(state, moment);
    case 'report': return missReportAnswer(state, moment);
    case 'evaluation': return missEvaluationAnswer(state, missed.code, moment);
  }
}

function retry(state: Participant, request: ParticipantRequest, moment: Moment): ParticipantStep {
  switch (request) {
    case 'prepare': return prepareAgain(state);
    case 'announce': return announceAgain(state, moment);
    case 'tail': return stay(state.sync.type === 'resting' ? { ...state, sync: { type: 'none' } } : state);
    case 'report': return { state, effects: state.work?.stage.type === 'reporting' ? resendReport(state) : [] };
    case 'evaluation': return { state, effects: state.heldOut?.stage.type === 'sending' ? resendEvaluation(state) : [] };
  }
}
