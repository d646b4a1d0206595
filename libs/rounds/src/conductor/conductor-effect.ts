import { type ErrorCode } from '@seedfleet/errors';
import { type Canary } from './canary.js';
import { type ConductorTimer, type EvaluationSums } from './conductor-input.js';

/** A device of a cohort and the direction group whose seeds it gets. */
export interface CohortSeat {
  device: string;
  group: number;
}

/** What the app does next, in exactly this order: an effect that saves is durable before the next one is performed. */
export type ConductorEffect =
  /** save: nobody has heard of the round yet. Cohort sorted by device id */
  | { type: 'open-round'; round: number; attempt: number; cohort: readonly CohortSeat[]; deadlineAtMs: number }
  /** `deadlineMs` is what is left of the round, relative: clocks of devices are not trusted */
  | { type: 'send-start'; device: string; round: number; attempt: number; group: number; deadlineMs: number }
  /** save, then the following `answer-report` acknowledges it */
  | { type: 'save-report'; device: string; round: number; attempt: number; group: number; examples: number; differences: Float32Array }
  | { type: 'answer-report'; device: string; round: number; attempt: number; duplicate: boolean }
  | { type: 'refuse-report'; device: string; round: number; attempt: number; code: ErrorCode; field: string; problem: string }
  /** make coefficients, replay, sign, save; then tell the conductor `committed`, or `fail` if that is impossible */
  | { type: 'commit'; round: number; attempt: number; groups: number[]; differences: Float64Array; reports: number; examples: number }
  /** to every connected member of the run */
  | { type: 'broadcast-commit'; round: number }
  /** save */
  | { type: 'abandon-round'; round: number; attempt: number; cause: string }
  /** at `atMs` give back `{type: 'timer', name, round, attempt}`; a time in the past means at once */
  | { type: 'set-timer'; name: ConductorTimer; round: number; attempt: number; atMs: number }
  /** may come again within one evaluation, for devices that arrived meanwhile */
  | { type: 'start-evaluation'; round: number; devices: readonly string[]; deadlineMs: number }
  | { type: 'answer-evaluation'; device: string; round: number; duplicate: boolean }
  | { type: 'refuse-evaluation'; device: string; round: number; code: ErrorCode; field: string; problem: string }
  /** save; sums over `devices` devices that answered in time */
  | ({ type: 'save-evaluation'; round: number; devices: number } & EvaluationSums)
  /** save: the pause that was asked for, or (`cause`) that a canary calls for, holds from now on */
  | { type: 'paused'; round: number; cause?: string }
  /** save: how the first rounds on few devices go */
  | { type: 'save-canary'; canary: Canary }
  /** save: nothing follows */
  | { type: 'end'; state: 'completed' | 'failed' | 'cancelled'; cause: string };
