import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf, perturbationKey } from '@seedfleet/numerics';
import { adapterInput, buildTrainingGraph, externalLocations, externalTensor, graphBuilder, inspectSites, rawTensor, readModel, writeModel, type GraphBuilder, type OnnxModel } from '@seedfleet/onnx';
import { openEngine, type Batch } from '../index.js';
import { uniform } from './small-models.fixture.js';

const d = 16;
const float16 = 10;
const values = (seed: number, count: number) => Float32Array.from({ length: count }, uniform(seed));
let folder: string;
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'seedfleet-weights-')); });
afterAll(async () => { await rm(folder, { recursive: true }); });

/** Embeddings, two linears with tanh between, the mean over time; the second linear's weight comes from `second`. */
function aModel(second: (g: GraphBuilder) => string, cast: (g: GraphBuilder, value: string) => string = (_, value) => value): OnnxModel {
  const g = graphBuilder({ name: 'weights', domains: { 'com.microsoft': 1 } });
  g.input('ids', 'int64', ['batch', 'time']);
  g.input('mask', 'int64', ['batch', 'time']);
  const x = g.node('Gather', [cast(g, g.weight('table', values(1, 9 * d), [9, d])), 'ids'], 'x');
  const h = g.node('Tanh', [g.node('MatMul', [x, cast(g, g.weight('first.weight', values(2, d * d), [d, d]))], 'h')], 't');
  const y = g.node('MatMul', [h, second(g)], 'y');
  const mask = g.node('Unsqueeze', [g.node('Cast', ['mask'], 'maskf', { to: 1 }), g.integers('last', [2])], 'mask3');
  g.output(g.node('ReduceSum', [g.node('Mul', [y, cast(g, mask)], 'masked'), g.integers('time', [1])], 'features', { keepdims: 0 }), 'float32', ['batch', d]);
  return g.build();
}
const inFile = (g: GraphBuilder) => g.weight('second.weight', values(3, d * d), [d, d]);

const batch: Batch = { examples: 2, tokens: 3, ids: BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 0n), mask: BigInt64Array.of(1n, 1n, 1n, 1n, 1n, 0n), labels: BigInt64Array.of(0n, 1n) };
const layout = layoutOf([{ name: 'first', shape: [2, d], scale: 1 }, { name: 'second', shape: [2, d], scale: 1 }, { name: 'head.W', shape: [d, 2], scale: 1 }, { name: 'head.b', shape: [2], scale: 1 }]);

/** Losses of four perturbed rows, in one forward pass (`together`) and row by row. */
async function lossesOf(model: OnnxModel, name: string): Promise<{ together: Float32Array; apart: Float32Array }> {
  const graph = buildTrainingGraph(model, {
    output: 'features', inputs: { ids: 'ids', mask: 'mask' }, classes: 2, head: { weight: 'head.W', bias: 'head.b' },
    adapters: ['first', 'second'].map((site, i) => ({ site, input: adapterInput(site), a: values(4 + i, d * 2), rank: 2, alpha: 2 })),
  });
  const modelPath = join(folder, `${name}.training.onnx`);
  await writeFile(modelPath, writeModel(graph));
  const run = async (positionsPerPass: number) => {
    const engine = await openEngine({ modelPath, layout, inputs: [adapterInput('first'), adapterInput('second'), 'head.W', 'head.b'], modelInputs: { ids: 'ids', mask: 'mask' }, threads: 1, positionsPerPass });
    try {
      return await engine.perturbedLosses({ batch, b: Float64Array.from(values(9, layout.size), (v) => v / 4), key: perturbationKey(new Uint8Array(32)), seeds: BigUint64Array.of(5n, 6n), estimator: { type: 'central', queries: 2, eps: 0.05, distribution: 'rademacher' } });
    } finally {
      await engine.close();
    }
  };
  return { together: await run(1000), apart: await run(1) };
}

test('weights beyond the second gigabyte of an external file are read where they are, and stay there', async () => {
  const offset = 2 ** 31 + 3 * 4096;
  const bytes = Buffer.from(values(3, d * d).buffer);
  const data = await open(join(folder, 'large.data'), 'w');
  await data.write(bytes, 0, bytes.length, offset);  // a sparse file: the two gigabytes before are a hole
  await data.close();
  const external = aModel((g) => g.initializer(externalTensor({ name: 'second.weight', shape: [d, d], location: 'large.data', offset, length: bytes.length })));
  await writeFile(join(folder, 'large.onnx'), writeModel(external));
  const model = readModel(await readFile(join(folder, 'large.onnx')), { file: 'large.onnx', external: (location) => existsSync(join(folder, location)) });
  expect(inspectSites(model).sites).toMatchObject([{ name: 'first' }, { name: 'second', inputs: d, outputs: d }]);
  expect(externalLocations(model)).toEqual(['large.data']);
  const { together } = await lossesOf(model, 'large');
  expect(together).toEqual((await lossesOf(aModel(inFile), 'small')).together);
  expect((await stat(join(folder, 'large.training.onnx'))).size).toBeLessThan(20_000);
  expect((await stat(join(folder, 'large.data'))).size).toBe(offset + bytes.length);
});

