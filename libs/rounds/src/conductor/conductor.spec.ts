import { emptyPile } from '../pile.js';
import { type ConductorEffect } from './conductor-effect.js';
import { type RecordedRun } from './conductor.js';
import { type ConductorInput } from './conductor-input.js';
import { policy, Run, typesOf } from './told-conductor.fixture.js';

const refusalOf = (effects: ConductorEffect[]) => effects.map((effect) => (effect.type === 'refuse-report' ? effect.code : effect.type))[0];

function openRun(recorded: Partial<RecordedRun> = {}): Run {
  const run = new Run(recorded);
  run.tell({ type: 'start' });
  run.arrive('a', 'b', 'c');
  return run;
}

describe('a round', () => {
  test('is saved before anyone hears of it, and opens at once for a whole cohort', () => {
    const run = new Run();
    expect(typesOf(run.tell({ type: 'start' }))).toEqual(['set-timer']);
    expect(run.arrive('a', 'b')).toEqual([]);
    expect(typesOf(run.arrive('c'))).toEqual(['open-round', 'set-timer', 'send-start', 'send-start', 'send-start']);
  });

  test('opens with fewer devices when the wait is over, if they are enough for a commit', () => {
    const run = new Run();
    run.tell({ type: 'start' });
    run.arrive('a', 'b');
    expect(typesOf(run.tell({ type: 'timer', name: 'retry', round: 0, attempt: 0 }))).toEqual(['open-round', 'set-timer', 'send-start', 'send-start']);
  });

  test('never asks a device without training data, behind the head, or with another state', () => {
    const run = new Run({ policy: { ...policy, reportsMin: 1, cohort: 1 } });
    run.tell({ type: 'start' });
    const arrival = { type: 'arrival', device: 'a', round: 0, stateMatches: true, trainExamples: 10, heldOutExamples: 0 } as const;
    expect(run.tell({ ...arrival, trainExamples: 0 }, { ...arrival, device: 'b', stateMatches: false }, { ...arrival, device: 'c', round: 1 })).toEqual([]);
  });

  test('asks more devices than it wants reports, spread evenly over the groups', () => {
    const run = new Run({ policy: { ...policy, cohort: 4, overSelection: 1.5 }, groups: 2 });
    run.arrive('a', 'b', 'c', 'd', 'e', 'f', 'g');
    const [opened] = run.tell({ type: 'start' });
    const groups = opened?.type === 'open-round' ? opened.cohort.map(({ group }) => group) : [];
    expect(groups.sort()).toEqual([0, 0, 0, 1, 1, 1]);
  });

  test('saves a report before it answers it, and commits with the last one of the cohort', () => {
    const run = openRun();
    expect(typesOf(run.report('a'))).toEqual(['save-report', 'answer-report']);
    run.report('b', { examples: 12, differences: Float32Array.of(5, 6) });
    const effects = run.report('c', { examples: 4, differences: Float32Array.of(1, 2) });
    expect(typesOf(effects)).toEqual(['save-report', 'answer-report', 'commit']);
    // (4*1 + 12*5 + 4*1) / 20 and (4*2 + 12*6 + 4*2) / 20
    expect(effects[2]).toEqual({ type: 'commit', round: 0, attempt: 0, groups: [0], differences: Float64Array.of(3.4, 4.4), reports: 3, examples: 20 });
  });

  test('broadcasts a commit only once it is durable, and then opens the next round', () => {
    const run = openRun();
    ['a', 'b', 'c'].forEach((device) => run.report(device));
    expect(typesOf(run.tell({ type: 'committed', round: 0 }))).toEqual(['broadcast-commit', 'open-round', 'set-timer', 'send-start', 'send-start', 'send-start']);
  });

  test('commits at the deadline with enough reports', () => {
    const run = openRun();
    run.report('a');
    run.report('b');
    expect(typesOf(run.tell({ type: 'timer', name: 'deadline', round: 0, attempt: 0 }))).toEqual(['commit']);
  });

  test('is abandoned at the deadline with too few, and the next attempt waits a breath', () => {
    const run = openRun();
    run.report('a');
    expect(run.tell({ type: 'timer', name: 'deadline', round: 0, attempt: 0 })).toEqual([
      { type: 'abandon-round', round: 0, attempt: 0, cause: 'too-few-reports' },
      { type: 'set-timer', name: 'retry', round: 0, attempt: 1, atMs: 1_001_000 },
    ]);
    expect(typesOf(run.tell({ type: 'timer', name: 'retry', round: 0, attempt: 1 }))[0]).toBe('open-round');
  });

  test('is abandoned at once when too few devices can still report', () => {
    const run = openRun();
    expect(run.tell({ type: 'departure', device: 'a' })).toEqual([]);
    const effects = run.tell({ type: 'decline', device: 'b', round: 0, attempt: 0, reason: 'power' });
    expect(effects[0]).toEqual({ type: 'abandon-round', round: 0, attempt: 0, cause: 'too-few-devices' });
  });

  test('commits when everyone who is still there has reported', () => {
    const run = openRun();
    run.report('a');
    run.report('b');
    expect(typesOf(run.tell({ type: 'departure', device: 'c' }))).toEqual(['commit']);
  });

  test('asks a device again that departed and came back', () => {
    const run = openRun();
    run.tell({ type: 'departure', device: 'a' });
    run.nowMs += 4_000;
    expect(run.arrive('a')).toEqual([{ type: 'send-start', device: 'a', round: 0, attempt: 0, group: 0, deadlineMs: 6_000 }]);
  });

  test('ends the run when too many attempts in a row were abandoned', () => {
    const run = openRun({ attempt: 1 });
    expect(run.tell({ type: 'timer', name: 'deadline', round: 0, attempt: 1 })).toEqual([
      { type: 'abandon-round', round: 0, attempt: 1, cause: 'too-few-reports' },
      { type: 'end', state: 'failed', cause: 'round.too-few-reports' },
    ]);
  });
});

