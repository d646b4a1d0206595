import { learningRateAt } from './learning-rate.js';

const rate = (schedule: 'constant' | 'linear' | 'cosine', round: number) => learningRateAt({ stepRule: { learningRate: 0.2, schedule }, round, roundsMax: 40 });

test('a constant schedule is its rate', () => expect([rate('constant', 0), rate('constant', 39)]).toEqual([0.2, 0.2]));

test('a linear schedule falls evenly and never reaches zero in a run', () => {
  expect(rate('linear', 0)).toBe(0.2);
  expect(rate('linear', 20)).toBeCloseTo(0.1, 15);
  expect(rate('linear', 39)).toBeCloseTo(0.005, 15);
});

test('a cosine schedule is half a cosine', () => {
  for (let round = 0; round < 40; round++) expect(rate('cosine', round)).toBeCloseTo(0.1 * (1 + Math.cos(Math.PI * round / 40)), 15);
});
