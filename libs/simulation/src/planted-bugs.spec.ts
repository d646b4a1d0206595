import { applyCommit, deriveSeeds } from '@seedfleet/numerics';
import { type ConductorEffect } from '@seedfleet/rounds';
import { type Sabotage } from './fleet/sabotage.js';
import { type Scenario, scenarioOf } from './fleet/scenario.js';
import { BrokenPromise, type PromiseName } from './promises/broken-promise.js';
import { Simulation } from './simulation.js';

/** Seeds that a bug gets to show itself in. */
const seedsMax = 60;

/** The first seed in which the sabotaged system breaks a promise, and which. */
function firstBroken(sabotage: Sabotage, changes: (scenario: Scenario) => Scenario): { scenario: Scenario; promise: PromiseName } | null {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const scenario = changes(scenarioOf(seed));
    try {
      new Simulation(scenario, sabotage).run();
    } catch (error) {
      if (error instanceof BrokenPromise) return { scenario, promise: error.promise };
      throw error;
    }
  }
  return null;
}

const swapped = (first: ConductorEffect['type'], second: ConductorEffect['type']) => (effects: readonly ConductorEffect[]) => {
  const at = effects.findIndex(({ type }, index) => type === first && effects[index + 1]?.type === second);
  return at === -1 ? [...effects] : [...effects.slice(0, at), effects[at + 1] as ConductorEffect, effects[at] as ConductorEffect, ...effects.slice(at + 2)];
};
const without = (name: 'deadline' | 'retry') => (effects: readonly ConductorEffect[]) => effects.filter((effect) => effect.type !== 'set-timer' || effect.name !== name);
const asItIs = (scenario: Scenario) => scenario;
const crashing = (scenario: Scenario): Scenario => ({ ...scenario, faults: { ...scenario.faults, crashAtEffect: 0.03, writeRefused: 0.05, coordinatorCrashEveryMs: 3_000 } });

describe('a promise that is broken on purpose is noticed', () => {
  test.each<[string, PromiseName, Sabotage, (scenario: Scenario) => Scenario]>([
    ['a commit that is told before it is saved', 'one-chain', { broadcastsBeforeSaving: true }, crashing],
    ['an acknowledgement before the report is saved', 'no-report-lost', { effects: swapped('save-report', 'answer-report') }, asItIs],
    ['a recovery that leaves out a recorded report', 'no-report-lost', {
      recovery: (run) => (run.open === undefined ? run : { ...run, open: { ...run.open, reports: run.open.reports.slice(1) } }),
    }, crashing],
    ['a replay in another order, of a device that believes itself', 'equal-hash', {
      replay: (state, context, commit) => {
        const { previousHash, attempt, groups, queries, coefficients, learningRate } = commit;
        const seeds = deriveSeeds({ manifestHash: context.manifestHash, previousHash, attempt, groups, queries });
        return applyCommit(state, { seeds: seeds.reverse(), coefficients: coefficients.slice().reverse(), learningRate }, context);
      },
    }, asItIs],
    ['a forgotten deadline timer', 'no-round-past-deadline', { effects: without('deadline') }, asItIs],
    ['a forgotten timer of a wait', 'ends', { effects: without('retry') }, asItIs],
    ['an owner\'s budget that is not counted', 'budget', { forgetsSpending: true }, (scenario) => ({ ...scenario, scalarsPerDay: 2 * scenario.estimator.queries })],
    ['a batch counter that is saved after the batch', 'fresh-batch', { forgetsBatches: true },
      (scenario) => ({ ...scenario, faults: { ...scenario.faults, lostFsync: 0, deviceCrashEveryMs: 2_000 } })],
    ['a device that follows seeds which nobody derived', 'chained-seeds', { believesSeeds: true }, (scenario) => ({ ...scenario, faults: { ...scenario.faults, hostileEveryMs: 300 } })],
    ['a commit on fewer reports than agreed', 'reports-min', {
      recovery: (run) => ({ ...run, policy: { ...run.policy, reportsMin: 1 } }),
    }, (scenario) => ({ ...scenario, devices: 4, policy: { ...scenario.policy, cohort: 3, reportsMin: 3 }, faults: { ...scenario.faults, straggle: 0.5 } })],
  ])('%s: %s', (_, promise, sabotage, changes) => {
    const broken = firstBroken(sabotage, changes);
    expect(broken?.promise).toBe(promise);
    // The sabotage did it: the same history without it keeps every promise.
    expect(() => new Simulation((broken as { scenario: Scenario }).scenario).run()).not.toThrow();
  }, 300_000);
});
