import { type ErrorCode } from '@seedfleet/errors';
import { type Batch, type BatchEvaluation, type LossesRequest } from './engine.js';

/** What the engine's thread is asked. */
export type EngineRequest =
  | { id: number; type: 'losses'; request: LossesRequest }
  | { id: number; type: 'evaluate'; request: { batch: Batch; b: Float64Array } }
  | { id: number; type: 'close' };

/** An error as it crosses threads; its cause stays where it was: it may hold data. */
export interface EngineFailure { code: ErrorCode; problem: string; field?: string | undefined }

/** What it answers. `opened` has id 0: nobody asked. */
export type EngineAnswer =
  | { id: number; type: 'opened' | 'closed' }
  | { id: number; type: 'losses'; losses: Float32Array }
  | { id: number; type: 'evaluation'; evaluation: BatchEvaluation }
  | { id: number; type: 'failed'; failure: EngineFailure };
