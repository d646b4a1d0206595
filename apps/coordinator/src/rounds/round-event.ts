import { type ErrorCode } from '@seedfleet/errors';
import { type DepartureReason } from '@seedfleet/protocol';
import { type StateNorms } from '../run-series/state-norms.js';

interface OfAttempt {
  run: number;
  round: number;
  attempt: number;
}

/** What a run does, for those who count, trace and plot. Ids, counts, codes, and norms over the whole state: nothing that one device computed. */
export type RoundEvent =
  /** this coordinator leads the run from now on; `again`: it had been led before, by another or before a restart */
  | { type: 'taken-up'; run: number; round: number; again: boolean }
  /** `online`: devices of the run that were connected and prepared */
  | (OfAttempt & { type: 'opened'; selected: number; online: number; beganAtMs: number })
  /** `declined`: the reason; null where it accepted */
  | (OfAttempt & { type: 'answered'; device: string; declined: DepartureReason | null })
  /** enough reports: what follows is the coordinator's own work */
  | (OfAttempt & { type: 'collected'; reports: number })
  | (OfAttempt & { type: 'aggregated' })
  /** durable */
  | (OfAttempt & { type: 'committed'; bytes: number; norms: StateNorms })
  | (OfAttempt & { type: 'broadcast' })
  | (OfAttempt & { type: 'abandoned'; cause: string })
  | { type: 'evaluated'; run: number; round: number; devices: number }
  /** answered to the device after so long; `refused` names the code */
  | { type: 'report'; refused: ErrorCode | null; seconds: number }
  /** an effect failed: the run is built again from the database */
  | { type: 'broken'; run: number };
