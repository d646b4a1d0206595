import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { layoutOf, perturbationKey, perturbedRowsInto, rowsOf, type Estimator } from '@seedfleet/numerics';
import { buildTrainingGraph, readModel, writeModel } from '@seedfleet/onnx';
import { meanRowLosses } from '../losses/mean-row-losses.js';
import { planOf, sitesOf } from '../training-graph/forward.fixture.js';
import { smallModel, width, type Adjust } from '../training-graph/small-models.fixture.js';
import { type Batch, type Engine, type EngineOptions } from './engine.js';
import { openEngine } from './open-engine.js';

const plan = { blocks: ['attention', 'residual'], pool: 'mean' } as const;
const sites = sitesOf(plan).slice(-2);
const training = planOf({ sites, classes: 2, seed: 5 });
const layout = layoutOf([
  ...sites.map((name) => ({ name, shape: [2, width], scale: 1 })), { name: 'head.W', shape: [width, 2], scale: 10 }, { name: 'head.b', shape: [2], scale: 10 },
]);
const central: Estimator = { type: 'central', queries: 3, eps: 0.01, distribution: 'rademacher' };
const key = perturbationKey(new Uint8Array(32).fill(9));
const seeds = BigUint64Array.of(1n, 2n, 3n);
const b = Float64Array.from({ length: layout.size }, (_, i) => Math.sin(i) / 3);
const batch: Batch = { examples: 2, tokens: 3, ids: BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 0n), mask: BigInt64Array.of(1n, 1n, 1n, 1n, 1n, 0n), labels: BigInt64Array.of(0n, 1n) };
const request = { batch, b, key, seeds, estimator: central };

let folder: string;
let options: EngineOptions;
const engines: Engine[] = [];
async function engine(changes: Partial<EngineOptions> = {}): Promise<Engine> {
  const opened = await openEngine({ ...options, ...changes });
  engines.push(opened);
  return opened;
}
async function graphFile(name: string, adjust?: Adjust): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, writeModel(buildTrainingGraph(smallModel({ ...plan, ...(adjust ? { adjust } : {}) }), training)));
  return path;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seedfleet-engine-'));
  options = { modelPath: await graphFile('training.onnx'), layout, inputs: [...training.adapters.map(({ input }) => input), 'head.W', 'head.b'], modelInputs: training.inputs, threads: 1 };
});
afterAll(async () => {
  await Promise.all(engines.map((opened) => opened.close()));
  await rm(folder, { recursive: true });
});

test('every row has the loss that its values have as an unperturbed adapter', async () => {
  const opened = await engine();
  const losses = await opened.perturbedLosses(request);
  const rows = new Float32Array(rowsOf(central) * layout.size);
  perturbedRowsInto(rows, { b, layout, key, seeds, estimator: central });
  const means = meanRowLosses(losses, { rows: rowsOf(central), examples: batch.examples });
  for (let p = 0; p < rowsOf(central); p++) {
    const { lossSum, count } = await opened.evaluate({ batch, b: Float64Array.from(rows.subarray(p * layout.size, (p + 1) * layout.size)) });
    expect(means[p]).toBe(lossSum / count);
  }
  expect(new Set(means).size).toBe(rowsOf(central));
});

test('rows give the same losses however many of them one pass takes', async () => {
  const losses = await Promise.all([1, 13, 4096].map(async (positionsPerPass) => (await engine({ positionsPerPass })).perturbedLosses(request)));
  expect(losses[1]).toEqual(losses[0]);
  expect(losses[2]).toEqual(losses[0]);
});

test('an evaluation counts the examples whose greatest logit is at the label', async () => {
  const opened = await engine();
  const certain = new Float64Array(layout.size);
  certain.set([0, 50], layout.size - 2);  // the bias alone: always class 1
  const evaluation = await opened.evaluate({ batch, b: certain });
  expect(evaluation).toMatchObject({ correct: 1, count: 2 });
  expect(evaluation.lossSum).toBeCloseTo(50, 3);  // log(1 + e^50) for the example of class 0, log(1 + e^-50) for the other
});

