import fc from 'fast-check';
import { emptyPile, entriesOf, entryIn, pileOf, withEntryIn, type Pile } from './pile.js';
import { rosterOf } from './roster.js';

interface Entry { device: string; value: number }
const entry = fc.record({ device: fc.integer({ min: 0, max: 700 }).map((number) => `dev_${number}`), value: fc.nat() });

test('a pile is the roster of its last entries, however they came, and every one is found', () => fc.assert(fc.property(fc.array(entry, { maxLength: 1_500, size: 'max' }), (entries) => {
  const pile = entries.reduce<Pile<Entry>>(withEntryIn, emptyPile);
  const last = new Map(entries.map((one) => [one.device, one]));
  expect(entriesOf(pile)).toEqual(rosterOf(last.values()));
  expect(pile.count).toBe(last.size);
  for (const one of last.values()) expect(entryIn(pile, one.device)).toBe(one);
  expect(entryIn(pile, 'dev_')).toBeUndefined();
  expect(entryIn(pile, 'dev_x')).toBeUndefined();
  expect(entriesOf(pileOf(last.values()))).toEqual(entriesOf(pile));
}), { numRuns: 30 }));

test('one entry more among ten thousand leaves nearly all slices what they were', () => {
  const pile = pileOf(Array.from({ length: 10_000 }, (_, index) => ({ device: `dev_${index}`, value: 0 })));
  const more = withEntryIn(pile, { device: 'dev_5000x', value: 1 });
  const kept = new Set(pile.slices);
  const copied = more.slices.filter((slice) => !kept.has(slice)).reduce((sum, slice) => sum + slice.length, 0);
  expect(more.count).toBe(10_001);
  expect(copied + more.slices.length).toBeLessThan(400);
});
