import { RetryBudget } from './retry-budget.js';

const broken = () => Object.assign(new Error('the connection broke'), { code: 'ECONNRESET' });

/** Fails so often, then succeeds. */
function flaky(failures: number, error: () => Error = broken): { calls: () => number; work: () => Promise<string> } {
  let calls = 0;
  return { calls: () => calls, work: () => (++calls <= failures ? Promise.reject(error()) : Promise.resolve('done')) };
}

test('a short failure is tried again, a long one and one that would come again are not', async () => {
  const budget = new RetryBudget();
  expect(await budget.run(flaky(2).work)).toBe('done');
  const long = flaky(3);
  await expect(budget.run(long.work)).rejects.toThrow('the connection broke');
  expect(long.calls()).toBe(3);
  const final = flaky(1, () => Object.assign(new Error('no such table'), { code: '42P01' }));
  await expect(budget.run(final.work)).rejects.toThrow('no such table');
  expect(final.calls()).toBe(1);
});

test('when everything fails, one call in ten is tried again and no more', async () => {
  const budget = new RetryBudget();
  const down = flaky(Number.POSITIVE_INFINITY);
  // What was saved up in good times is spent first.
  await Promise.all(Array.from({ length: 100 }, () => budget.run(down.work).catch(() => undefined)));
  const before = down.calls();
  await Promise.all(Array.from({ length: 100 }, () => budget.run(down.work).catch(() => undefined)));
  expect(down.calls() - before).toBeLessThanOrEqual(111);
});
