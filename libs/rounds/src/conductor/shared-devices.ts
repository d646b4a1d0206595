import { type Moment } from '../moment.js';
import { entryIn } from '../pile.js';
import { entryOf } from '../roster.js';
import { policyNow } from './canary.js';
import { eligibleMembers, seatsWanted, selectCohort } from './cohort-selection.js';
import { type Conductor } from './conductor.js';
import { type ConductorIn, isIn } from './conductor-step.js';

/** Whether the device works for this run now: asked in its open round or evaluation, and not heard of yet. */
export function worksFor({ phase }: Conductor, device: string): boolean {
  if (phase.type === 'collecting') return entryOf(phase.seats, device)?.standing === 'asked' && entryIn(phase.reports, device) === undefined;
  return phase.type === 'evaluating' && entryOf(phase.asked, device) !== undefined && entryOf(phase.reports, device) === undefined;
}

/** Whether the run waits for devices that others have: a breath after an abandoned attempt is no such wait. */
export function isWaitingForOthers(state: Conductor): state is ConductorIn<'waiting'> {
  return isIn(state, 'waiting') && !state.phase.breath;
}

/**
 * Devices that a run may not ask now, because of the other runs over the same fleet: those that work for one of them, and those that one of them
 * waits for whose turn it is. A turn is the time of the last opening: the longest unserved run waits for nobody but for devices at work, which a
 * deadline bounds; so no run starves another. A waiting run keeps as many devices as it wants, no more, and none if it could not open with all that it has.
 * @param others conductors of the other runs
 */
export function takenFrom(self: Conductor, others: readonly Conductor[], moment: Pick<Moment, 'nowMs' | 'luck'>): (device: string) => boolean {
  let kept: ReadonlySet<string> | undefined;
  return (device) => {
    if (others.some((other) => worksFor(other, device))) return true;
    kept ??= new Set(others.filter((other) => isWaitingForOthers(other) && isBefore(other, self)).flatMap((other) => keptFor(other, moment)));
    return kept.has(device);
  };
}

function isBefore(left: Conductor, right: Conductor): boolean {
  return left.turnAtMs < right.turnAtMs || (left.turnAtMs === right.turnAtMs && left.run < right.run);
}

function keptFor(state: Conductor, { nowMs, luck }: Pick<Moment, 'nowMs' | 'luck'>): string[] {
  const devices = eligibleMembers(state, { nowMs }).map(({ device }) => device);
  const policy = policyNow(state);
  if (devices.length < policy.reportsMin) return [];
  // By luck: kept ones must not always be the same, or the other run would never see them.
  return selectCohort({ devices, seats: seatsWanted(policy), groups: 1, luck }).map(({ device }) => device);
}
