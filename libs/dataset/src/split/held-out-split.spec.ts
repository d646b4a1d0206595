import * as fc from 'fast-check';
import { splitHash, splitHeldOut } from './held-out-split.js';

const rows = fc.uniqueArray(fc.record({ text: fc.string(), label: fc.constantFrom('0', '1') }), { maxLength: 60, selector: ({ text, label }) => `${label} ${text}` });
type Row = { text: string; label: string };

const heldOutOf = (given: readonly Row[], fraction: number): Row[] => {
  const { heldOut } = splitHeldOut({ hashes: given.map((row) => splitHash(row)), fraction });
  return Array.from(heldOut, (i) => given[i] ?? { text: '', label: '' });
};
const sorted = (given: readonly Row[]): string[] => given.map((row) => JSON.stringify(row)).sort();

test('the held-out part has the exact size, and the parts are all of the data', () => fc.assert(fc.property(rows, fc.double({ min: 0, max: 0.99, noNaN: true }), (given, fraction) => {
  const { train, heldOut } = splitHeldOut({ hashes: given.map((row) => splitHash(row)), fraction });
  expect(heldOut).toHaveLength(Math.floor(given.length * fraction));
  expect([...train, ...heldOut].sort((a, b) => a - b)).toEqual(Array.from(given.keys()));
})));

test('the order of the lines does not decide what is held out', () => fc.assert(fc.property(rows, fc.infiniteStream(fc.nat()), (given, luck) => {
  const shuffled = given.map((row) => ({ row, key: luck.next().value })).sort((a, b) => a.key - b.key).map(({ row }) => row);
  expect(sorted(heldOutOf(shuffled, 0.4))).toEqual(sorted(heldOutOf(given, 0.4)));
})));

test('text and label cannot run into each other', () => {
  expect(splitHash({ text: 'good 1', label: '' })).not.toEqual(splitHash({ text: 'good ', label: '1' }));
});
