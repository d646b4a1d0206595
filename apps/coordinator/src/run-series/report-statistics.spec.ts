import { quantileOf, statisticsOf } from './report-statistics.js';

const report = (group: number, ...differences: number[]) => ({ group, differences: Float32Array.from(differences) });

test('three devices along two directions: means 2 and 0, standard errors 1 and 1/sqrt(3) by hand', () => {
  // Direction 0: 0, 2, 4: mean 2, variance 4, standard error 2/sqrt(3). Direction 1: -1, 0, 1: mean 0, variance 1, standard error 1/sqrt(3).
  const { signalToNoise, signAgreement, differenceP10, differenceP50, differenceP90 } = statisticsOf([report(0, 0, -1), report(0, 2, 0), report(0, 4, 1)]);
  expect(signalToNoise).toBeCloseTo(1 / ((2 + 1) / Math.sqrt(3) / 2), 12);
  // Two of three are positive along the first, one of three along the second.
  expect(signAgreement).toBeCloseTo(2 / 3, 12);
  expect([differenceP10, differenceP50, differenceP90]).toEqual([0, 1, 4]);
});

test('devices of different groups looked elsewhere and are not compared', () => {
  expect(statisticsOf([report(0, 1, 2), report(1, -1, -2)])).toMatchObject({ signalToNoise: null, signAgreement: null, differenceP50: 1 });
  expect(statisticsOf([report(0, 1), report(0, 1.5), report(1, -4), report(1, -5)]).signAgreement).toBe(1);
});

test('devices that all say the same have no noise to compare with', () => {
  expect(statisticsOf([report(0, 0.5), report(0, 0.5)])).toMatchObject({ signalToNoise: null, signAgreement: 1 });
});

test('an attempt without reports has no statistics', () => {
  expect(Object.values(statisticsOf([]))).toEqual([null, null, null, null, null]);
});

test.each([[0.1, 1], [0.5, 5], [0.9, 9], [1, 10], [0.01, 1]])('the quantile %p of 1 to 10 by nearest rank is %p', (share, value) => {
  expect(quantileOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], share)).toBe(value);
});
