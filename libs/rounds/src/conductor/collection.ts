import { aggregateGroups } from '@seedfleet/aggregation';
import { type Moment } from '../moment.js';
import { emptyPile, entriesOf, entryIn, type Pile, withEntryIn } from '../pile.js';
import { entryOf, type Roster, withEntry } from '../roster.js';
import { type Conductor, type CountedReport, type Member, type Seat } from './conductor.js';
import { type ConductorIn, type ConductorStep, isIn, stay } from './conductor-step.js';
import { countAttempt, isOnTrial, policyNow } from './canary.js';
import { eligibleMembers, seatsWanted, selectCohort } from './cohort-selection.js';
import { type ConductorEffect } from './conductor-effect.js';
import { type Report } from './conductor-input.js';
import { type DeclineReason } from './decline-reason.js';
import { judgeReport } from './report-judgement.js';

/** A busy device is soon free again; every other reason to decline lasts at least as long as a round. */
const busyRestMs = 5_000;

/** Opens the next attempt: saved first, then its timer, then the devices hear of it. */
export function openRound(state: Conductor, moment: Moment): ConductorStep {
  const { nowMs, luck } = moment;
  const { round, attempt, groups } = state;
  const policy = policyNow(state);
  const devices = eligibleMembers(state, moment).map(({ device }) => device);
  const seats = selectCohort({ devices, seats: seatsWanted(policy), groups, luck });
  const deadlineAtMs = nowMs + policy.deadlineMs;
  return {
    state: { ...state, turnAtMs: nowMs, phase: { type: 'collecting', deadlineAtMs, seats, reports: emptyPile, outstanding: seats.length } },
    effects: [
      { type: 'open-round', round, attempt, cohort: seats.map(({ device, group }) => ({ device, group })), deadlineAtMs },
      { type: 'set-timer', name: 'deadline', round, attempt, atMs: deadlineAtMs },
      ...seats.map(({ device, group }) => ({ type: 'send-start' as const, device, round, attempt, group, deadlineMs: policy.deadlineMs })),
    ],
  };
}

/** Goes on with a recorded round after a restart. Its cohort is asked device by device, as they arrive. */
export function resumeRound(state: Conductor, recovered: { seats: Roster<Seat>; reports: Pile<CountedReport> }, { nowMs }: Moment): ConductorStep {
  const { round, attempt, policy } = state;
  const deadlineAtMs = nowMs + policy.deadlineMs;
  const resumed = decideEarly({ ...state, phase: { type: 'collecting', deadlineAtMs, ...recovered, outstanding: recovered.seats.filter((seat) => isOutstanding(seat, recovered.reports)).length } });
  return { ...resumed, effects: [{ type: 'set-timer', name: 'deadline', round, attempt, atMs: deadlineAtMs }, ...resumed.effects] };
}

/** Answers a report; the one that makes the round complete also decides it. */
export function takeReport(told: Conductor, device: string, report: Report): ConductorStep {
  // Whatever we took the device for: who measured at the state of the head has it.
  const wasThoughtElsewhere = report.stateMatches && report.round === told.round && entryOf(told.members, device)?.round !== told.round;
  const state = wasThoughtElsewhere ? withMember(told, device, { round: told.round }) : told;
  const { round, attempt, examples, differences } = report;
  const judgement = judgeReport(state, device, report);
  if (judgement.type === 'duplicate') return { state, effects: [{ type: 'answer-report', device, round, attempt, duplicate: true }] };
  if (judgement.type === 'refuse') {
    const { code, field, problem } = judgement;
    const refused = code === 'report.stale-state' && isIn(state, 'collecting') ? decideEarly(unseat(withMember(state, device, { round: -1 }), device)) : stay(state);
    return { ...refused, effects: [{ type: 'refuse-report', device, round, attempt, code, field, problem }, ...refused.effects] };
  }
  if (!isIn(state, 'collecting')) return stay(state);
  const { group } = judgement;
  const { seats, outstanding } = state.phase;
  const reports = withEntryIn(state.phase.reports, { device, group, examples, differences });
  // A seat that was given up reports all the same: nobody waited for it.
  const waitedFor = entryOf(seats, device)?.standing === 'asked' ? 1 : 0;
  const counted = decideEarly({ ...state, scalars: state.scalars + state.queries, phase: { ...state.phase, reports, outstanding: outstanding - waitedFor } });
  return {
    ...counted,
    effects: [
      { type: 'save-report', device, round, attempt, group, examples, differences },
      { type: 'answer-report', device, round, attempt, duplicate: false },
      ...counted.effects,
    ],
  };
}

/** A seat whose start was thought lost is taken after all. */
export function takeAccept(state: ConductorIn<'collecting'>, device: string): ConductorStep {
  const seat = entryOf(state.phase.seats, device);
  if (seat === undefined || seat.standing === 'asked' || entryOf(state.members, device) === undefined) return stay(state);
  return stay(withStanding(state, seat, 'asked'));
}

/** The device does not take part in this attempt, nor in the next ones for a while. */
export function takeDecline(state: ConductorIn<'collecting'>, { device, reason, nowMs }: { device: string; reason: DeclineReason; nowMs: number }): ConductorStep {
  if (entryOf(state.phase.seats, device) === undefined) return stay(state);
  const change = reason === 'state-mismatch' ? { round: -1 } : { restsUntilMs: restsUntil(reason, { nowMs, deadlineMs: state.policy.deadlineMs, dayMs: state.dayMs }) };
  return decideEarly(unseat(withMember(state, device, change), device, reason === 'unanswered' ? 'gone' : 'out'));
}

