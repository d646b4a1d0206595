import { float, inspectSites, mergeAdapter, rawTensor, writeModel, type GraphBuilder } from '@seedfleet/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { d, expectApart, linearBefore, lossesOfForm, modelAround, values, type Form } from './exported-forms.fixture.js';
import { floats, quiet } from './forward.fixture.js';

const heads = 2;
const microsoft = 'com.microsoft';
const linear = (g: GraphBuilder, x: string, name: string) => g.node('MatMul', [x, g.weight(`${name}.weight`, values(name.length, d * d), [d, d])], `${name}.y`);
const one = (g: GraphBuilder, name: string) => g.weight(name, Float32Array.from(values(11, d), (v) => 1 + v / 4), [d]);
const cosine = (g: GraphBuilder, angles = d / heads / 2) => g.weight('cos', values(12, 32 * angles), [32, angles]);
const sine = (g: GraphBuilder, angles = d / heads / 2) => g.weight('sin', values(13, 32 * angles), [32, angles]);
/** 0, 1, 2, ... in each example, [b, T], as decoders compute it from the mask. */
const positionIds = (g: GraphBuilder) => g.node('Sub', [g.node('CumSum', ['mask', g.integers('position.axis', [1], [])], 'position.count'), g.integers('position.one', [1])], 'position_ids');
const lengths = (g: GraphBuilder) => g.node('Cast', [g.node('Sub', [g.node('ReduceSum', ['mask', g.integers('length.axis', [1])], 'length.sum', { keepdims: 0 }), g.integers('length.one', [1])], 'length.last')], 'seqlens_k', { to: 6 });
const total = (g: GraphBuilder) => g.node('Cast', [g.node('Gather', [g.node('Shape', ['mask'], 'total.shape'), g.integers('total.axis', [1], [])], 'total.size', { axis: 0 })], 'total_sequence_length', { to: 6 });

/** A fused node between two linears: the first makes its inputs perturbed, the second adapts what comes out. */
const fusions: Record<string, Form> = {
  'SkipLayerNormalization, its sum read again': (g, x) => {
    const [y = '', , , sum = ''] = g.nodes('SkipLayerNormalization', [x, linearBefore(g, x), one(g, 'gamma'), one(g, 'beta')], ['norm', '', '', 'sum'], {}, microsoft);
    return g.node('Add', [linear(g, y, 'second'), sum], 'y');
  },
  'SkipSimplifiedLayerNormalization, its sum read again': (g, x) => {
    const [y = '', , , sum = ''] = g.nodes('SkipSimplifiedLayerNormalization', [linearBefore(g, x), x, one(g, 'gamma')], ['norm', '', '', 'sum'], {}, microsoft);
    return g.node('Add', [linear(g, y, 'second'), sum], 'y');
  },
  'RotaryEmbedding by position ids': (g, x) => linear(g, g.node('RotaryEmbedding', [linearBefore(g, x), positionIds(g), cosine(g), sine(g)], 'rotated', { num_heads: heads, rotary_embedding_dim: 0 }, microsoft), 'second'),
  'MultiHeadAttention with a padding mask': (g, x) => {
    const h = linearBefore(g, x);
    const mask = g.node('Cast', ['mask'], 'mask32', { to: 6 });
    return linear(g, g.node('MultiHeadAttention', [linear(g, h, 'q'), linear(g, h, 'k'), linear(g, x, 'v'), '', mask], 'context', { num_heads: heads }, microsoft), 'second');
  },
  'GroupQueryAttention with rotary positions': (g, x) => {
    const h = linearBefore(g, x);
    const project = (name: string, from: string, outputs: number) => g.node('MatMul', [from, g.weight(`${name}.weight`, values(outputs + name.length, d * outputs), [d, outputs])], `${name}.y`);
    const [y = ''] = g.nodes('GroupQueryAttention', [project('q', h, 2 * d), project('k', x, d), project('v', h, d), '', '', lengths(g), total(g), cosine(g, d / 2), sine(g, d / 2)],
      ['context', 'present.key', 'present.value'], { num_heads: 2, kv_num_heads: 1, do_rotary: 1 }, microsoft);
    return g.node('MatMul', [y, g.weight('second.weight', values(18, 2 * d * d), [2 * d, d])], 'second.y');
  },
  'FusedMatMul: scores of turned keys, a turned weight': (g, x) => {
    const h = linearBefore(g, x);
    const scores = g.node('FusedMatMul', [linear(g, h, 'q'), linear(g, x, 'key')], 'scores', { transB: 1, alpha: float(0.25) }, microsoft);
    const context = g.node('MatMul', [g.node('Softmax', [scores], 'attention', { axis: -1 }), linear(g, h, 'v')], 'context');
    return g.node('FusedMatMul', [context, g.weight('second.weight', values(14, d * d), [d, d])], 'second.y', { transB: 1 }, microsoft);
  },
  'FusedMatMul with turned rows': (g, x) => {
    const turned = g.node('Transpose', [linearBefore(g, x)], 'turned', { perm: [0, 2, 1] });
    return linear(g, g.node('FusedMatMul', [turned, g.weight('mixing.weight', values(14, d * d), [d, d])], 'mixed', { transA: 1, transB: 1 }, microsoft), 'second');
  },
  'Attention with query, key and value inside': (g, x) => {
    const mask = g.node('Cast', ['mask'], 'mask32', { to: 6 });
    return linear(g, g.node('Attention', [linearBefore(g, x), g.weight('qkv.weight', values(16, 3 * d * d), [d, 3 * d]), g.weight('qkv.bias', values(17, 3 * d), [3 * d]), mask], 'context', { num_heads: heads }, microsoft), 'second');
  },
};

