import fc from 'fast-check';
import { deriveSeeds, seedFromHex, seedToHex } from './seed.js';

const origin = { manifestHash: new Uint8Array(32).fill(1), previousHash: new Uint8Array(32).fill(2), attempt: 0, groups: [0, 1], queries: 3 };

test('a seed is 16 hexadecimal digits in JSON and comes back from them', () => fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (seed) => {
  expect(seedToHex(seed)).toMatch(/^[0-9a-f]{16}$/);
  expect(seedFromHex(seedToHex(seed))).toBe(seed);
})));

test('a text that is no seed is refused', () => expect(() => seedFromHex('12')).toThrow(RangeError));

test('a group has the same seeds whichever other groups report', () => {
  const both = deriveSeeds(origin);
  expect(deriveSeeds({ ...origin, groups: [1] })).toEqual(both.subarray(3));
});

test('another attempt, commit or manifest changes every seed: the coordinator cannot repeat a direction', () => {
  const seeds = new Set([
    origin, { ...origin, attempt: 1 }, { ...origin, previousHash: new Uint8Array(32) }, { ...origin, manifestHash: new Uint8Array(32) },
  ].flatMap((each) => [...deriveSeeds(each)]));
  expect(seeds.size).toBe(4 * 6);
});
