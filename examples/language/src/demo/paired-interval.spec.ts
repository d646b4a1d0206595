import { pairedInterval } from './paired-interval.js';

// Student (1908), "The probable error of a mean": hours of sleep that two drugs gave to the same ten patients. R: t.test(paired = TRUE).
test('the sleep of ten patients', () => {
  const before = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
  const after = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
  const { mean, low, high } = pairedInterval({ before, after });
  expect(mean).toBeCloseTo(1.58, 10);
  expect(low).toBeCloseTo(0.7001142, 2);
  expect(high).toBeCloseTo(2.4598858, 2);
});

test('pairs that all differ by the same have an interval of no width', () => {
  const before = Array.from({ length: 12 }, (_, i) => i);
  expect(pairedInterval({ before, after: before.map((value) => value - 1) })).toEqual({ mean: -1, low: -1, high: -1, count: 12 });
});

test('ten pairs at least', () => {
  expect(() => pairedInterval({ before: [1, 2], after: [1, 2] })).toThrow('no ten pairs');
});