describe('a report', () => {
  test.each([
    ['of too few differences', { differences: Float32Array.of(1) }, 'report.length'],
    ['with a NaN', { differences: Float32Array.of(1, NaN) }, 'report.not-finite'],
    ['with an infinity', { differences: Float32Array.of(-Infinity, 1) }, 'report.not-finite'],
    ['on no examples', { examples: 0 }, 'report.examples'],
    ['at another state', { stateMatches: false }, 'report.stale-state'],
    ['of a round to come', { round: 1 }, 'round.unknown'],
    ['of another attempt', { attempt: 1 }, 'round.wrong-attempt'],
  ])('%s is refused and saved nowhere', (_, changes, code) => {
    const run = openRun();
    expect(refusalOf(run.report('a', changes))).toBe(code);
    expect(run.state.phase).toMatchObject({ reports: emptyPile });
  });

  test('at the state of the head shows that its device is there, whatever it was taken for and whatever becomes of the report', () => {
    const run = openRun();
    // The decline was overtaken by the arrival that followed it.
    run.tell({ type: 'decline', device: 'a', round: 0, attempt: 0, reason: 'state-mismatch' }, { type: 'decline', device: 'b', round: 0, attempt: 0, reason: 'busy' });
    expect(run.state).toMatchObject({ attempt: 1, members: [{ device: 'a', round: -1 }, {}, {}] });
    expect(refusalOf(run.report('a', { attempt: 0 }))).toBe('round.closed');
    expect(run.state.members[0]).toMatchObject({ device: 'a', round: 0 });
  });

  test('of a device that was not asked is refused', () => {
    expect(refusalOf(openRun().report('z'))).toBe('report.not-in-cohort');
  });

  test('that comes again is answered as the first was, even after its round is committed', () => {
    const run = openRun();
    run.report('a');
    expect(run.report('a')).toEqual([{ type: 'answer-report', device: 'a', round: 0, attempt: 0, duplicate: true }]);
    run.report('b');
    run.report('c');
    run.tell({ type: 'committed', round: 0 });
    expect(run.report('a', { round: 0 })).toEqual([{ type: 'answer-report', device: 'a', round: 0, attempt: 0, duplicate: true }]);
    expect(refusalOf(run.report('z', { round: 0 }))).toBe('round.closed');
  });

  test('that comes again with other content is refused', () => {
    const run = openRun();
    run.report('a');
    expect(refusalOf(run.report('a', { differences: Float32Array.of(9, 9) }))).toBe('report.duplicate-differs');
  });

  test('at another state makes the device wait for its next arrival', () => {
    const run = openRun();
    run.report('a', { stateMatches: false });
    expect(typesOf(run.arrive('a'))).toEqual(['send-start']);
  });
});

