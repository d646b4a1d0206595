import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { aManifest } from '@seedfleet/ledger/testing';
import { layoutOf } from '@seedfleet/numerics';
import { evaluateHeldOut, evaluateRound } from '../evaluation/evaluate.js';
import { ARunHere, type Preparation } from '../testing/a-prepared-run.fixture.js';
import { aSmallModel, type SmallModel } from '../testing/a-small-model.fixture.js';
import { computeDefaults, computeOf, computeOptionsOf } from './compute-options.js';
import { positionsByDefault, positionsWithin } from './step-memory.js';

const lines = Array.from({ length: 16 }, (_, i) => ({ text: ['very good film', 'bad food', 'good', 'bad bad film'][i % 4] ?? '', label: i % 2 === 0 ? 'positive' : 'negative' }));
const seeds = BigUint64Array.of(11n, 22n, 33n, 44n);

let here: ARunHere;
let small: SmallModel;

beforeEach(async () => {
  here = new ARunHere();
  small = aSmallModel({ folder: here.served, early: true });
  await here.start();
});

afterEach(() => here.stop());

async function roundsOf({ compute = {}, batches = [0] }: { compute?: Preparation['compute']; batches?: number[] } = {}) {
  const bench = await here.prepare({ lines, compute: { ...compute }, change: { model: small.model, adapter: small.adapter } });
  const layout = layoutOf(bench.manifest.adapter.sites);
  const b = Float64Array.from({ length: layout.size }, (_, i) => ((i * 31) % 17) / 17 - 0.5);
  const differences: number[][] = [];
  for (const batch of batches) differences.push([...(await evaluateRound({ ...bench, b, seeds, batch })).differences]);
  return { ...bench, b, differences };
}

describe('what a run gets on a device', () => {
  const manifest = aManifest({ coordinatorPrivateKey: new Uint8Array(32).fill(7) });
  const inW8a8 = { ...manifest, model: { ...manifest.model, precision: 'w8a8' as const } };
  const noBound = { memoryMegabytes: null };

  test('is the precision of its manifest, fp32 where that says nothing, unless the owner says otherwise', () => {
    expect(computeOf({ options: computeDefaults, manifest, policy: noBound }).precision).toBe('fp32');
    expect(computeOf({ options: computeDefaults, manifest: inW8a8, policy: noBound }).precision).toBe('w8a8');
    expect(computeOf({ options: { ...computeDefaults, precision: 'fp32' }, manifest: inW8a8, policy: noBound }).precision).toBe('fp32');
  });

  test.each([[null, null, null], [500, null, 500], [null, 300, 300], [500, 300, 300], [300, 500, 300]])('is the smaller bound on memory: option %p, policy %p', (option, policy, bound) => {
    expect(computeOf({ options: { ...computeDefaults, memoryMegabytes: option }, manifest, policy: { memoryMegabytes: policy } }).memoryMegabytes).toBe(bound);
  });

  test('is as many threads as the machine has for it, unless the owner names a number', () => {
    const words = { precision: 'run', cacheMegabytes: '256' };
    expect(computeOptionsOf({ ...words, threads: 'auto' }, { processors: 8, quota: null }).threads).toBe(4);
    expect(computeOptionsOf({ ...words, threads: '3' }, { processors: 8, quota: null }).threads).toBe(3);
  });

  test.each([
    { words: { precision: 'int8' }, field: '--precision' }, { words: { cacheMegabytes: '-1' }, field: '--cache-megabytes' },
    { words: { memoryMegabytes: '0' }, field: '--memory-megabytes' }, { words: { threads: '' }, field: '--threads' },
  ])('is refused by the name of the option $field where its word is wrong', ({ words, field }) => {
    expect(() => computeOptionsOf({ threads: '1', precision: 'run', cacheMegabytes: '256', ...words })).toThrow(expect.objectContaining({ code: 'options.invalid', field }));
  });
});

describe('the precision', () => {
  test('is told by the names of the files; another one is written anew and takes the place of the first', async () => {
    const fp32 = await roundsOf();
    expect(here.graphs()).toEqual(['training-2-fp32-prefix.onnx', 'training-2-fp32-suffix.onnx', 'training-2-fp32.json']);
    const w8a8 = await roundsOf({ compute: { precision: 'w8a8' } });
    expect(here.graphs()).toEqual(['training-2-w8a8-prefix.onnx', 'training-2-w8a8-suffix.onnx', 'training-2-w8a8.json']);
    expect(w8a8.rewritePeakMegabytes).toBeGreaterThan(0);
    const [exact = [], rounded = []] = [fp32.differences[0], w8a8.differences[0]];
    // Eight bits a value: other differences, close to those of fp32.
    expect(rounded).not.toEqual(exact);
    exact.forEach((difference, j) => expect(rounded[j]).toBeCloseTo(difference, 2));
  });

  test.each(['fp32', 'w8a8'] as const)('%s gives the same differences where a weight lies in a file of its own', async (precision) => {
    const whole = await roundsOf({ compute: { precision } });
    rmSync(here.runFolder.modelPath, { recursive: true });
    small = aSmallModel({ folder: here.served, early: 'external' });
    const apart = await roundsOf({ compute: { precision } });
    expect(apart.differences).toEqual(whole.differences);
  });

  test('of a graph from an older worker makes no difference: its file goes', async () => {
    mkdirSync(here.runFolder.modelPath, { recursive: true });
    for (const old of ['training-1.onnx', 'training-1.onnx.sha256']) writeFileSync(here.inRun(old), 'old');
    await roundsOf();
    expect(here.graphs().filter((name) => name.startsWith('training-1'))).toEqual([]);
  });
});

