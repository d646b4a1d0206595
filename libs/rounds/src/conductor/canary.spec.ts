import { pileOf } from '../pile.js';
import { countAttempt, judgeCanary, newCanary, type Canary, type CanaryPlan } from './canary.js';
import { type ConductorEffect } from './conductor-effect.js';
import { policy, Run, typesOf } from './told-conductor.fixture.js';

const plan: CanaryPlan = { rounds: 2, devices: 2, departuresMax: 0.25, onFailure: 'pause' };
const aCanary = (changes: Partial<Canary> = {}): Canary => ({ ...newCanary(plan), devices: ['a', 'b'], ...changes });

describe('a canary', () => {
  test.each<[string, Partial<Canary>, number, boolean | string | null]>([
    ['goes on before its last round', { asked: 2, before: 1 }, 1, null],
    ['passes where the loss fell', { asked: 4, before: 1, after: { round: 2, loss: 0.9 } }, 2, true],
    ['passes where the loss stayed', { asked: 4, before: 1, after: { round: 2, loss: 1 } }, 2, true],
    ['fails where the loss rose', { asked: 4, before: 1, after: { round: 2, loss: 1.01 } }, 2, 'canary: the loss rose from 1.000 to 1.010'],
    ['fails where nobody evaluated', { asked: 4, before: 1, after: null }, 2, 'canary: no device evaluated the loss'],
    ['fails where the newest loss is of an earlier round', { asked: 4, before: 1, after: { round: 1, loss: 0.5 } }, 2, 'canary: no device evaluated the loss'],
    ['bears as many departures as it allows', { asked: 4, departed: 1, before: 1, after: { round: 2, loss: 0.9 } }, 2, true],
    ['fails at once by more than all its rounds may have', { asked: 2, departed: 2, before: 1 }, 0, 'canary: 2 of 2 asked devices left or stayed silent'],
    ['waits where the rest may still make up for it', { asked: 2, departed: 1, before: 1 }, 1, null],
  ])('%s', (_, changes, round, expected) => {
    const judgement = judgeCanary(aCanary(changes), { round });
    expect(judgement === null ? null : judgement.passed || judgement.cause).toBe(expected);
  });

  test('counts those that left or stayed silent, not those that declined', () => {
    const seat = (device: string, standing: 'asked' | 'gone' | 'out') => ({ device, group: 0, standing });
    const report = { device: 'a', group: 0, examples: 1, differences: new Float32Array() };
    const attempt = { seats: [seat('a', 'asked'), seat('b', 'asked'), seat('c', 'gone'), seat('d', 'out')], reports: pileOf([report]) };
    expect(countAttempt(aCanary(), { ...attempt, inTime: false })).toMatchObject({ asked: 4, departed: 2 });
    expect(countAttempt(aCanary(), { ...attempt, inTime: true })).toMatchObject({ asked: 4, departed: 1 });
  });
});

