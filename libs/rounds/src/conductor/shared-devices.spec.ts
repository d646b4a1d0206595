import fc from 'fast-check';
import { type ConductorEffect } from './conductor-effect.js';
import { createConductor, type Conductor } from './conductor.js';
import { type ConductorInput } from './conductor-input.js';
import { type RoundPolicy } from './round-policy.js';
import { isWaitingForOthers, takenFrom, worksFor } from './shared-devices.js';
import { stepConductor } from './step-conductor.js';
import { policy } from './told-conductor.fixture.js';

/** Runs over one fleet, each with its conductor: what a coordinator does with them, without sockets. */
class SharedFleet {
  nowMs = 1_000_000;
  luck = 1;
  readonly runs: Conductor[];
  readonly opened: { run: number; devices: string[] }[] = [];
  private readonly timers = new Map<number, { atMs: number; input: ConductorInput }>();

  constructor(readonly devices: readonly string[], policies: readonly Partial<RoundPolicy>[]) {
    this.runs = policies.map((changes, index) => createConductor({ run: index + 1, policy: { ...policy, roundsMax: 1_000, ...changes }, queries: 2, groups: 1, round: 0, attempt: 0 }));
    for (const { run } of this.runs) this.tell(run, { type: 'start' });
    for (const { run } of this.runs) for (const device of devices) this.tell(run, { type: 'arrival', device, round: 0, stateMatches: true, trainExamples: 10, heldOutExamples: 0 });
  }

  run(number: number): Conductor {
    return this.runs[number - 1] as Conductor;
  }

  tell(number: number, input: ConductorInput): void {
    const before = this.run(number);
    const moment = { nowMs: this.nowMs, luck: this.luck = (Math.imul(this.luck, 1_664_525) + 1_013_904_223) >>> 0 };
    const others = this.runs.filter(({ run }) => run !== number);
    const { state, effects } = stepConductor(before, input, { ...moment, isTaken: takenFrom(before, others, moment) });
    this.runs[number - 1] = state;
    for (const effect of effects) this.perform(number, effect);
    if (state.phase.type !== before.phase.type) for (const { run } of others) if (isWaitingForOthers(this.run(run))) this.tell(run, { type: 'devices-freed' });
  }

  private perform(run: number, effect: ConductorEffect): void {
    if (effect.type === 'commit') this.tell(run, { type: 'committed', round: effect.round });
    if (effect.type === 'set-timer') this.timers.set(run, { atMs: effect.atMs, input: { type: 'timer', name: effect.name, round: effect.round, attempt: effect.attempt } });
    if (effect.type !== 'open-round') return;
    this.opened.push({ run, devices: effect.cohort.map(({ device }) => device) });
  }

  /** The device reports to whichever run it works for. @returns false if it works for none */
  report(device: string): boolean {
    const working = this.runs.filter((state) => worksFor(state, device));
    expect(working.length).toBeLessThanOrEqual(1);
    const [state] = working;
    if (state === undefined) return false;
    this.tell(state.run, { type: 'report', device, report: { round: state.round, attempt: state.attempt, stateMatches: true, examples: 1, differences: Float32Array.of(1, 2) } });
    return true;
  }

  /** Timers that are due by then, in order. */
  pass(milliseconds: number): void {
    this.nowMs += milliseconds;
    for (const [run, { atMs, input }] of [...this.timers]) {
      if (atMs > this.nowMs) continue;
      this.timers.delete(run);
      this.tell(run, input);
    }
  }

  /** Everybody reports until nobody works, again and again. */
  work(times: number): void {
    for (let i = 0; i < times; i++) {
      for (const device of this.devices) this.report(device);
      this.pass(1_000);
    }
  }
}

const countOf = (fleet: SharedFleet, run: number) => fleet.opened.filter((round) => round.run === run).length;

test('of two runs that want the whole fleet each opens every other round, however many there were before', () => {
  const fleet = new SharedFleet(['a', 'b', 'c'], [{ cohort: 3, reportsMin: 3 }, { cohort: 3, reportsMin: 3 }]);
  fleet.work(20);
  expect(fleet.opened.map(({ run }) => run).slice(0, 10)).toEqual([1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
});

test('a run that needs many is not starved by one that needs few', () => {
  const fleet = new SharedFleet(['a', 'b', 'c', 'd'], [{ cohort: 1, reportsMin: 1 }, { cohort: 4, reportsMin: 4 }]);
  fleet.work(30);
  expect(Math.min(countOf(fleet, 1), countOf(fleet, 2))).toBeGreaterThan(5);
});

test('in a fleet that is large enough for both, neither waits for the other', () => {
  const fleet = new SharedFleet(['a', 'b', 'c', 'd', 'e', 'f'], [{ cohort: 2, reportsMin: 2 }, { cohort: 2, reportsMin: 2 }]);
  expect(fleet.opened.map(({ run }) => run)).toEqual([1, 2]);
  expect(new Set(fleet.opened.flatMap(({ devices }) => devices)).size).toBe(4);
});

test('a run that could not open with all that it has keeps nothing from the others', () => {
  const fleet = new SharedFleet(['a', 'b'], [{ cohort: 2, reportsMin: 2 }, { cohort: 3, reportsMin: 3 }]);
  fleet.work(10);
  expect([countOf(fleet, 1) > 5, countOf(fleet, 2)]).toEqual([true, 0]);
});

test('a device works for one run at a time, and every run that could open does, whatever they need and whoever is slow', () => {
  fc.assert(fc.property(
    fc.integer({ min: 2, max: 7 }), fc.array(fc.record({ cohort: fc.integer({ min: 1, max: 5 }), reportsMin: fc.integer({ min: 1, max: 5 }) }), { minLength: 2, maxLength: 4 }), fc.infiniteStream(fc.nat(99)),
    (size, wants, luck) => {
      const devices = Array.from({ length: size }, (_, index) => `device-${index}`);
      const fleet = new SharedFleet(devices, wants.map(({ cohort, reportsMin }) => ({ cohort: Math.max(cohort, reportsMin), reportsMin, deadlineMs: 3_000, attemptsMax: 1_000 })));
      for (let i = 0; i < 120; i++) {
        for (const device of devices) if ((luck.next().value ?? 0) < 70) fleet.report(device);
        fleet.pass(1_000);
      }
      for (const [index, { reportsMin }] of wants.entries()) expect({ run: index + 1, opened: countOf(fleet, index + 1) > 0 }).toEqual({ run: index + 1, opened: reportsMin <= size });
    },
  ), { numRuns: 60 });
});
