import { type ErrorCode } from '@seedfleet/errors';
import { type DeclineReason } from '../conductor/decline-reason.js';
import { type EvaluationSums } from '../conductor/conductor-input.js';
import { type ParticipantRequest } from './participant-input.js';

/** Which way a device that is behind catches up. */
export type CatchUp = 'log' | 'checkpoint';

/**
 * What the app does next, in exactly this order. Effects that take long (`prepare`, `evaluate`, `apply`, ...) are begun in order and end with an
 * input; of `evaluate` and `evaluate-held-out` at most one is under way at a time, of `apply` and `load-checkpoint` at most one.
 */
export type ParticipantEffect =
  /** fetch and check the manifest and the model, make the graph, open the data: ends with `prepared` or `preparation-failed` */
  | { type: 'prepare' }
  /** send run:prepared with the state of `round` commits: ends with `announced`, `refused` or `unanswered` */
  | { type: 'announce'; round: number }
  | { type: 'answer-start'; round: number; attempt: number; accepted: true }
  | { type: 'answer-start'; round: number; attempt: number; accepted: false; reason: DeclineReason }
  /** save, before the next effect: a batch that was shown once is never shown again, whatever crashes */
  | { type: 'save-batch-counter'; batches: number }
  /** losses of batch number `batch` under the perturbations of `seeds`: ends with `losses` or `losses-failed` */
  | { type: 'evaluate'; round: number; attempt: number; group: number; seeds: BigUint64Array; batch: number }
  /** send round:report with the state hash of `round`: ends with `report-answered`, `report-refused` or `unanswered` */
  | { type: 'send-report'; round: number; attempt: number; differences: Float32Array; examples: number }
  /** send ledger:tail: ends with `tail`, `refused` or `unanswered` */
  | { type: 'request-tail'; from: number }
  /** verify, replay and save, one after the other, onto the state of `from` commits: ends with `applied` or `mismatch` */
  | { type: 'apply'; from: number; commits: readonly Uint8Array[] }
  /** fetch, verify and save: ends with `checkpoint-loaded` or `checkpoint-failed` */
  | { type: 'load-checkpoint' }
  /** throw the state away: the state of round 0 stands, durable, before the next effect */
  | { type: 'reset-state' }
  | { type: 'answer-evaluation-start'; round: number; accepted: true }
  | { type: 'answer-evaluation-start'; round: number; accepted: false; reason: DeclineReason }
  /** ends with `evaluated` or `evaluation-failed` */
  | { type: 'evaluate-held-out'; round: number }
  /** ends with `evaluation-answered`, `refused` or `unanswered` */
  | ({ type: 'send-evaluation'; round: number } & EvaluationSums)
  /** at `atMs` give back `{type: 'timer', name}`; setting one again replaces it */
  | { type: 'set-timer'; name: ParticipantRequest; atMs: number }
  /** the run is over and this state is its last: keep it, free the engine */
  | { type: 'finish'; state: 'completed' | 'failed' | 'cancelled'; round: number }
  /** this device can do no more in this run: send run:prepared with `failed`, free the engine */
  | { type: 'leave'; cause: ErrorCode };
