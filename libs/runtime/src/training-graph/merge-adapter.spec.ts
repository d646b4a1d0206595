import { externalLocations, externalTensor, embedWeights, float32Tensor, graphBuilder, inspectSites, mergeAdapter, rawTensor, readModel, separateWeights, tensorBytes, weightBytes, writeModel, type GraphBuilder, type OnnxModel } from '@seedfleet/onnx';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { InferenceSession } from 'onnxruntime-node';
import { d, floatWeight, int8Weight, linearBefore, modelAround, step, values, whole, type Form } from './exported-forms.fixture.js';
import { floats, quiet } from './forward.fixture.js';
import { apart, batchFor, logitsBothWays, run, trainedPlan, type MergeCase } from './merged.fixture.js';
import { blocks, pools, smallModel, vocabulary, width } from './small-models.fixture.js';

const near = 1e-5;

async function expectSameLogits(given: MergeCase): Promise<OnnxModel> {
  const { trained, merged, graph } = await logitsBothWays(given);
  expect(apart(trained, merged)).toBeLessThan(near);
  // Without the adapters the logits are others: they are in the merged model.
  const { head } = trainedPlan(given);
  const { model, logits } = mergeAdapter(given.model, { adapters: [], biases: [], head });
  expect(apart(trained, floats((await run(model, batchFor(given)))[logits ?? '']))).toBeGreaterThan(100 * near);
  return graph;
}

const pool = Object.keys(pools) as (keyof typeof pools)[];
const block = Object.keys(blocks) as (keyof typeof blocks)[];

test.each(['fp32', 'w8a8'] as const)('a merged model has the logits of its adapter in the training graph, %s: any stack of blocks, adapters and biases at any sites', async (precision) => {
  const cases = fc.record({
    blocks: fc.array(fc.constantFrom(...block), { maxLength: 4 }), by: fc.constantFrom(...pool), opset: fc.constantFrom(13, 17, 18, 21),
    chosen: fc.infiniteStream(fc.boolean()), examples: fc.integer({ min: 2, max: 4 }), tokens: fc.integer({ min: 1, max: 6 }), seed: fc.nat(1000),
  });
  await fc.assert(fc.asyncProperty(cases, async ({ blocks: stack, by, opset, chosen, ...sizes }) => {
    const model = smallModel({ blocks: ['linear', ...stack], pool: by, opset, seed: sizes.seed });
    const [sites, biases] = [1, 2].map(() => inspectSites(model).sites.map(({ name }) => name).filter(() => chosen.next().value));
    const { trained, merged } = await logitsBothWays({ ...sizes, model, sites: sites ?? [], biases: biases ?? [], precision, width, vocabulary });
    expect(apart(trained, merged)).toBeLessThan(near);
  }), { numRuns: 40 });
}, 120_000);

/** A linear behind an adapted one, in the form that an exporter writes. */
const after = (form: Form) => modelAround((g, x) => form(g, linearBefore(g, x)));
const scale = (g: GraphBuilder) => g.weight('second.weight_scale', Float32Array.of(step), []);
const half = (g: GraphBuilder, type: 'float16' | 'bfloat16', bits: (value: number) => number) => g.initializer(rawTensor({ name: 'second.weight', type, shape: [d, d], rawData: new Uint8Array(Uint16Array.from(floatWeight(), bits).buffer) }));
const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
/** IEEE half precision of a number that it holds exactly. */
const float16Bits = (value: number) => (value === 0 ? 0 : ((bitsOf(value) >>> 16) & 0x8000) | ((((bitsOf(value) >>> 23) & 0xff) - 112) << 10) | ((bitsOf(value) >>> 13) & 0x3ff));