describe('activations on disk', () => {
  test('change no difference, cold or warm, and are kept for their owner only', async () => {
    const batches = [0, 1, 2];
    const without = await roundsOf({ compute: { cacheMegabytes: 0 }, batches });
    expect(here.activations()).toBeNull();
    const cold = await roundsOf({ batches });
    // One entry for each text that came up; there are four, many times.
    expect(here.activations()?.length).toBeGreaterThanOrEqual(2);
    const warm = await roundsOf({ batches });
    expect(cold.differences).toEqual(without.differences);
    expect(warm.differences).toEqual(without.differences);
    expect((statSync(here.runFolder.activationsPath).mode & 0o777).toString(8)).toBe('700');
  });

  test('of another graph are removed when the prefix changes', async () => {
    await roundsOf();
    const before = here.activations() ?? [];
    await roundsOf({ compute: { precision: 'w8a8' } });
    const after = here.activations() ?? [];
    expect(after.length).toBe(before.length);
    expect(after.filter((entry) => before.includes(entry))).toEqual([]);
    await roundsOf({ compute: { cacheMegabytes: 0 } });
    expect(here.activations()).toBeNull();
  }, 20_000);

  test('go when the run ends, with its model', async () => {
    await roundsOf();
    expect(here.activations()?.length).toBeGreaterThan(0);
    here.runFolder.writeEnded({ state: 'completed', cause: '' });
    expect(here.activations()).toBeNull();
    expect(() => statSync(here.runFolder.modelPath)).toThrow(/ENOENT/);
  });
});

describe('a bound on the memory of a step', () => {
  const manifest = aManifest({ coordinatorPrivateKey: new Uint8Array(32).fill(7) });
  const { tokensMax } = manifest.task;
  const { batchExamples, queries } = manifest.estimator;
  const megabyte = 2 ** 20;
  const memory = { weights: 100 * megabyte, fewest: 20 * megabyte, oneRow: 10 * batchExamples * megabyte, allRows: 10 * batchExamples * queries * megabyte };
  /** An example of a row takes 10 MB by the estimate, and 12 by what a process really grows. */
  const within = (megabytes: number) => positionsWithin(memory, { megabytes, manifest });

  test('gives all rows one pass where they fit, then fewer rows, then fewer examples', () => {
    expect(within(100 + 12 * batchExamples * queries)).toBe(queries * batchExamples * tokensMax);
    expect(within(99 + 12 * batchExamples * queries)).toBe((queries - 1) * batchExamples * tokensMax);
    expect(within(100 + 12 * batchExamples)).toBe(batchExamples * tokensMax);
    expect(within(99 + 12 * batchExamples)).toBe((batchExamples - 1) * tokensMax);
    expect(within(124)).toBe(2 * tokensMax);
  });

  test('is 256 MB of activations where nothing bounds a language model, and 16,384 positions for any other', () => {
    const language = { ...manifest, task: { type: 'language' as const, tokensMax } };
    const logits = { ...memory, allRows: 0.25 * megabyte * queries * batchExamples * tokensMax };
    expect(positionsByDefault(logits, language)).toBe(1024);
    expect(positionsByDefault({ ...memory, allRows: 1 }, language)).toBe(16_384);
    expect(positionsByDefault(logits, manifest)).toBe(16_384);
  });

  test('that two examples in one row do not keep is refused, and says how much it takes', () => {
    expect(() => within(123)).toThrow(expect.objectContaining({ code: 'policy.forbids', field: 'memoryMegabytes', problem: expect.stringMatching(/124 MB/) }));
  });

  test('changes no difference and no sum', async () => {
    const free = await roundsOf({ batches: [0, 1] });
    const bound = await roundsOf({ compute: { memoryMegabytes: 1 }, batches: [0, 1] });
    expect(bound.differences).toEqual(free.differences);
    const sums = await Promise.all([free.positionsPerPass, 2 * free.manifest.task.tokensMax].map((positionsPerPass) => evaluateHeldOut({ ...free, positionsPerPass })));
    expect(sums[1]?.lossSum).toBeCloseTo(sums[0]?.lossSum ?? NaN, 6);
    expect(sums[1]).toMatchObject({ correct: sums[0]?.correct, count: 4 });
  });
});
