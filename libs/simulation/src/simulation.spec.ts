import { readdirSync } from 'node:fs';
import { scenarioOfFile } from './command.js';
import { scenarioOf } from './fleet/scenario.js';
import { Simulation } from './simulation.js';
import { fairWorld } from './world/faults.js';

const scenarios = new URL('../scenarios/', import.meta.url).pathname;

/** Seeds of one test, so that a failure comes soon and names its seed. */
const atOnce = 50;

describe('every promise holds after every step', () => {
  test.each([1, 51, 101, 151])('in the worlds of fifty seeds from %i on', (first) => {
    for (let seed = first; seed < first + atOnce; seed++) {
      const outcome = runOf(seed);
      if (outcome.ended === 'completed') expect(outcome.rounds).toBe(scenarioOf(seed).policy.roundsMax);
    }
  }, 300_000);

  test.each(readdirSync(scenarios).filter((name) => name.endsWith('.json')))('in a history that broke one once: %s', (name) => {
    new Simulation(scenarioOfFile(`${scenarios}${name}`)).run();
  }, 60_000);
});

test('a seed is a whole history: the same one twice, to the last message', () => {
  expect(runOf(7)).toEqual(runOf(7));
});

test('a fair world completes its run without an abandoned attempt, and the fleet learns', () => {
  const scenario = scenarioOf(3);
  const outcome = new Simulation({
    ...scenario, faults: fairWorld, scalarsPerDay: 10_000, troubledMs: 1, policy: { ...scenario.policy, roundsMax: 40 }, stepRule: 'normalised',
    estimator: { type: 'leave-one-out', queries: 8, groups: 1, distribution: 'rademacher' },
  }).run();
  expect(outcome).toMatchObject({ ended: 'completed', rounds: 40, abandoned: 0, messagesLost: 0 });
  expect(outcome.lossRatio).toBeLessThan(0.5);
});

function runOf(seed: number) {
  try {
    return new Simulation(scenarioOf(seed)).run();
  } catch (cause) {
    throw new Error(`seed ${seed} (again: npm run simulate -- --seed ${seed})`, { cause });
  }
}