describe('an operator', () => {
  test('who pauses waits for the open round; resuming opens the next', () => {
    const run = openRun();
    expect(run.tell({ type: 'pause' })).toEqual([]);
    ['a', 'b', 'c'].forEach((device) => run.report(device));
    expect(typesOf(run.tell({ type: 'committed', round: 0 }))).toEqual(['broadcast-commit', 'paused']);
    expect(typesOf(run.tell({ type: 'resume' }))[0]).toBe('open-round');
  });

  test('who stops abandons the open round at once', () => {
    expect(openRun().tell({ type: 'stop', cause: 'operator' })).toEqual([
      { type: 'abandon-round', round: 0, attempt: 0, cause: 'run-stopped' }, { type: 'end', state: 'cancelled', cause: 'operator' },
    ]);
  });

  test('who stops while a commit is saved still has it broadcast', () => {
    const run = openRun();
    ['a', 'b', 'c'].forEach((device) => run.report(device));
    expect(run.tell({ type: 'stop', cause: 'operator' })).toEqual([]);
    expect(typesOf(run.tell({ type: 'committed', round: 0 }))).toEqual(['broadcast-commit', 'end']);
  });

  test.each(['idle', 'waiting', 'collecting', 'committing', 'paused'])('can pause, resume and stop a run that is %s', (phase) => {
    const reach = { idle: [], waiting: ['start'], collecting: ['start', 'arrive'], committing: ['start', 'arrive', 'report'], paused: ['start', 'pause'] }[phase] ?? [];
    const run = new Run();
    for (const move of reach) {
      if (move === 'arrive') run.arrive('a', 'b', 'c');
      else if (move === 'report') ['a', 'b', 'c'].forEach((device) => run.report(device));
      else run.tell({ type: move as 'start' | 'pause' });
    }
    expect(run.state.phase.type).toBe(phase);
    run.tell({ type: 'pause' }, { type: 'resume' }, { type: 'stop', cause: 'operator' });
    if (phase === 'committing') run.tell({ type: 'committed', round: 0 });
    expect(run.state.phase).toEqual({ type: 'ended', state: 'cancelled', cause: 'operator' });
  });
});

describe('after a restart', () => {
  const cohort = ['a', 'b', 'c'].map((device) => ({ device, group: 0 }));
  const recorded = (device: string) => ({ device, group: 0, examples: 4, differences: Float32Array.of(1, 2) });

  test('the open round goes on: recorded reports count, the others are asked as they arrive', () => {
    const run = new Run({ round: 1, attempt: 1, evaluatedRound: 0, open: { round: 1, attempt: 1, cohort, reports: [recorded('b')] } });
    expect(typesOf(run.tell({ type: 'start' }))).toEqual(['set-timer']);
    expect(run.arrive('b')).toEqual([]);
    expect(run.arrive('a')).toEqual([{ type: 'send-start', device: 'a', round: 1, attempt: 1, group: 0, deadlineMs: 10_000 }]);
    run.report('a');
    expect(run.report('c').at(-1)).toMatchObject({ type: 'commit', round: 1, attempt: 1, reports: 3 });
  });

  test('a round whose reports were all recorded commits without waiting', () => {
    const run = new Run({ open: { round: 0, attempt: 0, cohort, reports: ['a', 'b', 'c'].map(recorded) } });
    expect(typesOf(run.tell({ type: 'start' }))).toEqual(['set-timer', 'commit']);
  });
});

