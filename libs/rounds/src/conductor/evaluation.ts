import { type ErrorCode } from '@seedfleet/errors';
import { type Moment } from '../moment.js';
import { entryOf, rosterOf, withEntry, withoutDevice } from '../roster.js';
import { type Conductor, type Member } from './conductor.js';
import { allowedByCanary, countLoss, isJudgedAt, isOnTrial } from './canary.js';
import { isAside, isAtHead } from './cohort-selection.js';
import { type ConductorIn, type ConductorStep, isIn, stay } from './conductor-step.js';
import { type ClassSums, type EvaluationSums } from './conductor-input.js';
import { judgeProgress } from './stop-conditions.js';

/** Whether the state at this round is to be evaluated and is not yet: before round 0, every evaluationEveryRounds, at the end. */
export function evaluationIsDue(state: Conductor): boolean {
  const { round, evaluatedRound, policy } = state;
  if (evaluatedRound === round) return false;
  return round === 0 || isJudgedAt(state) || round >= policy.roundsMax || (policy.evaluationEveryRounds > 0 && round % policy.evaluationEveryRounds === 0);
}

/** Asks every device at the head that has held-out data. If nobody there has any, the evaluation is done with. */
export function beginEvaluation(state: Conductor, { nowMs }: Moment): ConductorStep {
  const { round, attempt, policy } = state;
  const isAllowed = allowedByCanary(state);
  const devices = state.members.filter((member) => isAsked(member, state, isAllowed)).map(({ device }) => device);
  // The last evaluation waits for devices to come back (after a restart, say): there is no later one.
  const nobodyYet = round >= policy.roundsMax && !state.members.some((member) => isAtHead(member, state));
  if (devices.length === 0 && !nobodyYet) return stay({ ...state, evaluatedRound: round, phase: { type: 'between', breath: false } });
  const deadlineAtMs = nowMs + policy.deadlineMs;
  return {
    state: { ...state, phase: { type: 'evaluating', deadlineAtMs, asked: rosterOf(devices.map((device) => ({ device }))), reports: [] } },
    effects: [
      { type: 'set-timer', name: 'evaluation-deadline', round, attempt, atMs: deadlineAtMs },
      ...(devices.length === 0 ? [] : [{ type: 'start-evaluation' as const, round, devices, deadlineMs: policy.deadlineMs }]),
    ],
  };
}

/** A device that arrives during an evaluation is asked too. */
export function askToEvaluate(state: ConductorIn<'evaluating'>, member: Member, { nowMs }: Moment): ConductorStep {
  const { round, phase } = state;
  const deadlineMs = phase.deadlineAtMs - nowMs;
  if (!isAsked(member, state) || entryOf(phase.reports, member.device) !== undefined || deadlineMs <= 0) return stay(state);
  return {
    state: { ...state, phase: { ...phase, asked: withEntry(phase.asked, { device: member.device }) } },
    effects: [{ type: 'start-evaluation', round, devices: [member.device], deadlineMs }],
  };
}

/** Answers the sums of one device; the last one that is waited for ends the evaluation. */
export function takeEvaluation(state: Conductor, { device, round, sums }: { device: string; round: number; sums: EvaluationSums }): ConductorStep {
  const refuse = (code: ErrorCode, field: string, problem: string): ConductorStep =>
    ({ state, effects: [{ type: 'refuse-evaluation', device, round, code, field, problem }] });
  if (round > state.round) return refuse('round.unknown', 'round', `Round ${round} is not evaluated: the run is at round ${state.round}.`);
  if (!isIn(state, 'evaluating') || round !== state.round) return refuse('round.closed', 'round', `The evaluation of round ${round} is over.`);
  const { phase } = state;
  // The first answer counts: evaluating a state again gives the same sums.
  if (entryOf(phase.reports, device) !== undefined) return { state, effects: [{ type: 'answer-evaluation', device, round, duplicate: true }] };
  if (entryOf(phase.asked, device) === undefined) return refuse('report.not-in-cohort', 'round', `This device was not asked to evaluate round ${round}.`);
  if (!Number.isFinite(sums.lossSum)) return refuse('report.not-finite', 'lossSum', 'The sum of losses is not a finite number.');
  if (!Number.isInteger(sums.count) || sums.count < 1) return refuse('report.examples', 'count', 'The evaluation stands on no examples.');
  if (sums.count < heldOutMin(state)) return refuse('report.examples', 'count', `The evaluation stands on fewer than the ${heldOutMin(state)} examples that the run asks for.`);
  if (!Number.isInteger(sums.correct) || sums.correct < 0 || sums.correct > sums.count) return refuse('report.examples', 'correct', 'The correct answers are not between 0 and count.');
  if (sums.perClass !== undefined && !addUp(sums.perClass, sums)) return refuse('report.examples', 'perClass', 'The sums by class do not add up to correct and count.');
  const answered = endIfComplete({ ...state, phase: { ...phase, reports: withEntry(phase.reports, { device, ...sums }) } });
  return { ...answered, effects: [{ type: 'answer-evaluation', device, round, duplicate: false }, ...answered.effects] };
}

