import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf, perturbationKey, rowsOf } from '@seedfleet/numerics';
import { buildTrainingGraph, splitTrainingGraph, writeModel } from '@seedfleet/onnx';
import fc from 'fast-check';
import { type Batch } from '../engine/engine.js';
import { TrainingSession } from '../session/training-session.js';
import { planOf, sitesOf } from '../training-graph/forward.fixture.js';
import { blocks, pools, smallModel, uniform, vocabulary, width, type SmallModelPlan } from '../training-graph/small-models.fixture.js';

const modelInputs = { ids: 'ids', mask: 'mask' };
const estimator = { type: 'leave-one-out', queries: 3, eps: 0.1, distribution: 'rademacher' } as const;
const seeds = BigUint64Array.of(1n, 2n, 3n);
const key = perturbationKey(new Uint8Array(32).fill(5));

let folder: string;
const opened: TrainingSession[] = [];
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'seedfleet-activations-')); });
afterEach(async () => {
  for (const session of opened.splice(0)) await session.release();
  rmSync(folder, { recursive: true });
});

interface Parts { plan: SmallModelPlan; sites: readonly string[]; precision?: 'fp32' | 'w8a8'; bytesMax?: number; positionsPerPass?: number; way: 'whole' | 'split' | 'cached' }

async function open({ plan, sites, precision = 'fp32', bytesMax = 1e9, positionsPerPass = 1e9, way }: Parts) {
  const training = planOf({ sites, classes: 3, seed: 4, precision });
  const graph = buildTrainingGraph(smallModel(plan), training);
  const split = splitTrainingGraph(graph, { inputs: modelInputs });
  if (!split) throw new Error('This graph cannot be split.');
  const layout = layoutOf([...sites.map((name) => ({ name, shape: [2, width], scale: 1 })), { name: 'head.W', shape: [width, 3], scale: 1 }, { name: 'head.b', shape: [3], scale: 1 }]);
  const paths = [join(folder, 'graph.onnx'), join(folder, 'prefix.onnx')] as const;
  writeFileSync(paths[0], writeModel(way === 'whole' ? graph : split.suffix));
  writeFileSync(paths[1], writeModel(split.prefix));
  const session = await TrainingSession.open({
    modelPath: paths[0], layout, inputs: [...training.adapters.map(({ input }) => input), 'head.W', 'head.b'], modelInputs, threads: 1, positionsPerPass,
    ...(way === 'whole' ? {} : { prefix: { modelPath: paths[1], activations: split.activations, ...(way === 'cached' ? { cache: { folder: join(folder, 'cache'), bytesMax } } : {}) } }),
  });
  opened.push(session);
  const b = Float64Array.from({ length: layout.size }, uniform(6));
  return (batch: Batch) => session.perturbedLosses({ batch, b, key, seeds, estimator });
}

function aBatch({ examples = 3, tokens = 4, seed = 8 } = {}): Batch {
  const random = uniform(seed);
  const integers = (length: number, bound: number) => BigInt64Array.from({ length }, () => BigInt(Math.floor((random() + 1) / 2 * bound)));
  return { examples, tokens, ids: integers(examples * tokens, vocabulary), mask: new BigInt64Array(examples * tokens).fill(1n), labels: integers(examples, 3) };
}

/** Examples of a batch, chosen and put in another order. */
function pick(batch: Batch, examples: readonly number[]): Batch {
  const rows = (values: BigInt64Array, size: number) => BigInt64Array.from(examples.flatMap((i) => [...values.subarray(i * size, (i + 1) * size)]));
  return { examples: examples.length, tokens: batch.tokens, ids: rows(batch.ids, batch.tokens), mask: rows(batch.mask, batch.tokens), labels: rows(batch.labels, 1) };
}

const plan = { blocks: ['attention', 'residual', 'attention'], pool: 'mean' } as const satisfies SmallModelPlan;
const late = sitesOf(plan).slice(-3);
const entries = () => readdirSync(join(folder, 'cache')).sort();
const entryPath = (i: number) => join(folder, 'cache', entries()[i] ?? '');