describe('weights that an adapter is folded into', () => {
  /** Nothing is left of the adapter but changed weights: as many products as the model has. */
  async function expectFolded(form: Form): Promise<OnnxModel> {
    const model = after(form);
    const graph = await expectSameLogits({ model });
    expect(productsOf(graph)).toBe(productsOf(model) + 1);
    return graph;
  }
  const productsOf = ({ graph: { node } }: OnnxModel) => node.filter(({ opType }) => ['MatMul', 'Gemm', 'FusedMatMul'].includes(opType)).length;

  test('a float32 weight keeps its name', async () => {
    const graph = await expectFolded((g, x) => g.node('MatMul', [x, g.weight('second.weight', floatWeight(), [d, d])], 'y'));
    expect(graph.graph.initializer.map(({ name }) => name)).toEqual(expect.arrayContaining(['first.weight', 'second.weight']));
  });
  test('Gemm with transB, alpha and beta', () => expectFolded((g, x) => {
    const flat = g.node('Reshape', [x, g.integers('flat', [-1, d])], 'x.flat');
    const y = g.node('Gemm', [flat, g.weight('second.weight', floatWeight(), [d, d]), g.weight('second.bias', values(9, d), [d])], 'y.flat', { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } });
    return g.node('Reshape', [y, g.node('Shape', [x], 'x.shape')], 'y');
  }));
  test('FusedMatMul with a turned weight has the logits of a MatMul', async () => {
    // The training graph does not know FusedMatMul: the same adapter on the same product, written otherwise, is what to compare with.
    const turned = Float32Array.from({ length: d * d }, (_, i) => (floatWeight()[(i % d) * d + Math.floor(i / d)] ?? NaN) / 4);
    const plain = after((g, x) => g.node('MatMul', [x, g.weight('second.weight', turned, [d, d])], 'y'));
    const fused = after((g, x) => g.node('FusedMatMul', [x, g.weight('second.weight', floatWeight(), [d, d])], 'y', { transB: 1, alpha: { float: 0.25 } }, 'com.microsoft'));
    const [one, other] = await Promise.all([plain, fused].map(async (model) => floats((await run(mergeAdapter(model, trainedPlan({ model })).model, batchFor({ model })))['logits'])));
    expect(apart(one ?? new Float32Array(), other ?? new Float32Array())).toBeLessThan(near);
  });
  test('float16 and bfloat16 that are cast to float32', async () => {
    for (const [type, bits] of [['float16', float16Bits], ['bfloat16', (value: number) => bitsOf(value) >>> 16]] as const) {
      const graph = await expectFolded((g, x) => g.node('MatMul', [x, g.node('Cast', [half(g, type, bits)], 'second.float', { to: 1 })], 'y'));
      // One float32 tensor, so that nothing is rounded to the half again.
      expect(graph.graph.initializer.find(({ name }) => name === 'second.weight')?.dataType).toBe(1);
    }
  });
  test('a weight in a Constant node', () => expectFolded((g, x) => {
    g.node('Constant', [], 'second.weight', { value: float32Tensor({ name: '', values: floatWeight(), shape: [d, d] }) });
    return g.node('MatMul', [x, 'second.weight'], 'y');
  }));
  test('a slice of a fused projection', async () => {
    const model = after((g, x) => {
      const y = g.node('MatMul', [x, g.weight('qkv.weight', floatWeight(3 * d), [d, 3 * d])], 'qkv.y');
      const [q = '', k = '', v = ''] = g.nodes('Split', [y, g.integers('sizes', [d, d, d])], ['q', 'k', 'v'], { axis: -1 });
      return g.node('Sub', [g.node('Mul', [q, k], 'qk'), v], 'y');
    });
    for (const precision of ['fp32', 'w8a8'] as const) await expectSameLogits({ model, precision, sites: ['first', 'qkv[0:16]', 'qkv[32:48]'] });
  });
  test('a tied weight is copied: the embeddings stay as they were', async () => {
    const model = modelAround((g, x) => g.node('MatMul', [g.node('MatMul', [linearBefore(g, x), g.node('Transpose', ['table'], 'table.t', { perm: [1, 0] })], '/head'), g.weight('back.weight', values(7, 9 * d), [9, d])], 'y'));
    const graph = await expectSameLogits({ model });
    const stored = (of: OnnxModel, name: string) => of.graph.initializer.find((tensor) => tensor.name === name)?.rawData;
    expect(stored(graph, 'table')).toEqual(stored(model, 'table'));
    expect(stored(graph, 'head.weight')).toHaveLength(4 * 9 * d);
  });
  test('one weight of two linears becomes two', async () => {
    const model = after((g, x) => g.node('MatMul', [g.node('MatMul', [x, g.weight('shared.weight', floatWeight(), [d, d])], 'once'), 'shared.weight'], 'y'));
    expect(inspectSites(model).sites.map(({ name }) => name)).toEqual(['first', 'shared', 'shared~2']);
    await expectSameLogits({ model });
  });
});

