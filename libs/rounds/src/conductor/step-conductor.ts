import { InvariantError } from '@seedfleet/errors';
import { type Moment } from '../moment.js';
import { rosterOf, withEntry, withoutDevice } from '../roster.js';
import { decideWhatFollows, endWait, lookAgain, takeFreed } from './between-rounds.js';
import { abandon, decideAtDeadline, releaseSeat, resumeRound, seatAgain, takeAccept, takeDecline, takeReport } from './collection.js';
import { type Conductor, type Member } from './conductor.js';
import { type ConductorInput } from './conductor-input.js';
import { type ConductorIn, type ConductorStep, isIn, stay } from './conductor-step.js';
import { askToEvaluate, endEvaluation, releaseEvaluator, takeEvaluation } from './evaluation.js';

/**
 * What the conductor does on one input. Total: a late, repeated or senseless input changes nothing or is refused in an effect.
 * @throws InvariantError only if the app says that it performed a commit which it was not asked for
 */
export function stepConductor(state: Conductor, input: ConductorInput, moment: Moment): ConductorStep {
  return followUp(takeInput(state, input, moment), moment);
}

/** Decides what follows until something is open, waited for, or over: an evaluation that nobody can answer leads straight on. */
function followUp({ state, effects }: ConductorStep, moment: Moment): ConductorStep {
  if (!isIn(state, 'between')) return { state, effects };
  const next = decideWhatFollows(state, moment);
  return followUp({ state: next.state, effects: [...effects, ...next.effects] }, moment);
}

function takeInput(state: Conductor, input: ConductorInput, moment: Moment): ConductorStep {
  switch (input.type) {
    case 'start': return start(state, moment);
    case 'pause': return pause(state, moment);
    case 'resume': return resume(state, moment);
    case 'stop': return stop(state, input.cause);
    case 'fail': return fail(state, input.cause);
    case 'arrival': return arrive(state, input, moment);
    case 'departure': return depart(state, input.device);
    case 'set-aside': return setAside(state, input.devices, moment);
    case 'devices-freed': return isIn(state, 'waiting') ? takeFreed(state, moment) : stay(state);
    case 'accept': return isOpen(state, input) ? takeAccept(state, input.device) : stay(state);
    case 'decline': return isOpen(state, input) ? takeDecline(state, { ...input, nowMs: moment.nowMs }) : stay(state);
    case 'report': return takeReport(state, input.device, input.report);
    case 'timer': return fire(state, input, moment);
    case 'committed': return goOnAfterCommit(state, input.round);
    case 'evaluation-decline': return isIn(state, 'evaluating') && input.round === state.round ? releaseEvaluator(state, input.device) : stay(state);
    case 'evaluation-report': {
      const { type: _type, device, round, ...sums } = input;
      return takeEvaluation(state, { device, round, sums });
    }
  }
}

function start(state: Conductor, moment: Moment): ConductorStep {
  if (!isIn(state, 'idle')) return stay(state);
  const { recovered } = state.phase;
  return recovered === undefined ? stay({ ...state, phase: { type: 'between', breath: false } }) : resumeRound(state, recovered, moment);
}

function pause(state: Conductor, moment: Moment): ConductorStep {
  switch (state.phase.type) {
    case 'idle': return start({ ...state, wish: { type: 'pause' } }, moment);
    case 'waiting': return stay({ ...state, wish: { type: 'pause' }, phase: { type: 'between', breath: false } });
    case 'collecting': case 'committing': case 'evaluating': return stay({ ...state, wish: state.wish ?? { type: 'pause' } });
    case 'between': case 'paused': case 'ended': return stay(state);
  }
}

function resume(state: Conductor, moment: Moment): ConductorStep {
  if (isIn(state, 'idle')) return start(state, moment);
  if (isIn(state, 'paused')) {
    const overruled: Conductor = { ...state, phase: { type: 'between', breath: false } };
    if (state.canary?.stage !== 'failed') return stay(overruled);
    const canary = { ...state.canary, stage: 'overruled' as const };
    return { state: { ...overruled, canary }, effects: [{ type: 'save-canary', canary }] };
  }
  return stay(state.wish?.type === 'pause' ? { ...state, wish: null } : state);
}