/**
 * When a device that declined may be asked again. A budget counts per day in UTC: asking before the next one would use up the attempts of the round.
 * In the first hour of a day its clock may still be in the day before: then in ten minutes.
 */
function restsUntil(reason: DeclineReason, { nowMs, deadlineMs, dayMs }: { nowMs: number; deadlineMs: number; dayMs: number }): number {
  if (reason === 'busy') return nowMs + Math.min(busyRestMs, deadlineMs);
  if (reason !== 'budget') return nowMs + deadlineMs;
  const sinceMidnightMs = nowMs % dayMs;
  return nowMs + Math.max(deadlineMs, sinceMidnightMs < dayMs / 24 ? dayMs / 144 : dayMs - sinceMidnightMs + dayMs / 1_440);
}

/** The departed device is not waited for; if it comes back in time it is asked again. */
export function releaseSeat(state: ConductorIn<'collecting'>, device: string): ConductorStep {
  return decideEarly(unseat(state, device, 'gone'));
}

/** Asks a device of the cohort again that arrived at the head and has not reported: after a restart, a lost connection, a sync. */
export function seatAgain(state: ConductorIn<'collecting'>, member: Member, { nowMs }: Moment): ConductorStep {
  const { round, attempt, phase } = state;
  const seat = entryOf(phase.seats, member.device);
  const deadlineMs = phase.deadlineAtMs - nowMs;
  if (seat === undefined || entryIn(phase.reports, member.device) !== undefined || member.round !== round || deadlineMs <= 0) return stay(state);
  return {
    state: withStanding(state, seat, 'asked'),
    effects: [{ type: 'send-start', device: seat.device, round, attempt, group: seat.group, deadlineMs }],
  };
}

/** At the deadline there is no more waiting: enough reports, or none count. */
export function decideAtDeadline(state: ConductorIn<'collecting'>): ConductorStep {
  return state.phase.reports.count >= policyNow(state).reportsMin ? commit(state) : abandon(state, 'too-few-reports');
}

/** Gives the open attempt up. Its reports count nowhere; the next attempt has seeds and batches of its own. */
export function abandon(state: ConductorIn<'collecting'>, cause: string): ConductorStep {
  const { round, attempt, phase: { reports } } = state;
  const canary = canaryAfter(state, { inTime: cause === 'too-few-devices' });
  return {
    state: { ...state, canary, attempt: attempt + 1, decided: { round, attempt, reports }, phase: { type: 'between', breath: true } },
    effects: [{ type: 'abandon-round', round, attempt, cause }, ...saveCanary(state, canary)],
  };
}

const canaryAfter = (state: ConductorIn<'collecting'>, { inTime }: { inTime: boolean }) => (isOnTrial(state) ? countAttempt(state.canary, { ...state.phase, inTime }) : state.canary);
const saveCanary = ({ canary: before }: Conductor, canary: Conductor['canary']): ConductorEffect[] => (canary === null || canary === before ? [] : [{ type: 'save-canary', canary }]);

/** Decides before the deadline if more waiting cannot change the outcome for the better. */
function decideEarly(state: ConductorIn<'collecting'>): ConductorStep {
  const { cohort, reportsMin } = policyNow(state);
  const { reports: { count }, outstanding } = state.phase;
  if (count >= cohort) return commit(state);
  if (outstanding === 0 && count >= reportsMin) return commit(state);
  if (count + outstanding < reportsMin) return abandon(state, 'too-few-devices');
  return stay(state);
}

/** Whether a seat may still report. */
function isOutstanding({ device, standing }: Seat, reports: Pile<CountedReport>): boolean {
  return standing === 'asked' && entryIn(reports, device) === undefined;
}

function commit(state: ConductorIn<'collecting'>): ConductorStep {
  const { round, attempt, queries, phase: { reports } } = state;
  const canary = canaryAfter(state, { inTime: false });
  return {
    state: { ...state, canary, decided: { round, attempt, reports }, phase: { type: 'committing' } },
    effects: [...saveCanary(state, canary), { type: 'commit', round, attempt, ...aggregateGroups({ reports: entriesOf(reports), queries }) }],
  };
}

function unseat(state: ConductorIn<'collecting'>, device: string, standing: 'gone' | 'out' = 'out'): ConductorIn<'collecting'> {
  const { phase } = state;
  const seat = entryOf(phase.seats, device);
  return seat === undefined ? state : withStanding(state, seat, standing);
}

function withStanding(state: ConductorIn<'collecting'>, seat: Seat, standing: Seat['standing']): ConductorIn<'collecting'> {
  const { phase } = state;
  const changed = { ...seat, standing };
  const outstanding = phase.outstanding + Number(isOutstanding(changed, phase.reports)) - Number(isOutstanding(seat, phase.reports));
  return { ...state, phase: { ...phase, seats: withEntry(phase.seats, changed), outstanding } };
}

function withMember<State extends Conductor>(state: State, device: string, change: Partial<Member>): State {
  const member = entryOf(state.members, device);
  return member === undefined ? state : { ...state, members: withEntry(state.members, { ...member, ...change }) };
}
