import { machineThreads, thisMachine } from './machine-threads.js';

test.each([
  [1, null, 1], [2, null, 1], [3, null, 1], [8, null, 4], [16, 'max 100000\n', 8],
  // A container with two processors' time on a machine of 16.
  [16, '200000 100000\n', 1], [16, '1000000 100000', 5], [4, '1000000 100000', 2], [16, '50000 100000', 1], [8, 'garbage', 4],
])('of %i processors under a quota of %j a pass takes %i threads', (processors, quota, threads) => {
  expect(machineThreads({ processors, quota })).toBe(threads);
});

test('this machine has processors', () => expect(thisMachine().processors).toBeGreaterThan(0));
