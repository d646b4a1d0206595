import { type ConductorEffect } from './conductor-effect.js';
import { policy, Run, typesOf } from './told-conductor.fixture.js';

const cohortOf = (effects: ConductorEffect[]) => effects.flatMap((effect) => (effect.type === 'open-round' ? effect.cohort.map(({ device }) => device) : []));

test('a device that is set aside reports the open round and is not asked for the next, until it is taken back', () => {
  const run = new Run({ policy: { ...policy, roundsMax: 9 }, evaluatedRound: 0 });
  run.tell({ type: 'start' });
  run.arrive('a', 'b', 'c');
  run.tell({ type: 'set-aside', devices: ['b'] });
  expect(typesOf(run.report('b'))).toEqual(['save-report', 'answer-report']);
  run.report('a');
  run.report('c');
  expect(cohortOf(run.tell({ type: 'committed', round: 0 }))).toEqual(['a', 'c']);
  run.tell({ type: 'set-aside', devices: [] });
  run.report('a');
  run.report('c');
  expect(cohortOf(run.tell({ type: 'committed', round: 1 }))).toEqual(['a', 'b', 'c']);
});

test('a wait ends when devices are taken back', () => {
  const run = new Run({ policy, evaluatedRound: 0, aside: ['a', 'b'] });
  run.tell({ type: 'start' });
  expect(cohortOf(run.arrive('a', 'b', 'c'))).toEqual([]);
  expect(cohortOf(run.tell({ type: 'set-aside', devices: [] }))).toEqual(['a', 'b', 'c']);
});

describe('an evaluation', () => {
  const arrive = (run: Run, device: string, heldOutExamples: number) => run.tell({ type: 'arrival', device, round: 0, stateMatches: true, trainExamples: 5, heldOutExamples });
  const asked = (effects: ConductorEffect[]) => effects.flatMap((effect) => (effect.type === 'start-evaluation' ? effect.devices : []));

  test('asks nobody who stands aside, nor who has fewer examples than the run asks for', () => {
    const run = new Run({ policy: { ...policy, heldOutMin: 10 }, aside: ['a'] });
    run.tell({ type: 'start' });
    const effects = [...arrive(run, 'a', 50), ...arrive(run, 'b', 9), ...arrive(run, 'c', 10), ...arrive(run, 'd', 12), ...run.tell({ type: 'timer', name: 'retry', round: 0, attempt: 0 })];
    expect(asked(effects).sort()).toEqual(['c', 'd']);
    expect(run.tell({ type: 'evaluation-report', device: 'c', round: 0, lossSum: 1, correct: 1, count: 9 })[0]).toMatchObject({ type: 'refuse-evaluation', code: 'report.examples', field: 'count' });
    expect(typesOf(run.tell({ type: 'evaluation-report', device: 'c', round: 0, lossSum: 1, correct: 1, count: 10 }))).toEqual(['answer-evaluation']);
  });
});
