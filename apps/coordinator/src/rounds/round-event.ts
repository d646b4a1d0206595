import { type ErrorCode } from '@seedfleet/errors';

interface OfAttempt {
  run: number;
  round: number;
  attempt: number;
}

/** What a run does, for those who count and trace. Ids, counts and codes: nothing that a device computed. */
export type RoundEvent =
  | (OfAttempt & { type: 'opened'; selected: number; beganAtMs: number })
  | (OfAttempt & { type: 'answered'; accepted: boolean })
  /** enough reports: what follows is the coordinator's own work */
  | (OfAttempt & { type: 'collected'; reports: number })
  | (OfAttempt & { type: 'aggregated' })
  /** durable */
  | (OfAttempt & { type: 'committed'; bytes: number })
  | (OfAttempt & { type: 'broadcast' })
  | (OfAttempt & { type: 'abandoned'; cause: string })
  | { type: 'evaluated'; run: number; round: number; devices: number }
  /** answered to the device after so long; `refused` names the code */
  | { type: 'report'; refused: ErrorCode | null; seconds: number }
  /** an effect failed: the run is built again from the database */
  | { type: 'broken'; run: number };
