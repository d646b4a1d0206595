import { type ErrorCode } from '@seedfleet/errors';
import { entryIn } from '../pile.js';
import { entryOf } from '../roster.js';
import { type Conductor, type CountedReport } from './conductor.js';
import { type Report } from './conductor-input.js';

/** What becomes of one report. */
export type ReportJudgement =
  | { type: 'count'; group: number }
  /** recorded before, with the same content: answered as the first was */
  | { type: 'duplicate' }
  | { type: 'refuse'; code: ErrorCode; field: string; problem: string };

/** Judges a report by what is open and what was decided last. Duplicates come first: their answer never depends on what happened since. */
export function judgeReport(state: Conductor, device: string, report: Report): ReportJudgement {
  const recorded = recordedReport(state, device, report);
  if (recorded !== undefined) {
    return sameContent(recorded, report) ? { type: 'duplicate' }
      : refuse('report.duplicate-differs', 'differences', `Another report of this device for round ${report.round}, attempt ${report.attempt} was recorded before.`);
  }
  const { phase } = state;
  if (phase.type === 'idle' || phase.type === 'ended') return refuse('run.not-running', 'run', `Run ${state.run} is not running.`);
  if (report.round < state.round) return refuse('round.closed', 'round', `Round ${report.round} is committed.`);
  if (report.round > state.round) return refuse('round.unknown', 'round', `Round ${report.round} is not open: the run is at round ${state.round}.`);
  if (report.attempt > state.attempt || (report.attempt < state.attempt && phase.type === 'collecting')) {
    return refuse('round.wrong-attempt', 'attempt', `Round ${report.round} is at attempt ${state.attempt}, the report is for attempt ${report.attempt}.`);
  }
  if (report.attempt < state.attempt || phase.type === 'committing') {
    return refuse('round.closed', 'attempt', `Round ${report.round}, attempt ${report.attempt} takes no more reports.`);
  }
  if (phase.type !== 'collecting') return refuse('round.unknown', 'round', `Round ${report.round} is not open.`);
  const seat = entryOf(phase.seats, device);
  if (seat === undefined) return refuse('report.not-in-cohort', 'round', `This device was not asked in round ${report.round}, attempt ${report.attempt}.`);
  return judgeContent(report, state.queries) ?? { type: 'count', group: seat.group };
}

function judgeContent({ round, examples, differences, stateMatches }: Report, queries: number): ReportJudgement | undefined {
  if (differences.length !== queries) {
    return refuse('report.length', 'differences', `The report has ${differences.length} differences, round ${round} has ${queries} queries.`);
  }
  const wrong = differences.findIndex((difference) => !Number.isFinite(difference));
  if (wrong !== -1) return refuse('report.not-finite', 'differences', `Difference ${wrong} of the report is not a finite number.`);
  if (!Number.isInteger(examples) || examples < 1) return refuse('report.examples', 'examples', 'The report stands on no examples.');
  if (!stateMatches) return refuse('report.stale-state', 'stateHash', `The state of the device is not the fleet's after ${round} commits.`);
  return undefined;
}

/** The report that this device has recorded for the attempt, in the open round or the one decided last. */
function recordedReport(state: Conductor, device: string, { round, attempt }: Report): CountedReport | undefined {
  if (state.phase.type === 'collecting' && round === state.round && attempt === state.attempt) return entryIn(state.phase.reports, device);
  const { decided } = state;
  return decided?.round === round && decided.attempt === attempt ? entryIn(decided.reports, device) : undefined;
}

function sameContent(recorded: CountedReport, report: Report): boolean {
  return recorded.examples === report.examples && recorded.differences.length === report.differences.length
    && recorded.differences.every((difference, j) => Object.is(difference, report.differences[j]));
}

function refuse(code: ErrorCode, field: string, problem: string): ReportJudgement {
  return { type: 'refuse', code, field, problem };
}
