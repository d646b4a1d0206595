import { meanRowLosses } from './mean-row-losses.js';

test('a mean is summed in float64, in the order of the examples', () => {
  // In float32 the ones vanish beside 2^24; in another order the sum would round differently.
  const losses = Float32Array.of(2 ** 24, 1, 1, 1, 0.5, 0.25, 0.125, 0.125);
  expect([...meanRowLosses(losses, { rows: 2, examples: 4 })]).toEqual([(2 ** 24 + 3) / 4, 0.25]);
});

test('losses that are not rows of examples are refused', () => {
  expect(() => meanRowLosses(new Float32Array(7), { rows: 2, examples: 4 })).toThrow(expect.objectContaining({ code: 'engine.batch-invalid', field: 'losses' }));
  expect(() => meanRowLosses(new Float32Array(0), { rows: 2, examples: 0 })).toThrow(expect.objectContaining({ code: 'engine.batch-invalid' }));
});