/** The device declined or departed: it is not waited for. */
export function releaseEvaluator(state: ConductorIn<'evaluating'>, device: string): ConductorStep {
  const { phase } = state;
  if (entryOf(phase.asked, device) === undefined || entryOf(phase.reports, device) !== undefined) return stay(state);
  return endIfComplete({ ...state, phase: { ...phase, asked: withoutDevice(phase.asked, device) } });
}

/** Ends the evaluation with the answers that are there; none leaves nothing to save. */
export function endEvaluation(state: ConductorIn<'evaluating'>): ConductorStep {
  const { round, phase: { reports } } = state;
  const total = { lossSum: 0, correct: 0, count: 0 };
  // By device id: the order of arrival never changes a bit.
  for (const { lossSum, correct, count } of reports) {
    total.lossSum += lossSum;
    total.correct += correct;
    total.count += count;
  }
  const perClass = sumByClass(reports);
  const judged = reports.length === 0 ? {} : judgeProgress(state.progress, { loss: total.lossSum / total.count, accuracy: total.correct / total.count }, state.policy.stop ?? {});
  const canary = isOnTrial(state) && total.count > 0 ? countLoss(state.canary, { round, loss: total.lossSum / total.count }) : state.canary;
  return {
    state: { ...state, ...judged, canary, evaluatedRound: round, phase: { type: 'between', breath: false } },
    effects: [
      ...(reports.length === 0 ? [] : [{ type: 'save-evaluation' as const, round, devices: reports.length, ...total, ...(perClass === null ? {} : { perClass }) }]),
      ...(canary === null || canary === state.canary ? [] : [{ type: 'save-canary' as const, canary }]),
    ],
  };
}

/** Whether sums by class can be those of one evaluation: no class is right more often than it is there or said. */
function addUp({ actual, predicted, correct }: ClassSums, whole: { correct: number; count: number }): boolean {
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  return [actual, predicted, correct].every((counts) => counts.length === actual.length && counts.every((count) => Number.isInteger(count) && count >= 0))
    && sum(actual) === whole.count && sum(predicted) === whole.count && sum(correct) === whole.correct
    && correct.every((right, index) => right <= Math.min(actual[index] ?? 0, predicted[index] ?? 0));
}

/** Null unless every device sent sums, of the same classes: a mean over some of them would be another number. */
function sumByClass(reports: readonly EvaluationSums[]): ClassSums | null {
  const all = reports.flatMap(({ perClass }) => (perClass === undefined ? [] : [perClass]));
  const [first] = all;
  if (first === undefined || all.length < reports.length || all.some(({ actual }) => actual.length !== first.actual.length)) return null;
  const total = (part: keyof ClassSums) => first[part].map((_, index) => all.reduce((sum, sums) => sum + (sums[part][index] ?? 0), 0));
  return { actual: total('actual'), predicted: total('predicted'), correct: total('correct') };
}

function endIfComplete(state: ConductorIn<'evaluating'>): ConductorStep {
  const { asked, reports } = state.phase;
  return reports.length >= asked.length ? endEvaluation(state) : stay(state);
}

function isAsked(member: Member, state: Conductor, isAllowed = allowedByCanary(state)): boolean {
  return isAtHead(member, state) && member.heldOutExamples >= heldOutMin(state) && !isAside(state, member.device) && isAllowed(member.device);
}

/** A sum over few examples is nearly a loss of one: devices with fewer are not asked, and not listened to. */
function heldOutMin({ policy }: Conductor): number {
  return Math.max(1, policy.heldOutMin ?? 1);
}
