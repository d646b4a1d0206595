import { type ConductorEffect } from './conductor-effect.js';
import { Run } from './told-conductor.fixture.js';

describe('sums by class', () => {
  const sums = (changes: object = {}) => ({ lossSum: 4, correct: 3, count: 5, perClass: { actual: [2, 3], predicted: [3, 2], correct: [2, 1] }, ...changes });

  function evaluating(): Run {
    const run = new Run();
    run.tell({ type: 'start' });
    for (const device of ['a', 'b', 'c']) run.tell({ type: 'arrival', device, round: 0, stateMatches: true, trainExamples: 10, heldOutExamples: 5 });
    return run;
  }
  const answer = (run: Run, device: string, changes: object = {}) => run.tell({ type: 'evaluation-report', device, round: 0, ...sums(changes) });
  const saved = (effects: ConductorEffect[]) => effects.find((effect) => effect.type === 'save-evaluation');

  test('of all devices are added up, whatever the order', () => {
    const [one, other] = [['a', 'b', 'c'], ['c', 'a', 'b']].map((order) => {
      const run = evaluating();
      return saved(order.flatMap((device) => answer(run, device)));
    });
    expect(one).toMatchObject({ lossSum: 12, correct: 9, count: 15, perClass: { actual: [6, 9], predicted: [9, 6], correct: [6, 3] } });
    expect(other).toEqual(one);
  });

  test.each([['a device that sent none', { perClass: undefined }], ['a device of other classes', { perClass: { actual: [2, 3, 0], predicted: [3, 2, 0], correct: [2, 1, 0] } }]])('are left out if there is %s', (_, changes) => {
    const run = evaluating();
    const effects = [...answer(run, 'a'), ...answer(run, 'b', changes), ...answer(run, 'c')];
    expect(saved(effects)).toEqual({ type: 'save-evaluation', round: 0, devices: 3, lossSum: 12, correct: 9, count: 15 });
  });

  test.each([
    ['too many examples', { actual: [2, 4], predicted: [3, 2], correct: [2, 1] }], ['too few right', { actual: [2, 3], predicted: [3, 2], correct: [1, 1] }],
    ['more right than said', { actual: [2, 3], predicted: [0, 5], correct: [2, 1] }], ['a part', { actual: [2, 3], predicted: [2.5, 2.5], correct: [2, 1] }], ['classes missing', { actual: [2, 3], predicted: [5], correct: [2, 1] }],
  ])('with %s are refused', (_, perClass) => {
    expect(answer(evaluating(), 'a', { perClass })[0]).toMatchObject({ type: 'refuse-evaluation', code: 'report.examples', field: 'perClass' });
  });
});
