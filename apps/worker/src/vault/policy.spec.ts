import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { readSpent, spend, spentToday, writeSpent } from './budget.js';
import { initialPolicy, isAllowedHour, readPolicy, requireAllowed } from './policy.js';

const aFolder = () => mkdtempSync(join(tmpdir(), 'seedfleet-policy-'));
const noon = Date.UTC(2026, 10, 25, 12);

describe('the budget of a day', () => {
  test('is never exceeded, whatever is asked', () => fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 32 })), fc.nat(20), fc.nat(200), (asked, roundsPerDay, scalarsPerDay) => {
    const policy = { ...initialPolicy, roundsPerDay, scalarsPerDay };
    let spent = spentToday(null, noon);
    for (const scalars of asked) spent = spend(spent, policy, scalars) ?? spent;
    expect(spent.rounds).toBeLessThanOrEqual(roundsPerDay);
    expect(spent.scalars).toBeLessThanOrEqual(scalarsPerDay);
  })));

  test('counts attempts that the coordinator abandons, and begins anew the next day', () => {
    const policy = { ...initialPolicy, roundsPerDay: 2 };
    const path = join(aFolder(), 'spent.json');
    for (let attempt = 0; attempt < 2; attempt++) writeSpent(path, spend(readSpent(path, policy, noon), policy, 8) ?? { day: 0, rounds: 0, scalars: 0 });
    expect(readSpent(path, policy, noon)).toMatchObject({ rounds: 2, scalars: 16 });
    expect(spend(readSpent(path, policy, noon), policy, 8)).toBeNull();
    expect(spend(readSpent(path, policy, noon + 86_400_000), policy, 8)).toMatchObject({ rounds: 1 });
  });

  test('is taken as spent where its file is damaged', () => {
    const path = join(aFolder(), 'spent.json');
    writeFileSync(path, '{"day":');
    const policy = { ...initialPolicy, roundsPerDay: 5 };
    expect(spend(readSpent(path, policy, noon), policy, 1)).toBeNull();
  });
});

describe('a policy', () => {
  test.each([
    { hours: { from: 8, to: 18 }, allowed: [8, 12, 17], forbidden: [7, 18, 23, 0] },
    { hours: { from: 22, to: 6 }, allowed: [22, 23, 0, 5], forbidden: [6, 12, 21] },
    { hours: { from: 0, to: 24 }, allowed: [0, 23], forbidden: [] },
  ])('allows hours from $hours.from to $hours.to', ({ hours, allowed, forbidden }) => {
    const policy = { ...initialPolicy, hours };
    expect(allowed.filter((hour) => !isAllowedHour(policy, hour))).toEqual([]);
    expect(forbidden.filter((hour) => isAllowedHour(policy, hour))).toEqual([]);
  });

  test('that does not name the model or the task of a run forbids it', () => {
    const run = { task: 'classification', model: 'use-lite' };
    expect(() => requireAllowed(initialPolicy, run)).not.toThrow();
    expect(() => requireAllowed({ ...initialPolicy, models: ['other'] }, run)).toThrow(expect.objectContaining({ code: 'policy.forbids', field: 'models' }));
    expect(() => requireAllowed({ ...initialPolicy, tasks: [] }, run)).toThrow(expect.objectContaining({ code: 'policy.forbids', field: 'tasks' }));
  });

  test('of an older worker, without the newer fields, means what a new one means', () => {
    const path = join(aFolder(), 'policy.json');
    const { memoryMegabytes: _memory, evaluationExamplesMin: _min, ...older } = initialPolicy;
    writeFileSync(path, JSON.stringify(older));
    expect(readPolicy(path)).toEqual(initialPolicy);
  });

  test('with a wrong field is refused with its name rather than ignored', () => {
    const path = join(aFolder(), 'policy.json');
    writeFileSync(path, JSON.stringify({ ...initialPolicy, roundsPerDay: -1 }));
    expect(() => readPolicy(path)).toThrow(expect.objectContaining({ code: 'policy.invalid', field: 'roundsPerDay' }));
    writeFileSync(path, JSON.stringify({ ...initialPolicy, roundPerDay: 1 }));
    expect(() => readPolicy(path)).toThrow(expect.objectContaining({ code: 'policy.invalid' }));
  });
});
