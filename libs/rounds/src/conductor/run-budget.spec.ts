import { spentOf } from './run-budget.js';
import { policy, Run } from './told-conductor.fixture.js';

const hourMs = 3_600_000;
const ends = (effects: ReturnType<Run['tell']>) => effects.filter(({ type }) => type === 'end');

function aRun(budget: { scalars?: number; hours?: number }, recorded: object = {}): Run {
  const run = new Run({ policy: { ...policy, roundsMax: 100, stop: { budget } }, evaluatedRound: 0, ...recorded });
  run.tell({ type: 'start' });
  run.arrive('a', 'b', 'c');
  return run;
}

/** All three report two differences each. */
const round = (run: Run) => [...['a', 'b', 'c'].flatMap((device) => run.report(device)), ...run.tell({ type: 'committed', round: run.state.round })];

test('a run ends before the round that could spend more differences than its budget', () => {
  const run = aRun({ scalars: 13 });
  expect(ends(round(run))).toEqual([]);
  expect(ends(round(run))).toEqual([{ type: 'end', state: 'completed', cause: 'budget-spent' }]);
  expect(run.state.scalars).toBe(12);
});

test('reports of an abandoned attempt are spent, too', () => {
  const run = aRun({ scalars: 9 });
  run.report('a');
  run.tell({ type: 'timer', name: 'deadline', round: 0, attempt: 0 });
  run.nowMs += 60_000;
  expect(ends(run.tell({ type: 'timer', name: 'retry', round: 0, attempt: 1 }))).toEqual([]);
  expect(ends(round(run))).toEqual([{ type: 'end', state: 'completed', cause: 'budget-spent' }]);
});

test('what was spent before a restart counts', () => {
  const run = new Run({ policy: { ...policy, stop: { budget: { scalars: 13 } } }, scalars: 8 });
  expect(ends(run.tell({ type: 'start' }))).toEqual([{ type: 'end', state: 'completed', cause: 'budget-spent' }]);
});

test('hours count from the first start, and end the run before its next attempt', () => {
  const run = aRun({ hours: 1 }, { startedAtMs: 1_000_000 });
  expect(ends(round(run))).toEqual([]);
  run.nowMs += hourMs;
  expect(ends(round(run))).toEqual([{ type: 'end', state: 'completed', cause: 'budget-spent' }]);
});

test('the larger share counts', () => {
  expect(spentOf({ scalars: 100, hours: 2 }, { scalars: 10, hours: 1 })).toBe(0.5);
  expect(spentOf({ scalars: 100 }, { scalars: 10, hours: 1 })).toBe(0.1);
  expect(spentOf({}, { scalars: 10, hours: 1 })).toBe(0);
});
