import { type DemoReport, reportTable, shortcomings } from './report.js';

const report: DemoReport = {
  accuracyBefore: 0.5, accuracyAfter: 0.861, heldOut: 600, lossBefore: 0.6931, lossAfter: 0.351, rounds: 240, devices: 6, queries: 8, groups: 3, estimator: 'leave-one-out',
  bytesPerRoundPerDevice: { down: 500, up: 120 }, stateHash: 'ab'.repeat(32), stateHashesEqual: true,
  lateJoiner: { rounds: 240, bytes: 90_000, milliseconds: 700, stateHashEqual: true },
  wallSeconds: 90, firstCommitSeconds: 12, secondsPerRound: 0.3, coordinatorPeakMegabytes: 320, workerPeakMegabytes: 250,
  machine: { cores: 2, cpu: 'a processor', memoryGigabytes: 24, loadAverage: 1.5, platform: 'linux 6 x64', node: '20.20.2' },
};
const full = { fullLength: true };

test('a demo that kept its promises has no shortcomings', () => {
  expect(shortcomings(report, full)).toEqual([]);
  expect(reportTable(report)).not.toMatch(/ABOVE|NOT EQUAL/);
});

test.each([0.84, 0.51, Number.NaN])('an accuracy of %d is said to be too low', (accuracyAfter) => {
  expect(shortcomings({ ...report, accuracyAfter }, full)).toEqual([expect.stringContaining('not above the required 84.0 %')]);
});

test('a short run is not judged by its accuracy', () => {
  expect(shortcomings({ ...report, accuracyAfter: 0.6 }, { fullLength: false })).toEqual([]);
});

test('unequal states are a failure at any length, of the fleet and of the late joiner', () => {
  const unequal = { ...report, stateHashesEqual: false, lateJoiner: { ...report.lateJoiner, stateHashEqual: false } };
  expect(shortcomings(unequal, { fullLength: false })).toHaveLength(2);
  expect(reportTable(unequal).match(/NOT EQUAL/g)).toHaveLength(2);
});

test('a figure above its limit is shown as such', () => {
  expect(reportTable({ ...report, coordinatorPeakMegabytes: 431 })).toContain('431 MB, ABOVE the limit of 400 MB');
});
