import { type Moment } from '../moment.js';
import { entryIn, type Pile } from '../pile.js';
import { selectCohort } from './cohort-selection.js';
import { type Conductor, type CountedReport, type Member, type Seat } from './conductor.js';
import { type RoundPolicy } from './round-policy.js';

/** First rounds on few devices: the rest is asked only if they went well. */
export interface CanaryPlan {
  /** commits on the few devices, after which is judged */
  rounds: number;
  /** how many devices */
  devices: number;
  /** only these may be chosen: those of a group; missing: any */
  among?: readonly string[] | undefined;
  /** share of the devices asked that may leave or stay silent */
  departuresMax: number;
  /** what becomes of the run if it did not go well */
  onFailure: 'pause' | 'fail';
}

export interface Canary {
  plan: CanaryPlan;
  /** `overruled`: it failed, and an operator went on all the same */
  stage: 'trial' | 'passed' | 'failed' | 'overruled';
  /** why it failed */
  cause: string | null;
  /** who is asked at present */
  devices: readonly string[];
  /** seats of decided attempts, and those of them that left or stayed silent */
  asked: number;
  departed: number;
  /** mean held-out loss before the first round, and the newest since */
  before: number | null;
  after: { round: number; loss: number } | null;
}

/** A canary before its first round. */
export const newCanary = (plan: CanaryPlan): Canary => ({ plan, stage: 'trial', cause: null, devices: [], asked: 0, departed: 0, before: null, after: null });

export function isOnTrial<State extends Conductor>(state: State): state is State & { canary: Canary } {
  return state.canary?.stage === 'trial';
}

/** The policy of the round at hand: while the canary is on trial, every one of its devices is wanted and none beside it. */
export function policyNow(state: Conductor): RoundPolicy {
  const { policy, canary } = state;
  if (canary?.stage !== 'trial') return policy;
  const cohort = Math.min(policy.cohort, canary.plan.devices);
  return { ...policy, cohort, overSelection: 1, reportsMin: Math.min(policy.reportsMin, cohort) };
}

/** Whether a device may be asked as far as the canary is concerned. */
export function allowedByCanary({ canary }: Conductor): (device: string) => boolean {
  if (canary?.stage !== 'trial') return () => true;
  const few = new Set(canary.devices);
  return (device) => few.has(device);
}

/**
 * Chooses the devices of the trial, and others in place of those that cannot be asked now; the same ones stay as long as they can.
 * @param free members that could be asked if there were no canary
 * @returns null where nothing changes
 */
export function chooseCanary(canary: Canary, free: readonly Member[], { luck }: Pick<Moment, 'luck'>): Canary | null {
  const { plan, devices } = canary;
  const among = plan.among === undefined ? undefined : new Set(plan.among);
  const allowed = new Set(free.map(({ device }) => device).filter((device) => among?.has(device) ?? true));
  if (allowed.size === 0) return null;
  const chosen = new Set(devices);
  const stay = devices.filter((device) => allowed.has(device));
  const others = [...allowed].filter((device) => !chosen.has(device));
  const next = [...stay, ...selectCohort({ devices: others, seats: plan.devices - stay.length, groups: 1, luck }).map(({ device }) => device)].sort();
  // Fewer than before are no reason to forget how many were wanted.
  return next.length < devices.length || next.every((device, index) => device === devices[index]) && next.length === devices.length ? null : { ...canary, devices: next };
}

/** The canary after an attempt was decided. @param inTime decided before its deadline: who is still asked is not late */
export function countAttempt(canary: Canary, { seats, reports, inTime }: { seats: readonly Seat[]; reports: Pile<CountedReport>; inTime: boolean }): Canary {
  const silent = seats.filter(({ device, standing }) => (standing === 'gone' || (standing === 'asked' && !inTime)) && entryIn(reports, device) === undefined);
  return { ...canary, asked: canary.asked + seats.length, departed: canary.departed + silent.length };
}

/** The canary after an evaluation. */
export function countLoss(canary: Canary, { round, loss }: { round: number; loss: number }): Canary {
  return round === 0 ? { ...canary, before: loss } : { ...canary, after: { round, loss } };
}

/** How the trial ends at this round: with a cause where it failed; null while it goes on. */
export function judgeCanary({ plan, asked, departed, before, after }: Canary, { round }: { round: number }): { passed: true } | { passed: false; cause: string } | null {
  const share = `${departed} of ${asked} asked devices left or stayed silent`;
  // More than all its rounds may lose: the rest cannot make up for it.
  if (departed > plan.departuresMax * Math.max(asked, plan.rounds * plan.devices)) return { passed: false, cause: `canary: ${share}` };
  if (round < plan.rounds) return null;
  if (asked > 0 && departed > plan.departuresMax * asked) return { passed: false, cause: `canary: ${share}` };
  if (before === null || after?.round !== round) return { passed: false, cause: 'canary: no device evaluated the loss' };
  if (after.loss > before) return { passed: false, cause: `canary: the loss rose from ${before.toPrecision(4)} to ${after.loss.toPrecision(4)}` };
  return { passed: true };
}

/** Whether the state at this round is evaluated for the canary's sake. */
export function isJudgedAt({ canary, round }: Conductor): boolean {
  return canary?.stage === 'trial' && round === canary.plan.rounds;
}