describe('perturbed values pass through fused nodes of ONNX Runtime', () => {
  test.each(Object.entries(fusions))('%s', async (_, form) => {
    const model = modelAround(form);
    expectApart(await lossesOfForm(model));
    expectApart(await lossesOfForm(model, { sites: ['first'] }));
    expectApart(await lossesOfForm(model, { sites: ['second'] }));
  });
});

/** Operators that ONNX itself has from set 23 on. */
const newer: Record<string, Form> = {
  'Attention with a mask, RotaryEmbedding and RMSNormalization': (g, x) => {
    const h = g.node('RMSNormalization', [linearBefore(g, x), one(g, 'gamma')], 'norm', { axis: -1 });
    const tables = [cosine(g), sine(g), positionIds(g)];
    const rotated = (name: string) => g.node('RotaryEmbedding', [linear(g, h, name), ...tables], `${name}.rotated`, { num_heads: heads });
    // [b, 1, T, T]: what is seen from each position, padding from none.
    const seen = g.node('Cast', [g.node('Unsqueeze', ['mask', g.integers('seen.axes', [1, 2])], 'seen4')], 'seen', { to: 9 });
    const from = g.node('GreaterOrEqual', [g.node('Unsqueeze', ['mask', g.integers('from.axes', [1, 3])], 'from4'), g.integers('nothing', [0])], 'from');
    const mask = g.node('And', [seen, from], 'mask.pairs');
    return linear(g, g.node('Attention', [rotated('q'), rotated('key'), linear(g, x, 'v'), mask], 'context', { q_num_heads: heads, kv_num_heads: heads, is_causal: 0 }), 'second');
  },
};

test.each([23, 24, 26])('perturbed values pass through the attention of ONNX itself, operator set %i', async (opset) => {
  const [form = linearBefore] = Object.values(newer);
  const model = modelAround(form, { opset });
  expect(inspectSites(model).sites.map(({ name }) => name)).toEqual(['first', 'q', 'key', 'v', 'second']);
  expectApart(await lossesOfForm(model));
  expectApart(await lossesOfForm(model, { sites: ['key'] }));
  expectApart(await lossesOfForm(model, { plan: { precision: 'w8a8' } }));
  expectApart(await lossesOfForm(model, { sites: ['second'] }));
});

test('an int8 export keeps the attention of ONNX itself', async () => {
  const [form = linearBefore] = Object.values(newer);
  const model = modelAround(form, { opset: 23 });
  const feeds = { ids: new Tensor('int64', BigInt64Array.of(1n, 2n, 3n, 4n), [1, 4]), mask: new Tensor('int64', BigInt64Array.of(1n, 1n, 1n, 1n), [1, 4]) };
  const [float = [], int8 = []] = await Promise.all([model, mergeAdapter(model, { adapters: [], biases: [], precision: 'w8a8' }).model].map(async (each) => {
    const session = await InferenceSession.create(writeModel(each), quiet);
    const { features } = await session.run(feeds);
    await session.release();
    return [...floats(features)];
  }));
  const greatest = Math.max(...float.map(Math.abs));
  float.forEach((value, i) => expect(Math.abs((int8[i] ?? NaN) - value)).toBeLessThan(0.05 * greatest));
  expect(int8).not.toEqual(float);
});

test('linears inside of a fused node are listed with the reason', () => {
  const { sites, notAdaptable } = inspectSites(modelAround(fusions['Attention with query, key and value inside'] ?? linearBefore));
  expect(sites.map(({ name }) => name)).toEqual(['first', 'second']);
  expect(notAdaptable).toEqual([{ node: 'context/Attention', reason: 'the linear is hidden inside the fused node Attention; export without this fusion' }]);
});

test('a linear of the dynamic form that is not one, and so keeps its scale for the batch, is refused behind an adapter', async () => {
  const model = modelAround((g, x) => {
    const [q = '', s = ''] = g.nodes('DynamicQuantizeLinear', [linearBefore(g, x)], ['q', 's', 'z']);
    g.initializer(rawTensor({ name: 'w', type: 'int8', shape: [d, d], rawData: new Uint8Array(d * d).fill(1) }));
    // Without its zero point the integers mean something else.
    return g.node('Mul', [g.node('Cast', [g.node('MatMulInteger', [q, 'w'], 'sums')], 'sumsf', { to: 1 }), s], 'y');
  });
  expect(inspectSites(model).notAdaptable).toMatchObject([{ reason: expect.stringContaining('MatMulInteger') }]);
  await expect(lossesOfForm(model)).rejects.toMatchObject({ code: 'model.batch-coupled', field: 'q/DynamicQuantizeLinear' });
});
