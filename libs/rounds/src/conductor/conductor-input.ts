import { type DeclineReason } from './decline-reason.js';

/** The differences of one device, checked against the state by the app, against the round by the conductor. */
export interface Report {
  round: number;
  attempt: number;
  /** the device's state hash is the fleet's after `round` commits */
  stateMatches: boolean;
  /** examples of the batch, >= 1: the weight of this report in the mean */
  examples: number;
  /** [q] d_j in the order of the seeds */
  differences: Float32Array;
}

/** Sums over the held-out examples of one device. */
export interface EvaluationSums {
  lossSum: number;
  correct: number;
  count: number;
  /** [classes] each: examples of a class, examples called so, and both at once; missing where there are no classes, or too many */
  perClass?: ClassSums;
}

export interface ClassSums { actual: readonly number[]; predicted: readonly number[]; correct: readonly number[] }

/** Names of the conductor's timers. Setting one again replaces it; one that fires late is recognised by round and attempt. */
export type ConductorTimer = 'deadline' | 'evaluation-deadline' | 'retry';

/** Everything that a conductor can be told. Devices are named by their id. */
export type ConductorInput =
  /** once after createConductor, at the first start and after each restart of the process */
  | { type: 'start' }
  /** the open round, evaluation or commit runs to its end first; answered by the effect `paused` */
  | { type: 'pause' }
  | { type: 'resume' }
  /** an operator cancels the run */
  | { type: 'stop'; cause: string }
  /** an effect could not be performed and never will be (a commit that does not replay, say): the run has failed */
  | { type: 'fail'; cause: string }
  /** the device is prepared in this run and connected (`run:prepared`), or its state changed by a sync */
  | { type: 'arrival'; device: string; round: number; stateMatches: boolean; trainExamples: number; heldOutExamples: number }
  /** disconnected, suspended, revoked, or left the run */
  | { type: 'departure'; device: string }
  /** these devices, and no others, are not asked from now on; whoever has a part in the open round may still report */
  | { type: 'set-aside'; devices: readonly string[] }
  /** another run is done with devices that this one may have waited for */
  | { type: 'devices-freed' }
  | { type: 'accept'; device: string; round: number; attempt: number }
  /** the device declined the start, or never acknowledged it (`reason: 'unanswered'`) */
  | { type: 'decline'; device: string; round: number; attempt: number; reason: DeclineReason }
  | { type: 'report'; device: string; report: Report }
  | { type: 'timer'; name: ConductorTimer; round: number; attempt: number }
  /** the app has performed the effect `commit`: it is durable */
  | { type: 'committed'; round: number }
  | { type: 'evaluation-decline'; device: string; round: number }
  | ({ type: 'evaluation-report'; device: string; round: number } & EvaluationSums);