test('losses are, bit for bit, the same from the whole graph, from its two parts, from a cold and from a warm cache', async () => {
  const cases = fc.record({
    blocks: fc.array(fc.constantFrom(...Object.keys(blocks) as (keyof typeof blocks)[]), { minLength: 1, maxLength: 4 }), pool: fc.constantFrom(...Object.keys(pools) as (keyof typeof pools)[]),
    trained: fc.nat(3), examples: fc.integer({ min: 2, max: 4 }), tokens: fc.integer({ min: 1, max: 5 }), seed: fc.nat(99), precision: fc.constantFrom('fp32' as const, 'w8a8' as const), positionsPerPass: fc.constantFrom(1, 1e9),
  });
  await fc.assert(fc.asyncProperty(cases, async ({ blocks: stack, pool, trained, precision, positionsPerPass, ...sizes }) => {
    rmSync(join(folder, 'cache'), { recursive: true, force: true });
    const stacked = { blocks: ['linear' as const, ...stack], pool, seed: sizes.seed };
    const parts = { plan: stacked, sites: trained === 0 ? [] : sitesOf(stacked).slice(-trained), precision, positionsPerPass };
    const batch = aBatch(sizes);
    const [whole, split, cached] = [await open({ ...parts, way: 'whole' }), await open({ ...parts, way: 'split' }), await open({ ...parts, way: 'cached' })];
    const expected = await whole(batch);
    expect(await split(batch)).toEqual(expected);
    // Some examples first, in another order: entries then come from another batch than the one they serve.
    await cached(pick(batch, [sizes.examples - 1]));
    expect(await cached(batch)).toEqual(expected);
    expect(await cached(batch)).toEqual(expected);
  }), { numRuns: 25 });
}, 120_000);

test('a warm cache is what the losses come from', async () => {
  const losses = await open({ plan, sites: late, way: 'cached' });
  const batch = aBatch({ examples: 2 });
  const before = await losses(batch);
  const [first, second] = [entryPath(0), entryPath(1)];
  renameSync(first, `${first}.kept`);
  writeFileSync(first, readFileSync(second));
  writeFileSync(second, readFileSync(`${first}.kept`));
  // Each example now has the activations of the other, and keeps its label.
  const labels = BigInt64Array.of(batch.labels[1] ?? 0n, batch.labels[0] ?? 0n);
  const crossed = await losses({ ...batch, labels });
  expect(crossed).toHaveLength(rowsOf(estimator) * 2);
  expect([...crossed]).toEqual([...before].map((_, i) => before[i ^ 1]));
});

test.each([['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 3)], ['changed in one bit', (bytes: Buffer) => { bytes[50] = (bytes[50] ?? 0) ^ 1; return bytes; }], ['empty', () => Buffer.alloc(0)]])('an entry that is %s is computed again', async (_, damage) => {
  const losses = await open({ plan, sites: late, way: 'cached' });
  const batch = aBatch();
  const before = await losses(batch);
  const good = readFileSync(entryPath(1));
  writeFileSync(entryPath(1), damage(Buffer.from(good)));
  expect(await losses(batch)).toEqual(before);
  expect(readFileSync(entryPath(1)).equals(good)).toBe(true);
});

test('entries and their folder are for their owner only', async () => {
  await (await open({ plan, sites: late, way: 'cached' }))(aBatch());
  expect(entries()).toHaveLength(3);
  expect(entries().map((name) => (statSync(join(folder, 'cache', name)).mode & 0o777).toString(8))).toEqual(['600', '600', '600']);
  expect((statSync(join(folder, 'cache')).mode & 0o777).toString(8)).toBe('700');
});

test('a full cache keeps what it has and stays below its limit, in the next session too', async () => {
  const size = await (async () => {
    await (await open({ plan, sites: late, way: 'cached' }))(aBatch({ examples: 1 }));
    return statSync(entryPath(0)).size;
  })();
  rmSync(join(folder, 'cache'), { recursive: true });
  const bytesMax = 2 * size + size / 2;
  const losses = await open({ plan, sites: late, way: 'cached', bytesMax });
  const before = await losses(aBatch({ examples: 5 }));
  expect(entries()).toHaveLength(2);
  const again = await open({ plan, sites: late, way: 'cached', bytesMax });
  expect(await again(aBatch({ examples: 5 }))).toEqual(before);
  await again(aBatch({ examples: 5, seed: 9 }));
  expect(entries()).toHaveLength(2);
});

test('another graph does not read the entries of this one, and what a killed process left half written is removed', async () => {
  const batch = aBatch();
  mkdirSync(join(folder, 'cache'));
  writeFileSync(join(folder, 'cache', 'abc.activations.77.part'), 'half');
  await (await open({ plan, sites: late, way: 'cached' }))(batch);
  const other = { plan: { ...plan, seed: 2 }, sites: late };
  const expected = await (await open({ ...other, way: 'whole' }))(batch);
  expect(await (await open({ ...other, way: 'cached' }))(batch)).toEqual(expected);
  expect(entries()).toHaveLength(6);
});
