import { type StopConditions } from './stop-conditions.js';

/** How rounds of a run go: `policy` of its manifest, field by field. */
export interface RoundPolicy {
  /** commits until the run is completed */
  roundsMax: number;
  /** reports that a round wants: it commits as soon as so many are in */
  cohort: number;
  /** >= 1: ceil(cohort * overSelection) devices are asked, so that stragglers are not waited for */
  overSelection: number;
  /** fewest reports that a commit may rest on */
  reportsMin: number;
  /** milliseconds from opening a round to its decision; an evaluation gets as long */
  deadlineMs: number;
  /** rounds between evaluations; 0 means only at the start and at the end */
  evaluationEveryRounds: number;
  /** rounds between saved checkpoints; the coordinator's matter, no decision here depends on it */
  checkpointEveryRounds: number;
  /** abandoned attempts in a row after which the run has failed */
  attemptsMax: number;
  /** fewest held-out examples of a device whose evaluation counts; missing: 1 */
  heldOutMin?: number | undefined;
  /** ends the run before its last round */
  stop?: StopConditions | undefined;
}
