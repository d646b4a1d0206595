import fc from 'fast-check';
import { buildTrainingGraph } from '@seedfleet/onnx';
import { blocks, smallModel } from './small-models.fixture.js';
import { expectLosses, forwardBothWays, lossesByMerging, planOf, sitesOf, type Case } from './forward.fixture.js';

const block = Object.keys(blocks) as (keyof typeof blocks)[];

test('losses of the needed positions are those of all positions: any stack of blocks, any choice of sites, first, final or last token', async () => {
  const cases = fc.record({
    blocks: fc.array(fc.constantFrom(...block), { minLength: 1, maxLength: 4 }), pool: fc.constantFrom('first' as const, 'final' as const, 'last' as const), opset: fc.constantFrom(13, 17, 20),
    chosen: fc.infiniteStream(fc.boolean()), rows: fc.integer({ min: 1, max: 4 }), examples: fc.integer({ min: 1, max: 4 }), tokens: fc.integer({ min: 1, max: 6 }), seed: fc.nat(1000),
  });
  await fc.assert(fc.asyncProperty(cases, async ({ blocks: stack, pool, opset, chosen, ...sizes }) => {
    const plan = { blocks: stack, pool, opset, seed: sizes.seed };
    const test: Case = { ...sizes, plan, classes: 3, sites: sitesOf(plan).filter(() => chosen.next().value) };
    const needed = await forwardBothWays(test);
    expect([...needed.together.losses]).toEqual(needed.apart.flatMap(({ losses }) => [...losses]));
    const all = await forwardBothWays({ ...test, positions: 'all' });
    all.together.losses.forEach((loss, i) => expect(Math.abs((needed.together.losses[i] ?? NaN) - loss)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(loss))));
    expectLosses(needed.together.losses, await lossesByMerging(test));
  }), { numRuns: 50 });
}, 120_000);

test.each([
  ['attention', 'first', 2], ['causalAttention', 'first', 2], ['foldedAttention', 'first', 1], ['residual', 'first', 2], ['norm', 'first', 1],
  ['attention', 'final', 2], ['attention', 'last', 2], ['causalAttention', 'last', 2], ['residual', 'last', 2], ['attention', 'mean', -1],
] as const)('around %s, pooled by %s, %i linears besides the last one compute one position', (name, pool, expected) => {
  const plan = { blocks: ['linear', name, 'linear'], pool } as const;
  const { graph } = buildTrainingGraph(smallModel(plan), planOf({ sites: [], classes: 2, seed: 1 }));
  // What reads one position: follow the choices forward, through the linears and the nodes between them.
  const narrow = new Set<string>();
  let linears = 0;
  for (const node of graph.node) {
    if (!node.output.some((output) => output.startsWith('selected/')) && !node.input.some((input) => narrow.has(input))) continue;
    for (const output of node.output) narrow.add(output);
    if (node.opType === 'MatMul' && node.input[1]?.endsWith('.weight')) linears++;
  }
  expect(linears).toBe(1 + expected);
});
