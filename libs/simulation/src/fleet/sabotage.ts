import { type ReplayContext, type AdapterState } from '@seedfleet/numerics';
import { type SignedCommit } from '@seedfleet/ledger';
import { type ConductorEffect, type RecordedRun } from '@seedfleet/rounds';

/** Bugs that a spec plants to see that a promise notices them. Each breaks the system in one way that a programmer could. */
export interface Sabotage {
  /** performs other effects, or in another order */
  effects?(effects: readonly ConductorEffect[]): ConductorEffect[];
  /** reads the database wrongly after a crash */
  recovery?(recorded: RecordedRun): RecordedRun;
  /** tells devices of a commit before it is saved */
  broadcastsBeforeSaving?: true;
  /** one device replays in another way, and believes itself */
  replay?(state: AdapterState, context: ReplayContext, commit: SignedCommit): AdapterState;
  /** devices do not count what they gave */
  forgetsSpending?: true;
  /** devices save the number of the next batch after the batch */
  forgetsBatches?: true;
  /** devices evaluate along whatever seeds they are sent */
  believesSeeds?: true;
}
