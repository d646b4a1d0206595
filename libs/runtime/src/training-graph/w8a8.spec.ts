import fc from 'fast-check';
import { blocks, pools } from './small-models.fixture.js';
import { forwardBothWays, forwardByExample, sitesOf, type Case } from './forward.fixture.js';

const pool = Object.keys(pools) as (keyof typeof pools)[];
const block = Object.keys(blocks) as (keyof typeof blocks)[];

test('W8A8 losses are, bit for bit, the same whatever the number of rows and whatever stands in the batch', async () => {
  const cases = fc.record({
    blocks: fc.array(fc.constantFrom(...block), { minLength: 1, maxLength: 3 }), pool: fc.constantFrom(...pool), opset: fc.constantFrom(13, 17, 18, 21),
    chosen: fc.infiniteStream(fc.boolean()), rows: fc.integer({ min: 1, max: 4 }), examples: fc.integer({ min: 2, max: 5 }), tokens: fc.integer({ min: 1, max: 6 }), seed: fc.nat(1000),
  });
  await fc.assert(fc.asyncProperty(cases, async ({ blocks: stack, pool: by, opset, chosen, ...sizes }) => {
    // A linear first, so that there is always one to rewrite.
    const plan = { blocks: ['linear' as const, ...stack], pool: by, opset, seed: sizes.seed };
    const test: Case = { ...sizes, plan, classes: 3, precision: 'w8a8', sites: sitesOf(plan).filter(() => chosen.next().value) };
    const { together, apart } = await forwardBothWays(test);
    expect([...together.losses]).toEqual(apart.flatMap(({ losses }) => [...losses]));
    const { alone } = await forwardByExample(test);
    expect([...together.losses]).toEqual(alone);
  }), { numRuns: 30 });
}, 120_000);

test.each(block)('W8A8 losses of %s are near those in float32, and not the same', async (name) => {
  const plan = { blocks: ['linear', name, 'residual'], pool: 'mean' } as const;
  const test: Case = { plan, sites: sitesOf(plan), rows: 3, examples: 2, tokens: 5, classes: 3, seed: 7 };
  const { together: fp32 } = await forwardBothWays(test);
  const { together: w8a8 } = await forwardBothWays({ ...test, precision: 'w8a8' });
  fp32.losses.forEach((loss, i) => expect(Math.abs((w8a8.losses[i] ?? NaN) - loss)).toBeLessThan(0.1));
  expect([...w8a8.losses]).not.toEqual([...fp32.losses]);
});
