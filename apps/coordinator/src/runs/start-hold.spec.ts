import { type RunState } from '@seedfleet/protocol';
import { type StartWhen } from './run.repository.js';
import { startHoldOf, type StartFacts } from './start-hold.js';

const now = new Date('2026-11-25T12:00:00.000Z');
const later = new Date('2026-11-25T13:00:00.000Z');
const at = (startAt: Date) => ({ startAt, after: null, whenFree: false });

test.each<[string, Partial<StartWhen>, Partial<StartFacts>, string | null]>([
  ['nothing', {}, {}, null],
  ['a time to come', at(later), {}, 'scheduled: starts at 2026-11-25T13:00:00.000Z'],
  ['a time that is now', at(now), {}, null],
  ['a run that goes on', { after: 3 }, { afterState: 'running' }, 'queued: after run 3, which is running'],
  ['a run that is itself held up', { after: 3 }, { afterState: 'queued' }, 'queued: after run 3, which is queued'],
  ...(['completed', 'failed', 'cancelled'] as const).map((state: RunState): [string, Partial<StartWhen>, Partial<StartFacts>, null] => [`a run that is ${state}`, { after: 3 }, { afterState: state }, null]),
  ['a run that is gone', { after: 3 }, { afterState: null }, null],
  ['devices that work for two runs', { whenFree: true }, { sharing: [1, 2] }, 'queued: its devices work for runs 1, 2'],
  ['devices that are free', { whenFree: true }, { sharing: [] }, null],
  ['a time before anything else', { startAt: later, after: 3, whenFree: true }, { afterState: 'running', sharing: [1] }, 'scheduled: starts at 2026-11-25T13:00:00.000Z'],
])('a run that waits for %s is held up by: %4$s', (_, when, facts, expected) => {
  const hold = startHoldOf({ startAt: null, after: null, whenFree: false, ...when }, { now, afterState: null, sharing: [], ...facts });
  expect(hold === null ? null : `${hold.state}: ${hold.cause}`).toBe(expected);
});
