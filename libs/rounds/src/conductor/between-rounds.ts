import { type Moment } from '../moment.js';
import { openRound } from './collection.js';
import { budgetIsSpent } from './run-budget.js';
import { chooseCanary, isJudgedAt, isOnTrial, judgeCanary, policyNow, type Canary } from './canary.js';
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
  if (isOnTrial(state) && !(isJudgedAt(state) && evaluationIsDue(state))) {
    const judgement = judgeCanary(state.canary, state);
    if (judgement !== null) return endTrial(state, judgement);
  }
  if (budgetIsSpent(state, moment)) return end(state, 'completed', 'budget-spent');
  if (round >= policy.roundsMax) return evaluationIsDue(state) ? beginEvaluation(state, moment) : end(state, 'completed', 'rounds-done');
  if (state.phase.breath) return wait(state, moment, { breath: true, tries: attempt - 1 });
  if (isOnTrial(state)) {
    const canary = chooseCanary(state.canary, eligibleMembers({ ...state, canary: null }, moment), moment);
    if (canary !== null) return { state: { ...state, canary }, effects: [{ type: 'save-canary', canary }] };
  }
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
  if (eligibleMembers(choosing(state, moment), moment).length >= policyNow(state).cohort) return stay({ ...state, phase: { type: 'between', breath: false } });
  return state.phase.retryAtMs > moment.nowMs + retryMinMs ? wait(state, moment, { breath: false, tries: 0 }) : stay(state);
}

/** Another run is done with its devices: nobody else is about to come, so enough are enough. */
export function takeFreed(state: ConductorIn<'waiting'>, moment: Moment): ConductorStep {
  return !state.phase.breath && mayOpen(state, moment) ? stay({ ...state, phase: { type: 'between', breath: false } }) : stay(state);
}

/** While the canary is not chosen, or cannot be asked, anyone may be chosen in its place. */
function mayOpen(state: Conductor, moment: Moment): boolean {
  return eligibleMembers(choosing(state, moment), moment).length >= policyNow(state).reportsMin;
}

function choosing(state: Conductor, moment: Moment): Conductor {
  return isOnTrial(state) ? { ...state, canary: chooseCanary(state.canary, eligibleMembers({ ...state, canary: null }, moment), moment) ?? state.canary } : state;
}

/** The trial is over: the whole fleet from now on, or a pause, or the end. */
function endTrial(state: ConductorIn<'between'> & { canary: Canary }, judgement: { passed: true } | { passed: false; cause: string }): ConductorStep {
  const canary: Canary = { ...state.canary, ...(judgement.passed ? { stage: 'passed' } : { stage: 'failed', cause: judgement.cause }) };
  const save = { type: 'save-canary' as const, canary };
  if (judgement.passed) return { state: { ...state, canary }, effects: [save] };
  const { cause } = judgement;
  if (canary.plan.onFailure === 'pause') return { state: { ...state, canary, phase: { type: 'paused' } }, effects: [save, { type: 'paused', round: state.round, cause }] };
  const ended = end({ ...state, canary }, 'failed', cause);
  return { ...ended, effects: [save, ...ended.effects] };
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
