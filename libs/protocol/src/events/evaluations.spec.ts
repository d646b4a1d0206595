import { parseMessage } from './parse-message.js';

const report = { run: 1, round: 5, lossSum: 40, correct: 6, count: 10 };
const perClass = { actual: [4, 6, 0], predicted: [5, 4, 1], correct: [3, 3, 0] };

test('an evaluation may come without sums by class, as a device of an older version sends it', () => expect(parseMessage('evaluation:report', report)).toEqual(report));

test('sums by class that add up pass', () => expect(parseMessage('evaluation:report', { ...report, perClass })).toEqual({ ...report, perClass }));

test.each([
  ['more examples than there are', { ...perClass, actual: [5, 6, 0] }],
  ['fewer answers than examples', { ...perClass, predicted: [5, 4, 0] }],
  ['other right answers than those of the whole', { ...perClass, correct: [3, 2, 0] }],
  ['a class that is right more often than it is there', { actual: [2, 8, 0], predicted: [5, 4, 1], correct: [3, 3, 0] }],
  ['a class that is right more often than it is said', { actual: [4, 6, 0], predicted: [2, 8, 0], correct: [3, 3, 0] }],
  ['lists of different lengths', { ...perClass, predicted: [6, 4] }],
])('sums by class with %s are refused', (_, sums) => {
  expect(() => parseMessage('evaluation:report', { ...report, perClass: sums })).toThrow(expect.objectContaining({ code: 'message.invalid', field: 'perClass' }));
});
