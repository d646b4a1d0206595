import { type ConductorEffect } from './conductor-effect.js';
import { judgeProgress, noProgress, type StopConditions } from './stop-conditions.js';
import { policy, Run, typesOf } from './told-conductor.fixture.js';

/** How the run ends, and after which evaluation. */
function endOf(conditions: StopConditions, losses: number[], accuracy = 0.5): string | null {
  let progress = noProgress;
  for (const [index, loss] of losses.entries()) {
    const judged = judgeProgress(progress, { loss, accuracy }, conditions);
    if (judged.verdict !== null) return `${judged.verdict.state} by ${judged.verdict.cause} at ${index}`;
    progress = judged.progress;
  }
  return null;
}

test.each<[string, StopConditions, number[], string | null]>([
  ['no condition', {}, [9, 99, 999], null],
  ['a loss that is reached', { targetLoss: 0.5 }, [1, 0.6, 0.5, 0.4], 'completed by target-reached at 2'],
  ['an accuracy that is reached', { targetAccuracy: 0.5 }, [1], 'completed by target-reached at 0'],
  ['an accuracy that is not', { targetAccuracy: 0.6 }, [1, 1], null],
  ['a loss that stands still', { plateau: { evaluations: 2, improvement: 0.01 } }, [1, 0.9, 0.895, 0.893], 'completed by plateau at 3'],
  ['small steps that add up', { plateau: { evaluations: 2, improvement: 0.01 } }, [1, 0.994, 0.988, 0.982, 0.976], null],
  ['a better one after a worse one', { plateau: { evaluations: 2, improvement: 0 } }, [1, 1.1, 0.9, 1, 0.8], null],
  ['a loss that runs away', { divergence: 1.5 }, [1, 1.5, 1.6], 'failed by diverged at 2'],
  ['a target and a plateau at once', { targetLoss: 0.9, plateau: { evaluations: 1, improvement: 0.5 } }, [1, 0.9], 'completed by target-reached at 1'],
])('with %s', (_, conditions, losses, expected) => {
  expect(endOf(conditions, losses)).toBe(expected);
});

const stop = { targetLoss: 0.5 };
const arrive = (run: Run) => ['a', 'b', 'c'].flatMap((device) => run.tell({ type: 'arrival', device, round: run.state.round, stateMatches: true, trainExamples: 10, heldOutExamples: 5 }));
const evaluate = (run: Run, loss: number): ConductorEffect[] => ['a', 'b', 'c'].flatMap((device) => run.tell({ type: 'evaluation-report', device, round: run.state.round, lossSum: 5 * loss, correct: 2, count: 5 }));

test('a run that reached its target is ended, once the evaluation is saved', () => {
  const run = new Run({ policy: { ...policy, stop } });
  run.tell({ type: 'start' });
  arrive(run);
  expect(evaluate(run, 0.4).filter(({ type }) => type === 'save-evaluation' || type === 'end')).toEqual([
    expect.objectContaining({ type: 'save-evaluation' }), { type: 'end', state: 'completed', cause: 'target-reached' },
  ]);
});

test('one that did not goes on', () => {
  const run = new Run({ policy: { ...policy, stop } });
  run.tell({ type: 'start' });
  arrive(run);
  expect(typesOf(evaluate(run, 0.6))).toContain('open-round');
});

test.each([['reached', 0.4, true], ['not reached', 0.6, false]])('a process that takes over a run whose target is %s by what was saved knows it', (_, loss, ends) => {
  const run = new Run({ policy: { ...policy, stop }, evaluatedRound: 0, evaluations: [{ loss: 1, accuracy: 0 }, { loss, accuracy: 0 }] });
  expect(typesOf(run.tell({ type: 'start' })).includes('end')).toBe(ends);
});
