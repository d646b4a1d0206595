import fc from 'fast-check';
import { blocks, pools } from './small-models.fixture.js';
import { expectLosses, forwardBothWays, lossesByMerging, sitesOf, type Case } from './forward.fixture.js';

const pool = Object.keys(pools) as (keyof typeof pools)[];
const block = Object.keys(blocks) as (keyof typeof blocks)[];
const base = { rows: 3, examples: 2, tokens: 5, classes: 3, seed: 7 } as const;

async function expectSameLosses(test: Case): Promise<void> {
  const { together, apart } = await forwardBothWays(test);
  expect(together.lossShape).toEqual([test.rows, test.examples]);
  // Bit for bit: a row must not know what stands beside it.
  expect([...together.losses]).toEqual(apart.flatMap(({ losses }) => [...losses]));
  expect([...together.logits]).toEqual(apart.flatMap(({ logits }) => [...logits]));
  const merged = await lossesByMerging(test);
  expect(merged).toHaveLength(test.rows * test.examples);
  expectLosses(together.losses, merged);
}

describe('the rows of one parallel forward have the losses of separate forwards, and of the model with merged weights', () => {
  test.each(block)('adapters on everything around %s', async (name) => {
    const plan = { blocks: ['linear', name, 'residual'], pool: 'mean' } as const;
    await expectSameLosses({ ...base, plan, sites: sitesOf(plan) });
  });
  test.each(block)('the frontier behind %s', async (name) => {
    const plan = { blocks: [name, 'attention'], pool: 'mean' } as const;
    await expectSameLosses({ ...base, plan, sites: sitesOf(plan).slice(-1) });
  });
  test.each(pool)('features by pool: %s', async (name) => {
    const plan = { blocks: ['attention', 'norm'], pool: name } as const;
    await expectSameLosses({ ...base, plan, sites: sitesOf(plan).slice(2) });
  });
  test.each([13, 14, 15, 17, 18, 21, 23, 26])('a model of operator set %i', async (opset) => {
    const plan = { blocks: ['positions', 'causalAttention', 'norm', 'foldedAttention', 'residual'], pool: 'last', opset } as const;
    await expectSameLosses({ ...base, plan, sites: sitesOf(plan).filter((_, i) => i % 2 === 0) });
  });
  test('only the head is trained', async () => {
    const plan = { blocks: ['attention'], pool: 'mean' } as const;
    await expectSameLosses({ ...base, plan, sites: [] });
  });
  test('one row, one example, one token', async () => {
    const plan = { blocks: ['causalAttention', 'residual'], pool: 'mean' } as const;
    await expectSameLosses({ ...base, plan, sites: sitesOf(plan), rows: 1, examples: 1, tokens: 1 });
  });
});

test('any stack of blocks, any choice of sites, any P, b and T', async () => {
  const cases = fc.record({
    blocks: fc.array(fc.constantFrom(...block), { minLength: 1, maxLength: 5 }), pool: fc.constantFrom(...pool), opset: fc.constantFrom(13, 17, 20),
    chosen: fc.infiniteStream(fc.boolean()), rows: fc.integer({ min: 1, max: 5 }), examples: fc.integer({ min: 1, max: 4 }), tokens: fc.integer({ min: 1, max: 6 }),
    classes: fc.integer({ min: 2, max: 4 }), seed: fc.nat(1000),
  });
  await fc.assert(fc.asyncProperty(cases, async ({ blocks: stack, pool: by, opset, chosen, ...sizes }) => {
    const plan = { blocks: stack, pool: by, opset, seed: sizes.seed };
    const sites = sitesOf(plan).filter(() => chosen.next().value);
    await expectSameLosses({ ...sizes, plan, sites });
  }), { numRuns: 60 });
}, 120_000);
