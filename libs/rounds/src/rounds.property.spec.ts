import * as fc from 'fast-check';
import { SimulatedFleet } from './testing/simulated-fleet.js';

const policies = fc.record({
  roundsMax: fc.integer({ min: 1, max: 6 }),
  cohort: fc.integer({ min: 1, max: 4 }),
  overSelection: fc.constantFrom(1, 1.3, 2),
  reportsMin: fc.integer({ min: 1, max: 4 }),
  deadlineMs: fc.constant(10_000),
  evaluationEveryRounds: fc.integer({ min: 0, max: 3 }),
  checkpointEveryRounds: fc.constant(2),
  attemptsMax: fc.integer({ min: 1, max: 4 }),
}).map((policy) => ({ ...policy, reportsMin: Math.min(policy.reportsMin, policy.cohort) }));

const schedules = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 400 });

/** Steps in which a fair world surely ends a run of six rounds and five devices; a livelock needs more. */
const fairStepsMax = 1_500;

describe('whatever happens on the way', () => {
  test('every promise of docs/rounds.md holds, and a fair world ends the run with one state everywhere', () => {
    fc.assert(fc.property(policies, schedules, fc.integer({ min: 1, max: 3 }), (policy, schedule, groups) => {
      const fleet = new SimulatedFleet(policy, { queries: 2, groups, devices: 5 });
      schedule.forEach((choice) => fleet.act(choice));
      expect(fleet.settle(fairStepsMax)).toBeLessThan(fairStepsMax);
      expect(fleet.database.commits.map(({ round }) => round)).toEqual(fleet.database.commits.map((_, round) => round));
      if (fleet.database.ended === 'completed') expect(fleet.database.commits).toHaveLength(policy.roundsMax);
    }), { numRuns: 60, endOnFailure: true });
  });
});
