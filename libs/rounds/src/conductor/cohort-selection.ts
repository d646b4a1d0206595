import { type Moment } from '../moment.js';
import { entryOf, type Roster, rosterOf } from '../roster.js';
import { allowedByCanary } from './canary.js';
import { type Conductor, type Member, type Seat } from './conductor.js';
import { type RoundPolicy } from './round-policy.js';

/** Devices that a round asks if there are enough: ceil(cohort * overSelection), where 10 * 1.1 is 11. */
export function seatsWanted({ cohort, overSelection }: RoundPolicy): number {
  return Math.ceil(cohort * overSelection - 1e-9);
}

/** Whether the member has the state of the head: only then do its differences mean anything. */
export function isAtHead(member: Member, { round }: Conductor): boolean {
  return member.round === round;
}

/** Members that a round could ask now: at the head, with training data, not set aside, not resting after a decline, no other run's. Sorted by device id. */
export function eligibleMembers(state: Conductor, { nowMs, isTaken = nobodys }: Pick<Moment, 'nowMs' | 'isTaken'>): readonly Member[] {
  const isAllowed = allowedByCanary(state);
  return state.members.filter((member) => isAtHead(member, state) && member.trainExamples > 0 && member.restsUntilMs <= nowMs && !isAside(state, member.device)
    && isAllowed(member.device) && !isTaken(member.device));
}

/** Whether the device left the group that the run follows. */
export function isAside({ aside }: Conductor, device: string): boolean {
  return aside.length > 0 && entryOf(aside, device) !== undefined;
}

const nobodys = () => false;

/**
 * Chooses `seats` of the devices by luck, each set of them as likely as another, and spreads them evenly over the groups.
 * Which devices were asked is not replayed from: the generator needs to be fair, not exact.
 * @param devices in an order that luck did not make
 * @param luck    uint32, the only source of chance
 */
export function selectCohort({ devices, seats, groups, luck }: { devices: readonly string[]; seats: number; groups: number; luck: number }): Roster<Seat> {
  const pool = [...devices];
  const draw = splitMix32(luck);
  const count = Math.min(seats, pool.length);
  const chosen: Seat[] = [];
  // Fisher-Yates, stopped after `count` draws.
  for (let i = 0; i < count; i++) {
    const pick = i + Math.floor((draw() / 2 ** 32) * (pool.length - i));
    [pool[i], pool[pick]] = [pool[pick] as string, pool[i] as string];
    chosen.push({ device: pool[i] as string, group: i % groups, standing: 'asked' });
  }
  return rosterOf(chosen);
}

/** A stream of uint32 from one: the 32-bit finalizer of MurmurHash3 over a Weyl sequence (SplitMix, Steele et al. 2014, with 32-bit constants). */
function splitMix32(seed: number): () => number {
  let weyl = seed >>> 0;
  return () => {
    weyl = (weyl + 0x9e3779b9) >>> 0;
    let word = weyl;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return (word ^ (word >>> 16)) >>> 0;
  };
}
