import { type ErrorCode } from '@seedfleet/errors';
import { type DeclineReason } from '../conductor/decline-reason.js';
import { type Moment } from '../moment.js';
import { probeHead } from './catching-up.js';
import { isRetryable } from './retryable.js';
import { type Participant, type Work } from './participant.js';
import { type ParticipantEffect } from './participant-effect.js';
import { type ParticipantInput } from './participant-input.js';
import { isChanging, leave, type ParticipantStep, retryTimer, roundToBe, startOver, stay } from './participant-step.js';

/** Evaluations that fail in a row before the device leaves the run: one bad batch is not the end, a bad model is. */
export const failuresMax = 3;

/** Which attempt an input is about. */
interface AttemptKey {
  round: number;
  attempt: number;
}

/** Accepts an attempt that fits the state of this device, now or when what it has received is applied. */
export function takeStart(state: Participant, start: Extract<ParticipantInput, { type: 'start' }>, moment: Moment): ParticipantStep {
  const { round, attempt, group, seeds, deadlineMs, seedsMatch, declined } = start;
  const decline = (reason: DeclineReason): ParticipantEffect => ({ type: 'answer-start', round, attempt, accepted: false, reason });
  const accept: ParticipantEffect = { type: 'answer-start', round, attempt, accepted: true };
  if (state.ended !== null || state.phase.type === 'left' || state.phase.type === 'finished') return { state, effects: [decline('policy')] };
  if (state.phase.type !== 'ready') return { state, effects: [decline('busy')] };
  const { work } = state;
  const deadlineAtMs = moment.nowMs + deadlineMs;
  if (work?.round === round && work.attempt === attempt) {
    const again: Participant = { ...state, work: { ...work, deadlineAtMs } };
    return { state: again, effects: [accept, ...resendReport(again)] };
  }
  if (work !== null && isNewer(work, start)) return { state, effects: [decline('busy')] };
  const toBe = roundToBe(state);
  if (round !== toBe) {
    // Told that we are behind, the coordinator does not ask again before it hears that we are not.
    const announcing = toBe !== null && round < toBe ? state.announcing : 'due';
    return { state: { ...state, headRound: Math.max(state.headRound, round), announcing }, effects: [decline('state-mismatch')] };
  }
  if (!seedsMatch) {
    // Either commits are missing that nobody told of, or the seeds were chosen: both end in asking the log, never in an evaluation.
    const probe = probeHead(owing(state));
    return { ...probe, effects: [decline('state-mismatch'), ...probe.effects] };
  }
  if (declined !== null) return { state, effects: [decline(declined)] };
  if (state.trainExamples === 0) return { state, effects: [decline('no-data')] };
  return { state: { ...state, work: { round, attempt, group, seeds, deadlineAtMs, stage: { type: 'held' } } }, effects: [accept] };
}

/** Begins the held attempt once the engine is free and the state stands; too late is not begun. The batch counts as used before it is seen. */
export function beginWork(state: Participant, { nowMs }: Moment): ParticipantStep {
  const { work, batches } = state;
  if (work === null) return stay(state);
  if (work.round < state.round) return stay({ ...(work.stage.type === 'reporting' ? owing(state) : state), work: null });
  if (work.stage.type !== 'held' || state.engine !== 'idle' || isChanging(state) || work.round !== state.round) return stay(state);
  if (nowMs >= work.deadlineAtMs) return stay({ ...state, work: null });
  const { round, attempt, group, seeds } = work;
  return {
    state: { ...state, engine: 'losses', batches: batches + 1, work: { ...work, stage: { type: 'evaluating' } } },
    effects: [
      { type: 'save-batch-counter', batches: batches + 1 },
      { type: 'evaluate', round, attempt, group, seeds, batch: batches },
    ],
  };
}

/** Reports the differences, unless the attempt is no longer the one that counts. */
export function takeLosses(state: Participant, losses: { differences: Float32Array; examples: number } & AttemptKey): ParticipantStep {
  const idle: Participant = { ...state, engine: 'idle' };
  const { differences, examples } = losses;
  if (!isAbout(state.work, losses) || state.work.stage.type !== 'evaluating') return stay(idle);
  const reporting: Participant = { ...idle, failures: 0, work: { ...state.work, stage: { type: 'reporting', differences, examples, tries: 0 } } };
  return { state: reporting, effects: resendReport(reporting) };
}

export function missLosses(state: Participant, { code, ...key }: { code: ErrorCode } & AttemptKey): ParticipantStep {
  const idle: Participant = { ...state, engine: 'idle', failures: state.failures + 1 };
  if (idle.failures >= failuresMax) return leave(idle, code);
  return stay(isAbout(state.work, key) && state.work.stage.type === 'evaluating' ? { ...idle, work: null } : idle);
}

export function takeReportAnswer(state: Participant, key: AttemptKey): ParticipantStep {
  if (!isAbout(state.work, key) || state.work.stage.type !== 'reporting') return stay(state);
  const { differences, examples } = state.work.stage;
  return stay({ ...state, mismatchRound: null, work: { ...state.work, stage: { type: 'reported', differences, examples } } });
}

export function takeReportRefusal(state: Participant, { code, retryAfterMs, ...key }: { code: ErrorCode; retryAfterMs?: number } & AttemptKey, moment: Moment): ParticipantStep {
  if (!isAbout(state.work, key) || state.work.stage.type !== 'reporting') return stay(state);
  const dropped: Participant = { ...(state.work.stage.tries > 0 ? owing(state) : state), work: null };
  if (code === 'report.stale-state') {
    // Behind, or about to move: that explains it, and catching up announces the new state. At rest at the head nothing does.
    return isChanging(dropped) || dropped.round < dropped.headRound ? stay({ ...dropped, announcing: 'due' }) : startOver(dropped);
  }
  // Closed may mean committed, by a commit that was lost on its way.
  if (code === 'round.closed') return probeHead(dropped);
  if (!isRetryable(code)) return stay(dropped);
  return retryAfterMs === undefined ? missReportAnswer(state, moment) : { state, effects: [{ type: 'set-timer', name: 'report', atMs: moment.nowMs + retryAfterMs }] };
}

/** The report was not answered: it is sent again later, or on the next connection. */
export function missReportAnswer(state: Participant, moment: Moment): ParticipantStep {
  const { work } = state;
  if (work?.stage.type !== 'reporting' || !state.connected) return stay(state);
  const { stage } = work;
  return {
    state: { ...state, work: { ...work, stage: { ...stage, tries: stage.tries + 1 } } },
    effects: [retryTimer('report', moment, stage.tries)],
  };
}

/** The report of the current attempt, if there is one and somebody to send it to. */
export function resendReport({ work, connected }: Participant): ParticipantEffect[] {
  if (!connected || work === null || (work.stage.type !== 'reporting' && work.stage.type !== 'reported')) return [];
  const { round, attempt, stage: { differences, examples } } = work;
  return [{ type: 'send-report', round, attempt, differences, examples }];
}

/** A refusal of our state may have been lost: after one more commit the coordinator hears where we stand. */
function owing(state: Participant): Participant {
  return state.announcing === 'not' ? { ...state, announcing: 'owed' } : state;
}

function isAbout(work: Work | null, { round, attempt }: AttemptKey): work is Work {
  return work?.round === round && work.attempt === attempt;
}

function isNewer(left: AttemptKey, right: AttemptKey): boolean {
  return left.round > right.round || (left.round === right.round && left.attempt > right.attempt);
}