describe('a run with a canary', () => {
  const devices = ['a', 'b', 'c', 'd', 'e'];

  function begun(changes: Partial<CanaryPlan> = {}): { run: Run; effects: ConductorEffect[] } {
    const run = new Run({ policy: { ...policy, roundsMax: 6 }, canary: newCanary({ ...plan, ...changes }) });
    const effects = [...run.tell({ type: 'start' }), ...devices.flatMap((device) => run.tell({ type: 'arrival', device, round: 0, stateMatches: true, trainExamples: 10, heldOutExamples: 20 }))];
    run.nowMs += 60_000;
    return { run, effects: [...effects, ...run.tell({ type: 'timer', name: 'retry', round: 0, attempt: 0 })] };
  }

  const evaluatorsOf = (effects: ConductorEffect[]) => effects.flatMap((effect) => (effect.type === 'start-evaluation' ? effect.devices : []));
  const cohortOf = (effects: ConductorEffect[]) => effects.flatMap((effect) => (effect.type === 'open-round' ? effect.cohort.map(({ device }) => device) : []));
  const evaluate = (run: Run, loss: number, of: readonly string[]) => of.flatMap((device) => run.tell({ type: 'evaluation-report', device, round: run.state.round, lossSum: loss * 20, correct: 0, count: 20 }));
  const commit = (run: Run, of: readonly string[]) => [...of.flatMap((device) => run.report(device)), ...run.tell({ type: 'committed', round: run.state.round })];
  const saved = (effects: ConductorEffect[]) => effects.flatMap((effect) => (effect.type === 'save-canary' ? [effect.canary] : [])).at(-1);

  function trial(loss: number, changes: Partial<CanaryPlan> = {}) {
    const { run, effects } = begun(changes);
    const few = evaluatorsOf(effects);
    expect(few).toHaveLength(2);
    const first = evaluate(run, 1, few);
    expect(cohortOf(first).sort()).toEqual([...few].sort());
    commit(run, few);
    const second = commit(run, few);
    expect(evaluatorsOf(second).sort()).toEqual([...few].sort());
    return { run, few, effects: evaluate(run, loss, few) };
  }

  test('asks its few devices alone, and the whole fleet once the loss did not rise', () => {
    const { effects } = trial(0.9);
    expect(saved(effects)).toMatchObject({ stage: 'passed', asked: 4, departed: 0, before: 1, after: { round: 2, loss: 0.9 } });
    expect(cohortOf(effects)).toHaveLength(3);
  });

  test('pauses with the cause where the loss rose, and goes on only by an operator', () => {
    const { run, effects } = trial(1.5);
    expect(effects.at(-1)).toEqual({ type: 'paused', round: 2, cause: 'canary: the loss rose from 1.000 to 1.500' });
    const resumed = run.tell({ type: 'resume' });
    expect(saved(resumed)).toMatchObject({ stage: 'overruled', cause: 'canary: the loss rose from 1.000 to 1.500' });
    expect(cohortOf(resumed)).toHaveLength(3);
  });

  test('ends as failed where it is said so', () => {
    expect(trial(1.5, { onFailure: 'fail' }).effects.slice(-2)).toMatchObject([{ type: 'save-canary' }, { type: 'end', state: 'failed', cause: 'canary: the loss rose from 1.000 to 1.500' }]);
  });

  test('puts another device in place of one that left, and the one that left counts against it', () => {
    const { run, effects } = begun({ departuresMax: 0.5 });
    const few = evaluatorsOf(effects);
    evaluate(run, 1, few);
    const [gone = '', stayed = ''] = few;
    run.tell({ type: 'departure', device: gone });
    run.nowMs += 60_000;
    const again = run.tell({ type: 'timer', name: 'retry', round: 0, attempt: 1 });
    expect(saved(again)).toMatchObject({ asked: 2, departed: 1 });
    expect(cohortOf(again)).toContain(stayed);
    expect(cohortOf(again)).not.toContain(gone);
    expect(cohortOf(again)).toHaveLength(2);
  });

  test('of fewer devices than a round wants opens with those few', () => {
    const run = new Run({ policy, canary: newCanary({ ...plan, devices: 1 }), evaluatedRound: 0 });
    run.tell({ type: 'start' });
    expect(cohortOf(run.arrive('a'))).toEqual(['a']);
  });

  test('chooses among the devices of a group', () => {
    expect(evaluatorsOf(begun({ among: ['b', 'd'] }).effects).sort()).toEqual(['b', 'd']);
  });

  test('goes on where it was after a restart', () => {
    const { run, few } = trial(1.5);
    const restarted = new Run({ policy: { ...policy, roundsMax: 6 }, canary: run.state.canary, round: 2, evaluatedRound: 2 });
    expect(typesOf(restarted.tell({ type: 'pause' }))).toEqual(['paused']);
    expect(restarted.state.canary).toMatchObject({ stage: 'failed', devices: [...few].sort() });
  });
});