describe('weights that stay as they are, with the adapter beside them', () => {
  const quantised = (g: GraphBuilder, x: string) => g.nodes('DynamicQuantizeLinear', [x], ['q', 's', 'z']);
  test.each<[string, Form]>([
    ['DynamicQuantizeLinear and MatMulInteger', (g, x) => {
      const [q = '', s = '', z = ''] = quantised(g, x);
      const sums = g.node('Cast', [g.node('MatMulInteger', [q, int8Weight(g, 'second.weight_quantized'), z], 'sums')], 'sumsf', { to: 1 });
      return g.node('Mul', [sums, g.node('Mul', [s, scale(g)], 'scales')], 'y');
    }],
    ['DynamicQuantizeMatMul', (g, x) => g.node('DynamicQuantizeMatMul', [x, int8Weight(g, 'second.weight_quantized'), scale(g), '', g.weight('second.bias', values(9, d), [d])], 'y', {}, 'com.microsoft')],
    ['int8 behind DequantizeLinear', (g, x) => g.node('MatMul', [x, g.node('DequantizeLinear', [int8Weight(g, 'second.weight'), scale(g)], 'second.float')], 'y')],
    ['MatMulNBits of 8 bits', (g, x) => {
      const at = Uint8Array.from({ length: d * d }, (_, i) => (whole()[(i % d) * d + Math.floor(i / d)] ?? 0) + 128);
      g.initializer(rawTensor({ name: 'second.weight_Q8', type: 'uint8', shape: [d, 1, d], rawData: at }));
      return g.node('MatMulNBits', [x, 'second.weight_Q8', g.weight('second.scales', new Float32Array(d).fill(step), [d])], 'y', { K: d, N: d, bits: 8, block_size: d }, 'com.microsoft');
    }],
  ])('%s', async (_, form) => {
    const model = after(form);
    const graph = await expectSameLogits({ model });
    const stored = new Map(graph.graph.initializer.map((tensor) => [tensor.name, tensor.rawData]));
    for (const { name, rawData } of model.graph.initializer.filter((tensor) => tensor.name.startsWith('second.weight'))) expect(stored.get(name)).toEqual(rawData);
    // Only the quantised one: the first linear is float32.
    await expectSameLogits({ model, sites: [inspectSites(model).sites[1]?.name ?? ''] });
  });
  test('a product in half precision, to the digits that it has', async () => {
    const model = after((g, x) => g.node('Cast', [g.node('MatMul', [g.node('Cast', [x], 'x.half', { to: 10 }), half(g, 'float16', float16Bits)], 'y.half')], 'y', { to: 1 }));
    const { trained, merged } = await logitsBothWays({ model });
    expect(apart(trained, merged)).toBeLessThan(2 ** -11);
  });
});

describe('what a model gave before, it gives still', () => {
  test('with nothing trained, bit for bit', async () => {
    const model = smallModel({ blocks: ['attention', 'residual'], pool: 'mean' });
    const batch = batchFor({ model, vocabulary });
    const { model: merged, logits } = mergeAdapter(model, { adapters: [], biases: [] });
    expect(logits).toBeNull();
    expect(floats((await run(merged, batch))['features'])).toEqual(floats((await run(model, batch))['features']));
  });
  test('inputs and outputs have their names, the head adds one more', () => {
    const model = smallModel({ blocks: ['attention'], pool: 'last' });
    const { model: { graph } } = mergeAdapter(model, trainedPlan({ model, width }));
    expect([graph.input, graph.output].map((list) => list.map(({ name }) => name))).toEqual([['ids', 'mask'], ['features', 'logits']]);
  });
  test('a model with logits of its own keeps them', async () => {
    const model = modelAround((g, x) => {
      const y = linearBefore(g, x);
      g.output(g.node('MatMul', [y, g.weight('vocabulary.weight', values(5, d * 9), [d, 9])], 'logits'), 'float32', ['batch', 'time', 9]);
      return y;
    });
    const graph = await expectSameLogits({ model, sites: ['first'] });
    expect(graph.graph.output.map(({ name }) => name)).toEqual(['logits', 'features', 'head_logits']);
  });
  test('a decoder keeps its cache', () => {
    const g = graphBuilder({ name: 'decoder' });
    g.input('ids', 'int64', ['batch', 'time']);
    g.input('past_key_values.0.key', 'float32', ['batch', 'past', d]);
    const x = g.node('MatMul', [g.node('Gather', [g.weight('table', values(1, 9 * d), [9, d]), 'ids'], 'x'), g.weight('key.weight', floatWeight(), [d, d])], 'k');
    g.output(g.node('Concat', ['past_key_values.0.key', x], 'present.0.key', { axis: 1 }), 'float32', ['batch', 'all', d]);
    g.output(g.node('Tanh', ['present.0.key'], 'last_hidden_state'), 'float32', ['batch', 'all', d]);
    const { model: { graph } } = mergeAdapter(g.build(), { adapters: [{ site: 'key', a: values(1, d), b: values(2, d), rank: 1, alpha: 1 }], biases: [] });
    expect([graph.input, graph.output].map((list) => list.map(({ name }) => name))).toEqual([['ids', 'past_key_values.0.key'], ['present.0.key', 'last_hidden_state']]);
  });
  test('pooled by the mean inside of the model', async () => {
    const model = modelAround((g, x) => { g.output(x, 'float32', ['batch', 'time', d]); return linearBefore(g, x); });
    for (const by of ['mean', 'first', 'last'] as const) await expectSameLogits({ model, sites: ['first'], output: 'first.t', pool: by });
  });
  test('a merged model can be merged again', async () => {
    const model = after((g, x) => g.node('MatMul', [x, g.node('DequantizeLinear', [int8Weight(g, 'second.weight'), scale(g)], 'second.float')], 'y'));
    const { model: once } = mergeAdapter(model, trainedPlan({ model }));
    expect(mergeAdapter(once, trainedPlan({ model: once, sites: ['first', 'second'] })).logits).toBe('head_logits');
    await expectSameLogits({ model: once, sites: ['first', 'second'] });
  });
});

