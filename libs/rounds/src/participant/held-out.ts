import { type ErrorCode } from '@seedfleet/errors';
import { type EvaluationSums } from '../conductor/conductor-input.js';
import { type DeclineReason } from '../conductor/decline-reason.js';
import { type Moment } from '../moment.js';
import { type Participant } from './participant.js';
import { type ParticipantEffect } from './participant-effect.js';
import { isChanging, leave, type ParticipantStep, retryTimer, roundToBe, stay } from './participant-step.js';
import { isRetryable } from './retryable.js';
import { failuresMax } from './working.js';

/** Accepts to evaluate the state of a round that this device has or is about to have. */
export function takeEvaluationStart(state: Participant, { round, deadlineMs }: { round: number; deadlineMs: number }, { nowMs }: Moment): ParticipantStep {
  const decline = (reason: DeclineReason): ParticipantEffect => ({ type: 'answer-evaluation-start', round, accepted: false, reason });
  const accept: ParticipantEffect = { type: 'answer-evaluation-start', round, accepted: true };
  if (state.ended !== null || state.phase.type === 'left' || state.phase.type === 'finished') return { state, effects: [decline('policy')] };
  if (state.phase.type !== 'ready') return { state, effects: [decline('busy')] };
  if (state.heldOutExamples === 0) return { state, effects: [decline('no-data')] };
  const { heldOut } = state;
  const deadlineAtMs = nowMs + deadlineMs;
  if (heldOut?.round === round) {
    const again: Participant = { ...state, heldOut: { ...heldOut, deadlineAtMs } };
    return { state: again, effects: [accept, ...resendEvaluation(again)] };
  }
  if (round !== roundToBe(state)) return { state: { ...state, headRound: Math.max(state.headRound, round) }, effects: [decline('state-mismatch')] };
  return { state: { ...state, heldOut: { round, deadlineAtMs, stage: { type: 'held' } } }, effects: [accept] };
}

/** Begins the held evaluation once the engine is free and the state stands; too late is not begun. */
export function beginEvaluation(state: Participant, { nowMs }: Moment): ParticipantStep {
  const { heldOut } = state;
  if (heldOut === null) return stay(state);
  if (heldOut.round < state.round) return stay({ ...state, heldOut: null });
  if (heldOut.stage.type !== 'held' || state.engine !== 'idle' || isChanging(state) || heldOut.round !== state.round) return stay(state);
  if (nowMs >= heldOut.deadlineAtMs) return stay({ ...state, heldOut: null });
  return {
    state: { ...state, engine: 'held-out', heldOut: { ...heldOut, stage: { type: 'evaluating' } } },
    effects: [{ type: 'evaluate-held-out', round: heldOut.round }],
  };
}

export function takeEvaluated(state: Participant, { round, ...sums }: { round: number } & EvaluationSums): ParticipantStep {
  const idle: Participant = { ...state, engine: 'idle' };
  const { heldOut } = state;
  if (heldOut?.round !== round || heldOut.stage.type !== 'evaluating') return stay(idle);
  const sending: Participant = { ...idle, failures: 0, heldOut: { ...heldOut, stage: { type: 'sending', sums, tries: 0 } } };
  return { state: sending, effects: resendEvaluation(sending) };
}

export function missEvaluated(state: Participant, { round, code }: { round: number; code: ErrorCode }): ParticipantStep {
  const idle: Participant = { ...state, engine: 'idle', failures: state.failures + 1 };
  if (idle.failures >= failuresMax) return leave(idle, code);
  return stay(state.heldOut?.round === round && state.heldOut.stage.type === 'evaluating' ? { ...idle, heldOut: null } : idle);
}

export function takeEvaluationAnswer(state: Participant, round: number): ParticipantStep {
  const { heldOut } = state;
  if (heldOut?.round !== round || heldOut.stage.type !== 'sending') return stay(state);
  return stay({ ...state, heldOut: { ...heldOut, stage: { type: 'answered', sums: heldOut.stage.sums } } });
}

/** @param code of the refusal; null if there was no answer */
export function missEvaluationAnswer(state: Participant, code: ErrorCode | null, moment: Moment): ParticipantStep {
  const { heldOut } = state;
  if (heldOut?.stage.type !== 'sending') return stay(state);
  if (code !== null && !isRetryable(code)) return stay({ ...state, heldOut: null });
  if (!state.connected) return stay(state);
  const { stage } = heldOut;
  return {
    state: { ...state, heldOut: { ...heldOut, stage: { ...stage, tries: stage.tries + 1 } } },
    effects: [retryTimer('evaluation', moment, stage.tries)],
  };
}

/** The sums of the current evaluation, if there are any and somebody to send them to. */
export function resendEvaluation({ heldOut, connected }: Participant): ParticipantEffect[] {
  if (!connected || heldOut === null || (heldOut.stage.type !== 'sending' && heldOut.stage.type !== 'answered')) return [];
  return [{ type: 'send-evaluation', round: heldOut.round, ...heldOut.stage.sums }];
}