/** At once, except that a commit which is being saved is heard of first: it may be durable already. */
function stop(state: Conductor, cause: string): ConductorStep {
  if (isIn(state, 'ended')) return stay(state);
  const wished: Conductor = { ...state, wish: { type: 'stop', cause } };
  if (isIn(wished, 'committing')) return stay(wished);
  return isIn(wished, 'collecting') ? abandon(wished, 'run-stopped') : abandonRecovered(wished, 'run-stopped');
}

function fail(state: Conductor, cause: string): ConductorStep {
  if (isIn(state, 'ended')) return stay(state);
  const abandoned = isIn(state, 'collecting') ? abandon(state, cause) : abandonRecovered(state, cause);
  return {
    state: { ...abandoned.state, wish: null, phase: { type: 'ended', state: 'failed', cause } },
    effects: [...abandoned.effects, { type: 'end', state: 'failed', cause }],
  };
}

/** A recorded round that was not gone on with yet is abandoned like an open one: nothing stays open in an ended run. */
function abandonRecovered(state: Conductor, cause: string): ConductorStep {
  const between: Conductor = { ...state, phase: { type: 'between', breath: false } };
  if (!isIn(state, 'idle') || state.phase.recovered === undefined) return stay(between);
  const { round, attempt } = state;
  return { state: { ...between, attempt: attempt + 1 }, effects: [{ type: 'abandon-round', round, attempt, cause }] };
}

function arrive(state: Conductor, arrival: Extract<ConductorInput, { type: 'arrival' }>, moment: Moment): ConductorStep {
  if (isIn(state, 'ended')) return stay(state);
  const { device, round, stateMatches, trainExamples, heldOutExamples } = arrival;
  const member: Member = { device, round: stateMatches ? round : -1, trainExamples, heldOutExamples, restsUntilMs: 0 };
  const joined: Conductor = { ...state, members: withEntry(state.members, member) };
  if (isIn(joined, 'collecting')) return seatAgain(joined, member, moment);
  if (isIn(joined, 'evaluating')) return askToEvaluate(joined, member, moment);
  if (isIn(joined, 'waiting')) return lookAgain(joined, moment);
  return stay(joined);
}

function setAside(state: Conductor, devices: readonly string[], moment: Moment): ConductorStep {
  const changed: Conductor = { ...state, aside: rosterOf(devices.map((device) => ({ device }))) };
  return isIn(changed, 'waiting') ? lookAgain(changed, moment) : stay(changed);
}

function depart(state: Conductor, device: string): ConductorStep {
  const left: Conductor = { ...state, members: withoutDevice(state.members, device) };
  if (isIn(left, 'collecting')) return releaseSeat(left, device);
  if (isIn(left, 'evaluating')) return releaseEvaluator(left, device);
  return stay(left);
}

/** A timer of something that is over finds nothing to do. */
function fire(state: Conductor, timer: Extract<ConductorInput, { type: 'timer' }>, moment: Moment): ConductorStep {
  if (timer.round !== state.round || timer.attempt !== state.attempt) return stay(state);
  switch (timer.name) {
    case 'deadline': return isIn(state, 'collecting') ? decideAtDeadline(state) : stay(state);
    case 'evaluation-deadline': return isIn(state, 'evaluating') ? endEvaluation(state) : stay(state);
    case 'retry': return isIn(state, 'waiting') ? endWait(state, moment) : stay(state);
  }
}

function goOnAfterCommit(state: Conductor, round: number): ConductorStep {
  if (isIn(state, 'ended')) return stay(state);
  if (!isIn(state, 'committing') || round !== state.round) {
    throw new InvariantError(`run ${state.run} at round ${state.round} (${state.phase.type}) was told that round ${round} is committed`);
  }
  return {
    // Whoever had the head's state gets the commit in order and then has the new one; a device where that fails declines, and is asked again once it synced.
    state: { ...state, round: round + 1, attempt: 0, members: state.members.map((member) => (member.round === round ? { ...member, round: round + 1 } : member)), phase: { type: 'between', breath: false } },
    effects: [{ type: 'broadcast-commit', round }],
  };
}

function isOpen(state: Conductor, { round, attempt }: { round: number; attempt: number }): state is ConductorIn<'collecting'> {
  return isIn(state, 'collecting') && round === state.round && attempt === state.attempt;
}
