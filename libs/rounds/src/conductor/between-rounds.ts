import { type Moment } from '../moment.js';
import { openRound } from './collection.js';
import { eligibleMembers } from './cohort-selection.js';
import { type Conductor } from './conductor.js';
import { type ConductorIn, type ConductorStep, stay } from './conductor-step.js';
import { beginEvaluation, evaluationIsDue } from './evaluation.js';

/** The first wait for devices; each next one in a row is twice as long. Also how long devices that come back together are gathered. */
export const retryMinMs = 1_000;
/** No wait for devices is longer; waits go on until devices come, or an operator stops the run. */
export const retryMaxMs = 30_000;

/** Decides what a conductor does that has nothing open: what was wished for, what is over, an evaluation, a round, or a wait for devices. */
export function decideWhatFollows(state: ConductorIn<'between'>, moment: Moment): ConductorStep {
  const { round, attempt, policy, wish, verdict } = state;
  if (wish?.type === 'stop') return end(state, 'cancelled', wish.cause);
  if (verdict !== null) return end(state, verdict.state, verdict.cause);
  if (attempt >= policy.attemptsMax) return end(state, 'failed', 'round.too-few-reports');
  if (wish?.type === 'pause') return { state: { ...state, wish: null, phase: { type: 'paused' } }, effects: [{ type: 'paused', round }] };
  if (round >= policy.roundsMax) return evaluationIsDue(state) ? beginEvaluation(state, moment) : end(state, 'completed', 'rounds-done');
  if (state.phase.breath) return wait(state, moment, { breath: true, tries: attempt - 1 });
  if (!mayOpen(state, moment)) return wait(state, moment, { breath: false, tries: 0 });
  return evaluationIsDue(state) ? beginEvaluation(state, moment) : openRound(state, moment);
}

/** The timer of a wait: opens with fewer devices than wished for, if they are enough for a commit, or waits again, for longer. */
export function endWait(state: ConductorIn<'waiting'>, moment: Moment): ConductorStep {
  return mayOpen(state, moment) ? stay({ ...state, phase: { type: 'between', breath: false } })
    : wait(state, moment, { breath: false, tries: state.phase.tries + 1 });
}

/** A device arrived during a wait: opens at once for a whole cohort, soon for enough, and never within a breath. */
export function lookAgain(state: ConductorIn<'waiting'>, moment: Moment): ConductorStep {
  if (state.phase.breath || !mayOpen(state, moment)) return stay(state);
  if (eligibleMembers(state, moment.nowMs).length >= state.policy.cohort) return stay({ ...state, phase: { type: 'between', breath: false } });
  return state.phase.retryAtMs > moment.nowMs + retryMinMs ? wait(state, moment, { breath: false, tries: 0 }) : stay(state);
}

function mayOpen(state: Conductor, { nowMs }: Moment): boolean {
  return eligibleMembers(state, nowMs).length >= state.policy.reportsMin;
}

function wait(state: Conductor, { nowMs }: Moment, { breath, tries }: { breath: boolean; tries: number }): ConductorStep {
  const { round, attempt } = state;
  const retryAtMs = nowMs + Math.min(retryMinMs * 2 ** tries, retryMaxMs);
  return {
    state: { ...state, phase: { type: 'waiting', breath, retryAtMs, tries } },
    effects: [{ type: 'set-timer', name: 'retry', round, attempt, atMs: retryAtMs }],
  };
}

function end(state: Conductor, how: 'completed' | 'failed' | 'cancelled', cause: string): ConductorStep {
  return { state: { ...state, wish: null, phase: { type: 'ended', state: how, cause } }, effects: [{ type: 'end', state: how, cause }] };
}