test('a model in half precision keeps its rows apart, with A, B and the losses in float32', async () => {
  const half = (g: GraphBuilder, value: string) => g.node('Cast', [value], `${value}/half`, { to: float16 });
  const model = aModel((g) => half(g, inFile(g)), half);
  const { together, apart } = await lossesOf(model, 'half');
  expect(together).toEqual(apart);
  const full = (await lossesOf(aModel(inFile), 'full')).together;
  together.forEach((loss, i) => expect(loss).toBeCloseTo(full[i] ?? NaN, 1));
  expect(together).not.toEqual(full);
});

test('weights that are stored in half precision and multiplied in float32', async () => {
  const stored = (g: GraphBuilder) => g.node('Cast', [g.node('Cast', [inFile(g)], 'second.weight/half', { to: float16 })], 'second.weight/full', { to: 1 });
  const { together, apart } = await lossesOf(aModel(stored), 'stored');
  expect(together).toEqual(apart);
});

describe('linears whose weights are stored as small integers', () => {
  const step = 1 / 7;
  const whole = Float32Array.from(values(3, d * d), (v) => Math.trunc(v * 7));
  /** The same weights as floats, [in, out]. */
  const asFloats = (g: GraphBuilder) => g.weight('second.weight', whole.map((v) => v * step), [d, d]);

  async function expectLikeFloats(model: OnnxModel, { name, precision }: { name: string; precision: string }): Promise<void> {
    expect(inspectSites(model).sites[1]).toMatchObject({ name: 'second', inputs: d, outputs: d, precision });
    const { together, apart } = await lossesOf(model, name);
    expect(together).toEqual(apart);
    const floats = (await lossesOf(aModel(asFloats), `${name}-float`)).together;
    together.forEach((loss, i) => expect(loss).toBeCloseTo(floats[i] ?? NaN, 4));
  }

  test('int8 behind DequantizeLinear', () => expectLikeFloats(aModel((g) => {
    g.initializer(rawTensor({ name: 'second.weight', type: 'int8', shape: [d, d], rawData: new Uint8Array(Int8Array.from(whole).buffer) }));
    return g.node('DequantizeLinear', ['second.weight', g.weight('second.scale', Float32Array.of(step), [])], 'second.dequantised');
  }), { name: 'int8', precision: 'int8' }));

  test('int4 in MatMulNBits', () => {
    const model = aModel(asFloats);
    const g = graphBuilder({ name: 'four-bits', domains: { 'com.microsoft': 1 } });
    g.input('ids', 'int64', ['batch', 'time']);
    g.input('mask', 'int64', ['batch', 'time']);
    for (const tensor of model.graph.initializer) if (tensor.name !== 'second.weight') g.initializer(tensor);
    // Two values a byte, low half first, [out, block, bytes]; 8 stands for zero.
    const at = (output: number, input: number) => (whole[input * d + output] ?? 0) + 8;
    const packed = Uint8Array.from({ length: d * d / 2 }, (_, i) => { const [output, pair] = [Math.floor(i / 8), i % 8]; return at(output, 2 * pair) | (at(output, 2 * pair + 1) << 4); });
    g.initializer(rawTensor({ name: 'second.weight_Q4', type: 'uint8', shape: [d, 1, 8], rawData: packed }));
    g.weight('second.scales', new Float32Array(d).fill(step), [d]);
    for (const { opType, input, output, attribute } of model.graph.node) {
      if (output[0] === 'y') g.node('MatMulNBits', ['t', 'second.weight_Q4', 'second.scales'], 'y', { K: d, N: d, bits: 4, block_size: 16 }, 'com.microsoft');
      else g.node(opType, input, output[0] ?? '', Object.fromEntries(attribute.map(({ name, i }) => [name, Number(i)])));
    }
    g.output('features', 'float32', ['batch', d]);
    return expectLikeFloats(g.build(), { name: 'int4', precision: 'int4' });
  });
});
