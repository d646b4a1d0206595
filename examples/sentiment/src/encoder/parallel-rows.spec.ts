import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf, perturbationKey, rowsOf, type Estimator } from '@seedfleet/numerics';
import { adapterInput, buildTrainingGraph, inspectSites, readModel, writeModel } from '@seedfleet/onnx';
import { openEngine, type Batch, type Engine } from '@seedfleet/runtime';
import { convertEncoder } from './convert-encoder.js';

/** The rows that vectors/encoder-step.json starts with: its inputs, and B, unperturbed. See vectors/README.md. */
interface EncoderStep {
  input_ids: number[][];
  attention_mask: number[][];
  labels: number[];
  scale: number;
  rank: number;
  sites: Record<string, { A: string; B: string; B_shape: number[] }>;
  head: { W: string; W_shape: number[]; b: string };
  losses: number[][];
}

const float32 = (base64: string) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const key = perturbationKey(new Uint8Array(32).fill(3));
const seeds = BigUint64Array.of(11n, 12n, 13n, 14n);
const estimators: Record<Estimator['type'], Estimator> = {
  'leave-one-out': { type: 'leave-one-out', queries: 4, eps: 0.01, distribution: 'rademacher' },
  central: { type: 'central', queries: 4, eps: 0.01, distribution: 'rademacher' },
  forward: { type: 'forward', queries: 4, eps: 0.01, distribution: 'gaussian' },
};

let folder: string;
let modelPath: string;
let baseHash: string;
let batch: Batch;
let b: Float64Array;
let losses: number[][];
let open: (positionsPerPass: number) => Promise<Engine>;
const engines: Engine[] = [];

// The encoder is fetched where it is not there yet, and converted.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seedfleet-rows-'));
  const vectors = JSON.parse(await readFile(new URL('../../vectors/encoder-step.json', import.meta.url), 'utf8')) as EncoderStep;
  const { output, inputs } = await convertEncoder({ folder });
  const base = await readFile(join(folder, 'model.onnx'));
  baseHash = sha256(base);
  const adapters = Object.entries(vectors.sites).map(([name, site]) => ({ ...site, name: name.replace('/mm', '') }));
  const graph = buildTrainingGraph(readModel(base), {
    output, inputs, classes: 2, head: { weight: 'head.W', bias: 'head.b' },
    adapters: adapters.map(({ name, A }) => ({ site: name, input: adapterInput(name), a: float32(A), rank: vectors.rank, alpha: vectors.scale * vectors.rank })),
  });
  modelPath = join(folder, 'training.onnx');
  await writeFile(modelPath, writeModel(graph));
  const layout = layoutOf([...adapters.map(({ name, B_shape }) => ({ name, shape: B_shape, scale: 1 })), { name: 'head.W', shape: vectors.head.W_shape, scale: 10 }, { name: 'head.b', shape: [2], scale: 10 }]);
  b = Float64Array.from([...adapters.flatMap(({ B }) => [...float32(B)]), ...float32(vectors.head.W), ...float32(vectors.head.b)]);
  batch = {
    examples: vectors.labels.length, tokens: vectors.input_ids[0]?.length ?? 0, ids: BigInt64Array.from(vectors.input_ids.flat(), BigInt),
    mask: BigInt64Array.from(vectors.attention_mask.flat(), BigInt), labels: BigInt64Array.from(vectors.labels, BigInt),
  };
  losses = vectors.losses;
  open = async (positionsPerPass) => {
    const engine = await openEngine({ modelPath, layout, inputs: [...adapters.map(({ name }) => adapterInput(name)), 'head.W', 'head.b'], modelInputs: inputs, threads: 1, positionsPerPass });
    engines.push(engine);
    return engine;
  };
}, 60_000);
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  await rm(folder, { recursive: true });
});

test.each(Object.values(estimators))('losses of one parallel forward of the encoder are, bit for bit, those of separate forwards: $type', async (estimator) => {
  const [together, apart] = [await open(1e6), await open(1)];
  const request = { batch, b, key, seeds, estimator };
  const parallel = await together.perturbedLosses(request);
  expect(parallel).toHaveLength(rowsOf(estimator) * batch.examples);
  expect(parallel).toEqual(await apart.perturbedLosses(request));
});

test('the unperturbed row of a parallel forward has the losses of PyTorch', async () => {
  const parallel = await (await open(1e6)).perturbedLosses({ batch, b, key, seeds, estimator: estimators.forward });
  expect(losses[0]).toHaveLength(batch.examples);
  losses[0]?.forEach((loss, i) => expect(Math.abs((parallel[i] ?? NaN) - loss)).toBeLessThan(1e-5));
});

test('an adapter at every site of the encoder leaves the rows apart, too', async () => {
  const model = readModel(await readFile(join(folder, 'model.onnx')));
  const { sites } = inspectSites(model);
  const graph = buildTrainingGraph(model, {
    output: 'sentence_embedding', inputs: { ids: 'input_ids', mask: 'attention_mask' }, classes: 3, head: { weight: 'head.W', bias: 'head.b' },
    adapters: sites.map(({ name, inputs }) => ({ site: name, input: adapterInput(name), rank: 1, alpha: 1, a: Float32Array.from({ length: inputs }, (_, i) => ((i * 7) % 11 - 5) / 100) })),
  });
  const path = join(folder, 'all-sites.onnx');
  await writeFile(path, writeModel(graph));
  const layout = layoutOf([...sites.map(({ name, outputs }) => ({ name, shape: [1, outputs], scale: 1 })), { name: 'head.W', shape: [512, 3], scale: 1 }, { name: 'head.b', shape: [3], scale: 1 }]);
  const engine = async (positionsPerPass: number) => {
    const opened = await openEngine({ modelPath: path, layout, inputs: [...sites.map(({ name }) => adapterInput(name)), 'head.W', 'head.b'], modelInputs: { ids: 'input_ids', mask: 'attention_mask' }, threads: 1, positionsPerPass });
    engines.push(opened);
    return opened;
  };
  const request = { batch, b: new Float64Array(layout.size), key, seeds, estimator: { ...estimators.central, eps: 0.05 } };
  expect(await (await engine(1e6)).perturbedLosses(request)).toEqual(await (await engine(1)).perturbedLosses(request));
});

test('rewriting and running leave the base model on disk as it was', async () => {
  expect(sha256(await readFile(join(folder, 'model.onnx')))).toBe(baseHash);
});
