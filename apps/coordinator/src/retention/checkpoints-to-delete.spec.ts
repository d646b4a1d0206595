import fc from 'fast-check';
import { checkpointsToDelete } from './checkpoints-to-delete.js';

const rounds = (...of: number[]) => of.map((round) => ({ round }));

test('of checkpoints each 5 rounds, with every third kept, the two newest and those of rounds 0 (what a branch begins with), 15, 30 stay', () => {
  const checkpoints = rounds(42, 40, 35, 30, 25, 20, 15, 10, 5, 0);
  expect(checkpointsToDelete(checkpoints, { checkpointEveryRounds: 5, every: 3 })).toEqual(rounds(35, 25, 20, 10, 5));
});

test('0 keeps all; a run that only makes one at its end keeps it', () => {
  expect(checkpointsToDelete(rounds(3, 2, 1), { checkpointEveryRounds: 1, every: 0 })).toEqual([]);
  expect(checkpointsToDelete(rounds(3), { checkpointEveryRounds: 0, every: 10 })).toEqual([]);
});

test('a sweep after a sweep finds nothing, and the two newest always stay', () => fc.assert(fc.property(
  fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 60 }), fc.integer({ min: 0, max: 7 }), fc.integer({ min: 1, max: 12 }), (of, checkpointEveryRounds, every) => {
    const all = rounds(...of.sort((a, b) => b - a));
    const first = checkpointsToDelete(all, { checkpointEveryRounds, every });
    const left = all.filter((checkpoint) => !first.includes(checkpoint));
    expect(left.slice(0, 2)).toEqual(all.slice(0, 2));
    expect(checkpointsToDelete(left, { checkpointEveryRounds, every })).toEqual([]);
  })));
