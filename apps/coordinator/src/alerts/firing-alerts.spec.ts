import { type AlertCondition } from '@seedfleet/protocol';
import { changesOf, firingOf, retryAfterMs, type FleetFacts, type WatchedDevice, type WatchedRun } from './firing-alerts.js';

const now = new Date('2026-11-25T12:00:00.000Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
const aRun = (changes: Partial<WatchedRun> = {}): WatchedRun => ({ id: 3, name: 'reviews', state: 'running', cause: null, startedAt: ago(60), endedAt: null, committedAt: ago(1), losses: [], rounds: [], mismatched: [], spent: null, ...changes });
const aDevice = (changes: Partial<WatchedDevice> = {}): WatchedDevice => ({ id: 'dev_1', name: 'laptop', connected: true, lastSeenAt: ago(1), enrolledAt: ago(6_000), workerVersion: '0.1.0', clonedAt: null, ...changes });
const facts = (changes: Partial<FleetFacts>): FleetFacts => ({ now, version: '0.1.0', runs: [], devices: [], ...changes });
const reports = (...reported: number[]) => reported.map((count) => ({ selected: 4, reported: count }));

test.each<[string, AlertCondition, Partial<FleetFacts>, string | null]>([
  ['a run that committed lately', { type: 'round-stalled', minutes: 5 }, { runs: [aRun()] }, null],
  ['a run without a commit for too long', { type: 'round-stalled', minutes: 5 }, { runs: [aRun({ committedAt: ago(6) })] }, 'run 3'],
  ['a run that never committed', { type: 'round-stalled', minutes: 5 }, { runs: [aRun({ committedAt: null })] }, 'run 3'],
  ['a paused run', { type: 'round-stalled', minutes: 5 }, { runs: [aRun({ state: 'paused', committedAt: ago(600) })] }, null],
  ['a loss that rose twice', { type: 'loss-rising', evaluations: 2 }, { runs: [aRun({ losses: [0.9, 0.5, 0.6, 0.7] })] }, 'run 3'],
  ['a loss that rose once', { type: 'loss-rising', evaluations: 2 }, { runs: [aRun({ losses: [0.5, 0.4, 0.6] })] }, null],
  ['a loss with too few evaluations', { type: 'loss-rising', evaluations: 2 }, { runs: [aRun({ losses: [0.5, 0.6] })] }, null],
  ['a loss that stands still', { type: 'loss-rising', evaluations: 1 }, { runs: [aRun({ losses: [0.5, 0.5] })] }, null],
  ['half of the devices reporting', { type: 'participation-low', share: 0.6, rounds: 2 }, { runs: [aRun({ rounds: reports(2, 2, 4) })] }, 'run 3'],
  ['enough devices reporting', { type: 'participation-low', share: 0.5, rounds: 2 }, { runs: [aRun({ rounds: reports(2, 2, 0) })] }, null],
  ['too few rounds to say', { type: 'participation-low', share: 0.5, rounds: 3 }, { runs: [aRun({ rounds: reports(0, 0) })] }, null],
  ['a run that failed today', { type: 'run-failed' }, { runs: [aRun({ state: 'failed', cause: 'attempts-exhausted', endedAt: ago(60) })] }, 'run 3'],
  ['a run that failed the day before', { type: 'run-failed' }, { runs: [aRun({ state: 'failed', endedAt: ago(2_000) })] }, null],
  ['a device in another state', { type: 'state-mismatch' }, { runs: [aRun({ mismatched: ['laptop'] })] }, 'run 3'],
  ['a budget that is nearly spent', { type: 'budget', share: 0.8 }, { runs: [aRun({ spent: 0.81 })] }, 'run 3'],
  ['a budget that is half spent', { type: 'budget', share: 0.8 }, { runs: [aRun({ spent: 0.5 })] }, null],
  ['a run without a budget', { type: 'budget', share: 0.8 }, { runs: [aRun()] }, null],
  ['a device that is there', { type: 'device-gone', hours: 2 }, { devices: [aDevice({ lastSeenAt: ago(600) })] }, null],
  ['a device that is away', { type: 'device-gone', hours: 2 }, { devices: [aDevice({ connected: false, lastSeenAt: ago(121) })] }, 'dev_1'],
  ['a device that never came', { type: 'device-gone', hours: 2 }, { devices: [aDevice({ connected: false, lastSeenAt: null })] }, 'dev_1'],
  ['another version', { type: 'version-skew' }, { devices: [aDevice({ workerVersion: '0.2.0' })] }, 'dev_1'],
  ['a key that two processes have', { type: 'device-cloned' }, { devices: [aDevice({ clonedAt: ago(59) })] }, 'dev_1'],
  ['a key that two processes had long ago', { type: 'device-cloned' }, { devices: [aDevice({ clonedAt: ago(61) })] }, null],
  ['a key that one process has', { type: 'device-cloned' }, { devices: [aDevice()] }, null],
  ['another version that is away', { type: 'version-skew' }, { devices: [aDevice({ workerVersion: '0.2.0', connected: false })] }, null],
])('of %s, an alert is about: %4$s', (_, condition, changes, subject) => {
  expect(firingOf(condition, facts(changes)).map((firing) => firing.subject)).toEqual(subject === null ? [] : [subject]);
});

test('an alert begins once, and is over once its condition no longer holds', () => {
  const firing = [{ subject: 'run 1', summary: '' }, { subject: 'run 2', summary: '' }];
  expect(changesOf(firing, [{ id: 'a', subject: 'run 2' }, { id: 'b', subject: 'run 3' }])).toEqual({ begun: [firing[0]], over: [{ id: 'b', subject: 'run 3' }] });
});

test('tries of a delivery move apart, up to an hour, and end', () => {
  expect([1, 2, 3, 11, 30].map(retryAfterMs)).toEqual([5_000, 10_000, 20_000, 3_600_000, 3_600_000]);
  expect(retryAfterMs(31)).toBeNull();
});