describe('trained biases', () => {
  const beta = Float64Array.from(values(70, width), (value) => value / 2);
  test.each(['linear.0', 'gemm.0', 'turned.0'] as const)('are added to the output of %s', async (site) => {
    const kind = { 'linear.0': 'linear', 'gemm.0': 'foldedGemm', 'turned.0': 'transposedGemm' } as const;
    const stack = { blocks: [kind[site], 'norm', 'residual'], pool: 'mean' } as const;
    const batch = batchFor({ model: smallModel(stack), vocabulary });
    // linear and gemm have a bias of their own that the builder can shift; turned has none.
    const shifted = smallModel({ ...stack, adjust: (name, given) => (name === `${site}.bias` ? given.map((value, i) => value + (beta[i] ?? NaN)) : given) });
    for (const precision of ['fp32', 'w8a8'] as const) {
      const plain = floats((await run(mergeAdapter(smallModel(stack), { adapters: [], biases: [], precision }).model, batch))['features']);
      const merged = floats((await run(mergeAdapter(smallModel(stack), { adapters: [], biases: [{ site, values: beta }], precision }).model, batch))['features']);
      expect(apart(plain, merged)).toBeGreaterThan(0.01);
      if (site !== 'turned.0') expect(apart(floats((await run(mergeAdapter(shifted, { adapters: [], biases: [], precision }).model, batch))['features']), merged)).toBeLessThan(near);
    }
  });
  test('a Gemm without a bias gets one behind it', async () => {
    const build = (bias: boolean) => {
      const g = graphBuilder({ name: 'gemm' });
      g.input('ids', 'int64', ['batch']);
      g.node('Gather', [g.weight('table', values(1, 9 * d), [9, d]), 'ids'], 'x');
      const y = g.node('Gemm', ['x', g.weight('fc.weight', floatWeight(), [d, d]), ...(bias ? [g.weight('fc.bias', values(8, d), [d])] : [])], 'y');
      g.output(y, 'float32', ['batch', d]);
      return g.build();
    };
    const { ids } = batchFor({ model: build(true), tokens: 1 });
    const feeds = { ids: ids?.reshape([2]) ?? fail() };
    const merged = mergeAdapter(build(false), { adapters: [], biases: [{ site: 'fc', values: values(8, d) }] }).model;
    expect(apart(floats((await run(build(true), feeds))['y']), floats((await run(merged, feeds))['y']))).toBeLessThan(near);
  });
});

test('a site that the model does not have is refused by name', () => {
  const model = smallModel({ blocks: ['linear'], pool: 'mean' });
  expect(() => mergeAdapter(model, { adapters: [{ site: 'absent', a: [], b: [], rank: 1, alpha: 1 }], biases: [] })).toThrow(expect.objectContaining({ code: 'model.site-unknown', problem: expect.stringContaining('"absent"') }));
});