describe('an evaluation', () => {
  const arrival = (device: string, heldOutExamples: number): ConductorInput => ({ type: 'arrival', device, round: 0, stateMatches: true, trainExamples: 5, heldOutExamples });

  test('comes before round 0, asks only devices with held-out data, and sums what they answer', () => {
    const run = new Run();
    run.tell({ type: 'start' });
    const effects = run.tell(arrival('a', 4), arrival('b', 0), arrival('c', 6));
    expect(effects.at(-1)).toEqual({ type: 'start-evaluation', round: 0, devices: ['a', 'c'], deadlineMs: 10_000 });
    run.tell({ type: 'evaluation-report', device: 'c', round: 0, lossSum: 3, correct: 2, count: 6 });
    const done = run.tell({ type: 'evaluation-report', device: 'a', round: 0, lossSum: 2, correct: 4, count: 4 });
    expect(typesOf(done).slice(0, 3)).toEqual(['answer-evaluation', 'save-evaluation', 'open-round']);
    expect(done[1]).toEqual({ type: 'save-evaluation', round: 0, devices: 2, lossSum: 5, correct: 6, count: 10 });
  });

  test('holds the run no longer than its deadline', () => {
    const run = new Run();
    run.tell({ type: 'start' }, arrival('a', 4), arrival('b', 1), arrival('c', 1));
    expect(typesOf(run.tell({ type: 'timer', name: 'evaluation-deadline', round: 0, attempt: 0 }))[0]).toBe('open-round');
  });

  test('comes once more at the end, and then the run is completed', () => {
    const run = new Run({ round: 2, evaluatedRound: 0 });
    run.tell({ type: 'arrival', device: 'a', round: 2, stateMatches: true, trainExamples: 5, heldOutExamples: 4 });
    expect(typesOf(run.tell({ type: 'start' }))).toEqual(['set-timer', 'start-evaluation']);
    expect(typesOf(run.tell({ type: 'evaluation-report', device: 'a', round: 2, lossSum: 1, correct: 1, count: 4 }))).toEqual(['answer-evaluation', 'save-evaluation', 'end']);
    expect(run.state.phase).toMatchObject({ type: 'ended', state: 'completed' });
  });
});

describe('a device whose budget is spent', () => {
  const hourMs = 3_600_000;
  const declineAll = (run: Run) => ['a', 'b', 'c'].flatMap((device) => run.tell({ type: 'decline', device, round: run.state.round, attempt: run.state.attempt, reason: 'budget' }));
  const retry = (run: Run) => run.tell({ type: 'timer', name: 'retry', round: run.state.round, attempt: run.state.attempt });

  test.each([
    ['at noon, after the next midnight in UTC', 12 * hourMs, 12 * hourMs + 60_000],
    ['just after midnight, when its clock may be late, in ten minutes', 300_000, 600_000],
  ])('is asked again %s, and no attempt is used up until then', (_, atMs, restMs) => {
    const run = new Run();
    run.nowMs = 20_000 * 24 * hourMs + atMs;
    run.tell({ type: 'start' });
    run.arrive('a', 'b', 'c');
    declineAll(run);
    expect(run.state.attempt).toBe(1);
    run.nowMs += restMs - 1;
    for (let i = 0; i < 5; i++) expect(typesOf(retry(run))).toEqual(['set-timer']);
    run.nowMs += 1;
    expect(typesOf(retry(run))[0]).toBe('open-round');
  });
});
