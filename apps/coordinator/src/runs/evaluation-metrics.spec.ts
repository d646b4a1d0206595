import { macroF1, metricsOf } from './evaluation-metrics.js';

const row = { round: 4, lossSum: 20, correct: 5, count: 10, devices: 2, at: new Date(0), perClass: null };

test.each([
  // y_true = [0,1,2,0,1,2], y_pred = [0,2,1,0,0,1]: the example of scikit-learn's f1_score, which gives 0.26666...
  ['the example of scikit-learn', { actual: [2, 2, 2], predicted: [3, 2, 1], correct: [2, 0, 0] }, 0.26666666666666666],
  ['everything right', { actual: [3, 1], predicted: [3, 1], correct: [3, 1] }, 1],
  ['one class only', { actual: [4, 0], predicted: [4, 0], correct: [4, 0] }, 1],
  ['a class that is said and never there', { actual: [4, 0], predicted: [3, 1], correct: [3, 0] }, (2 * 3 / 7) / 2],
  ['nothing at all', { actual: [0, 0], predicted: [0, 0], correct: [0, 0] }, null],
])('macro F1 of %s', (_, sums, expected) => {
  if (expected === null) expect(macroF1(sums)).toBeNull();
  else expect(macroF1(sums)).toBeCloseTo(expected, 12);
});

test('a language model has a perplexity, other tasks have none', () => {
  expect(metricsOf(row, { isLanguage: true })).toEqual({ round: 4, loss: 2, accuracy: 0.5, macroF1: null, perplexity: expect.closeTo(7.38905609893065, 12), count: 10 });
  expect(metricsOf(row, { isLanguage: false }).perplexity).toBeNull();
  expect(metricsOf({ ...row, lossSum: 1e9 }, { isLanguage: true }).perplexity).toBeNull();
});
