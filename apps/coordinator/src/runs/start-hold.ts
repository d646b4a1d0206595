import { type RunState } from '@seedfleet/protocol';
import { type StartWhen } from './run.repository.js';

export interface StartFacts {
  now: Date;
  /** state of the run that has to end first; null where there is none such */
  afterState: RunState | null;
  /** runs that work with devices of this one, and those that were queued for them before it */
  sharing: readonly number[];
}

/** What still holds a started run up, and the state that it waits in; null: nothing does. */
export function startHoldOf({ startAt, after, whenFree }: StartWhen, { now, afterState, sharing }: StartFacts): { state: 'scheduled' | 'queued'; cause: string } | null {
  if (startAt !== null && startAt > now) return { state: 'scheduled', cause: `starts at ${startAt.toISOString()}` };
  if (after !== null && afterState !== null && !ended.has(afterState)) return { state: 'queued', cause: `after run ${after}, which is ${afterState}` };
  if (whenFree && sharing.length > 0) return { state: 'queued', cause: `its devices work for ${sharing.length === 1 ? 'run' : 'runs'} ${sharing.slice(0, 10).join(', ')}` };
  return null;
}

const ended: ReadonlySet<RunState> = new Set(['completed', 'failed', 'cancelled']);