test('texts about the file stand in its metadata, once each', () => {
  const model = smallModel({ blocks: ['linear'], pool: 'mean' });
  const metadata = (texts: Record<string, string>, of = model) => mergeAdapter(of, { adapters: [], biases: [], metadata: texts }).model;
  const props = metadata({ labels: '["x"]' }, metadata({ labels: '["a"]', state: 'b' })).proto.metadataProps.map(({ key, value }) => [key, value]);
  expect(props).toEqual([['state', 'b'], ['labels', '["x"]']]);
});

describe('weights in other files', () => {
  let folder: string;
  beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'seedfleet-merge-')); });
  afterAll(async () => { await rm(folder, { recursive: true }); });
  const large = 64;
  const build = (weight: (g: GraphBuilder, name: string, seed: number) => string) => {
    const g = graphBuilder({ name: 'external' });
    for (const name of ['ids', 'mask']) g.input(name, 'int64', ['batch', 'time']);
    const x = g.node('Gather', [g.weight('table', values(1, 9 * large), [9, large]), 'ids'], 'x');
    const y = g.node('MatMul', [g.node('Tanh', [g.node('MatMul', [x, weight(g, 'first', 2)], 'h')], 't'), weight(g, 'second', 3)], 'y');
    g.output(g.node('ReduceMean', [y], 'features', { axes: [1], keepdims: 0 }), 'float32', ['batch', large]);
    return g.build();
  };
  const inside = build((g, name, seed) => g.weight(`${name}.weight`, values(seed, large * large), [large, large]));
  const bytes = 4 * large * large;
  const outside = build((g, name, seed) => g.initializer(externalTensor({ name: `${name}.weight`, shape: [large, large], location: 'base.data', offset: (seed - 2) * bytes, length: bytes })));
  const data = new Uint8Array(Float32Array.from([...values(2, large * large), ...values(3, large * large)]).buffer);
  const read = (location: string, { offset, length }: { offset: number; length: number }) => { expect(location).toBe('base.data'); return data.subarray(offset, offset + length); };
  const adapter = { site: 'first', a: values(4, large), b: values(5, large), rank: 1, alpha: 1 };
  const batch = batchFor({ model: inside });

  test('are read where they change, and become one file', async () => {
    const { model } = mergeAdapter(outside, { adapters: [adapter], biases: [], read });
    expect(externalLocations(model)).toEqual(['base.data']);
    const single = embedWeights(model, read);
    expect(externalLocations(single)).toEqual([]);
    expect(weightBytes(single)).toBe(2 * bytes + 4 * 9 * large);
    const expected = mergeAdapter(inside, { adapters: [adapter], biases: [] }).model;
    expect(floats((await run(single, batch))['features'])).toEqual(floats((await run(expected, batch))['features']));
  });

  test('in eight bits, too: their integers are those of the same weights in the file', async () => {
    const plan = { adapters: [adapter], biases: [], precision: 'w8a8' } as const;
    const expected = mergeAdapter(inside, plan).model;
    const { model } = mergeAdapter(outside, { ...plan, read: fail });
    expect(() => writeModel(model)).toThrow('has no bytes yet');
    const single = embedWeights(model, read);
    expect(single.graph.initializer.map(({ name, rawData }) => [name, ...rawData])).toEqual(expected.graph.initializer.map(({ name, rawData }) => [name, ...rawData]));
    expect(floats((await run(single, batch))['features'])).toEqual(floats((await run(expected, batch))['features']));
  });

  test('or are written beside the model', async () => {
    const { model } = mergeAdapter(outside, { adapters: [adapter], biases: [], read });
    const { model: separate, placed } = separateWeights(model, { location: 'merged.data' });
    expect(placed.map(({ tensor: { name }, offset, length }) => [name, offset, length])).toEqual([['first.weight', 0, bytes], ['second.weight', bytes, bytes]]);
    const file = new Uint8Array(2 * bytes);
    for (const part of placed) file.set(tensorBytes(part, read), part.offset);
    await writeFile(join(folder, 'merged.data'), file);
    await writeFile(join(folder, 'merged.onnx'), writeModel(separate));
    expect(readModel(writeModel(separate)).graph.initializer.map(({ name, rawData }) => [name, rawData.length])).toEqual([['table', 4 * 9 * large], ['first.weight', 0], ['second.weight', 0]]);
    const session = await InferenceSession.create(join(folder, 'merged.onnx'), quiet);
    const { features } = await session.run(batch);
    await session.release();
    expect(floats(features)).toEqual(floats((await run(mergeAdapter(inside, { adapters: [adapter], biases: [] }).model, batch))['features']));
  });
});

function fail(): never {
  throw new Error('Nothing was to be read here.');
}
