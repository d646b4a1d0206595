/**
 * A whole run in one thread, from one seed: virtual clock, network, disks and adversaries around the real conductor, participants, ledger,
 * aggregation and replay, and the promises that are checked after every step. For specs and for operators who try a policy.
 * Not here: sockets, databases, models; anything that a run really needs. Never imported by a part of the product that runs.
 */
export { Simulation, type Outcome } from './simulation.js';
export { scenarioOf, type Scenario } from './fleet/scenario.js';
export { fairWorld, type Faults } from './world/faults.js';
export { BrokenPromise, type PromiseName } from './promises/broken-promise.js';
