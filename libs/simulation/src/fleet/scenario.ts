import { aManifest } from '@seedfleet/ledger/testing';
import { type Manifest } from '@seedfleet/ledger';
import { fairWorld, type Faults } from '../world/faults.js';
import { randomFrom, type Random } from '../world/random.js';

/** Everything that decides a simulation. The same scenario is the same history, to the last bit. */
export interface Scenario {
  format: 'seedfleet/scenario/v1';
  /** uint32: all luck of the world */
  seed: number;
  /** what it showed, for readers */
  note: string;
  devices: number;
  /** milliseconds of true time with faults; after them the world is fair, and the run must end within `fairBoundMs` */
  troubledMs: number;
  /** differences a device may give within one of its days */
  scalarsPerDay: number;
  policy: Manifest['policy'];
  estimator: Pick<Manifest['estimator'], 'type' | 'queries' | 'groups' | 'distribution'>;
  stepRule: Manifest['stepRule']['type'];
  faults: Faults;
}

/** Length of a day in a simulation: short, so that budgets renew within one. */
export const dayMs = 120_000;

/** The scenario of a seed: size of the fleet, policy and which faults there are, all drawn from it. */
export function scenarioOf(seed: number): Scenario {
  const random = randomFrom(seed ^ 0x73636e);
  const cohort = random.between(1, 4);
  const reportsMin = random.between(1, cohort);
  const groups = random.between(1, Math.min(2, cohort));
  const queries = random.between(2, 4);
  return {
    format: 'seedfleet/scenario/v1', seed, note: '',
    devices: cohort + random.between(0, 3), troubledMs: random.between(20, 90) * 1_000,
    scalarsPerDay: random.chance(0.25) ? queries * random.between(4, 12) : 10_000,
    policy: {
      roundsMax: random.between(5, 40), cohort, overSelection: random.pick([1, 1.3, 2]), reportsMin, deadlineMs: random.pick([3_000, 5_000, 10_000]),
      evaluationEveryRounds: random.between(0, 3), checkpointEveryRounds: random.between(0, 3), attemptsMax: random.between(3, 12),
    },
    estimator: { type: random.pick(['leave-one-out', 'central', 'forward'] as const), queries, groups, distribution: random.pick(['rademacher', 'rademacher', 'gaussian'] as const) },
    stepRule: random.pick(['sgd', 'normalised', 'momentum', 'adam'] as const),
    faults: drawFaults(random),
  };
}

/** Each kind of fault is there or not: a world with all of them at once never gets to the interesting places. */
function drawFaults(random: Random): Faults {
  const maybe = (value: number) => (random.chance(0.4) ? value * (0.25 + random.uniform()) : 0);
  return {
    ...fairWorld,
    loss: maybe(0.08), duplication: maybe(0.15), reorder: maybe(0.3), delayMs: random.pick([5, 20, 100]), cutEveryMs: maybe(12_000),
    coordinatorCrashEveryMs: maybe(12_000), crashAtEffect: maybe(0.02), deviceCrashEveryMs: maybe(8_000), deviceCrashAtEffect: maybe(0.01),
    writeRefused: maybe(0.02), deviceWriteRefused: maybe(0.02), lostFsync: maybe(0.4), tornWrite: maybe(0.05), bitFlip: maybe(0.002), clockMoveEveryMs: maybe(20_000),
    straggle: maybe(0.2), turnoverEveryMs: maybe(25_000), pauseEveryMs: maybe(25_000), hostileEveryMs: maybe(1_500),
  };
}

/** A small adapter, whose every value matters as much as those of a large one. */
export function manifestOf({ policy, estimator, stepRule, seed }: Scenario, coordinatorPrivateKey: Uint8Array): Manifest {
  const base = aManifest({ coordinatorPrivateKey });
  return {
    ...base, name: `simulation ${seed}`, policy, estimator: { ...base.estimator, ...estimator, eps: 0.05 }, stepRule: { type: stepRule, learningRate: 0.1, schedule: 'linear' },
    adapter: { ...base.adapter, sites: base.adapter.sites.map((site) => ({ ...site, scale: site.kind === 'lora' ? 1 : 2 })) },
  };
}

/**
 * Milliseconds of fair time in which a run surely ends: every round and evaluation with one abandoned attempt each, the longest waits between
 * them, and devices that rest until a clock moved back by five minutes has come round (docs/rounds.md, "Every wait and its bound").
 */
export function fairBoundMs({ policy }: Scenario): number {
  return 2 * (policy.roundsMax * 2 + policy.attemptsMax + 1) * (policy.deadlineMs + 30_000) + 1_500_000;
}