test('a label outside the classes stops the pass with a clear error and the engine goes on', async () => {
  const opened = await engine();
  await expect(opened.evaluate({ batch: { ...batch, labels: BigInt64Array.of(0n, 9n) }, b })).rejects.toMatchObject({ code: 'engine.run-failed', field: 'batch' });
  await expect(opened.evaluate({ batch: { ...batch, ids: BigInt64Array.of(1n, 2n, 3n, 4n, 4711n, 0n) }, b })).rejects.toMatchObject({ code: 'engine.run-failed', problem: expect.not.stringContaining('4711') });
  expect((await opened.evaluate({ batch, b })).count).toBe(2);
});

test('a refused pass writes nothing to the terminal: the messages of ONNX Runtime quote tokens', async () => {
  const script = `
    import { openEngine } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
    const engine = await openEngine(${JSON.stringify(options)});
    const batch = { examples: 1, tokens: 1, ids: BigInt64Array.of(4711n), mask: BigInt64Array.of(1n), labels: BigInt64Array.of(0n) };
    await engine.evaluate({ batch, b: new Float64Array(${layout.size}) }).catch((error) => console.log(error.code));
    await engine.close();`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env: {} });
  expect({ stdout, stderr }).toEqual({ stdout: 'engine.run-failed\n', stderr: '' });
});

test('a model that gives NaN is an error, not a loss', async () => {
  const modelPath = await graphFile('nan.onnx', (_, values) => values.map(() => NaN));
  const opened = await engine({ modelPath });
  await expect(opened.perturbedLosses(request)).rejects.toMatchObject({ code: 'loss.not-finite', problem: '12 of 12 losses are NaN or infinite.' });
  await expect(opened.evaluate({ batch, b })).rejects.toMatchObject({ code: 'loss.not-finite' });
});

test.each([
  ['ids', { ids: new BigInt64Array(5) }], ['mask', { mask: new BigInt64Array(7) }], ['labels', { labels: new BigInt64Array(1) }],
])('a batch with a wrong number of %s is refused by name', async (field, change) => {
  await expect((await engine()).perturbedLosses({ ...request, batch: { ...batch, ...change } })).rejects.toMatchObject({ code: 'engine.batch-invalid', field });
});

test('a file that is no model, no file, and inputs that the graph does not have are refused when opening', async () => {
  const garbage = join(folder, 'garbage.onnx');
  await writeFile(garbage, 'not a model');
  await expect(openEngine({ ...options, modelPath: garbage })).rejects.toMatchObject({ code: 'engine.model-unusable', field: 'modelPath' });
  await expect(openEngine({ ...options, modelPath: join(folder, 'none.onnx') })).rejects.toMatchObject({ code: 'engine.model-unusable' });
  await expect(openEngine({ ...options, inputs: ['B/unknown', ...options.inputs.slice(1)] })).rejects.toMatchObject({ code: 'engine.model-unusable', field: 'B/unknown' });
});

test('closing lets the passes under way end, and refuses later ones', async () => {
  const opened = await openEngine(options);
  const running = [opened.perturbedLosses(request), opened.evaluate({ batch, b }), opened.perturbedLosses(request)];
  const closed = opened.close();
  await expect(Promise.all(running)).resolves.toHaveLength(3);
  await closed;
  await opened.close();
  await expect(opened.evaluate({ batch, b })).rejects.toMatchObject({ code: 'engine.stopped', problem: 'The engine was closed.' });
});

test('the base model on disk stays as it was', async () => {
  const path = join(folder, 'base.onnx');
  await writeFile(path, writeModel(smallModel(plan)));
  const hash = async () => createHash('sha256').update(await readFile(path)).digest('hex');
  const before = await hash();
  const bytes = await readFile(path);
  const modelPath = join(folder, 'from-base.onnx');
  await writeFile(modelPath, writeModel(buildTrainingGraph(readModel(bytes), training)));
  await (await engine({ modelPath })).perturbedLosses(request);
  expect(await hash()).toBe(before);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(before);
});
