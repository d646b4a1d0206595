import fc from 'fast-check';
import { windowsOf } from './windows.js';

/** Token i of a text is 100 + i behind the special ones, so that a window tells where it was cut. */
const shapes = fc.record({ specials: fc.nat(2), overlap: fc.integer({ min: 1, max: 9 }), room: fc.integer({ min: 1, max: 9 }), length: fc.integer({ min: 2, max: 120 }) });
const leadingOf = (specials: number) => Array.from({ length: specials }, (_, i) => i);

test('every token but the first is foretold once, from the tokens that stand before it in the text', () => fc.assert(fc.property(shapes, ({ specials, overlap, room, length }) => {
  const leading = leadingOf(specials);
  const ids = [...leading, ...Array.from({ length }, (_, i) => 100 + i)];
  const tokensMax = specials + overlap + room;
  const windows = windowsOf(ids, { tokensMax, overlap, leading });
  expect(windows.flatMap(({ tokens, foretoldFrom }) => tokens.slice(foretoldFrom))).toEqual(ids.slice(1));
  for (const { tokens, foretoldFrom } of windows) {
    expect(tokens.length).toBeLessThanOrEqual(tokensMax);
    expect(tokens.slice(0, specials)).toEqual(leading);
    const text = tokens.slice(specials);
    expect(text).toEqual(Array.from(text, (_, i) => (text[0] ?? 0) + i));
    const isFirst = (text[0] ?? 100) === 100;
    expect(foretoldFrom).toBeGreaterThanOrEqual(isFirst ? 1 : specials + overlap);
  }
})));

test('windows of one text foretell as many tokens each, but for one', () => fc.assert(fc.property(shapes, ({ specials, overlap, room, length }) => {
  const leading = leadingOf(specials);
  const windows = windowsOf([...leading, ...Array.from({ length }, (_, i) => 100 + i)], { tokensMax: specials + overlap + room, overlap, leading });
  const counts = windows.map(({ tokens, foretoldFrom }) => tokens.length - foretoldFrom);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
})));

test('a text that fits is one window', () => {
  expect(windowsOf([0, 5, 6], { tokensMax: 3, overlap: 1, leading: [0] })).toEqual([{ tokens: [0, 5, 6], foretoldFrom: 1 }]);
});

test('an overlap that fills the window is refused', () => {
  expect(() => windowsOf([0, 5, 6, 7, 8], { tokensMax: 4, overlap: 3, leading: [0] })).toThrow(expect.objectContaining({ code: 'dataset.option', field: 'overlap' }));
});
