/**
 * What a commit means as numbers: streams, directions, estimators, step rules, replay, the state's hash. Everyone computes the same bits.
 * Not here: bytes and signatures (ledger), many reports into one (aggregation), running a model (runtime). Runs in Node and in a browser.
 */
export { keystream } from './stream/keystream.js';
export { deriveSeeds, seedFromHex, seedToHex, type SeedOrigin } from './seed/seed.js';
export { layoutOf, type Layout, type PlacedSite, type Site } from './layout/layout.js';
export { perturbationKey } from './perturbation/perturbation-key.js';
export { directionInto, type DirectionOrigin, type Distribution } from './perturbation/direction.js';
export { normalQuantile } from './perturbation/gaussian.js';
export { frozenA, type FrozenOrigin } from './perturbation/frozen-a.js';
export { coefficientsOf, differencesOf, rowPlan, rowsOf, type Estimator, type RowPlan } from './estimator/estimator.js';
export { perturbedRowsInto, type RowsOrigin } from './estimator/perturbed-rows.js';
export { branchState, initialState, stateHash, type AdapterState, type StepRuleType } from './replay/adapter-state.js';
export { gradientInto, type GradientOrigin } from './replay/gradient.js';
export { learningRateAt, type Schedule } from './replay/learning-rate.js';
export { type CommittedStep, type StepContext } from './replay/advance.js';
export { applyCommit, replayCommit, replayCommits, replayContext, type ReplayContext } from './replay/replay.js';
