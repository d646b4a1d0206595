import { graphBuilder, inspectSites, writeModel, type GraphBuilder, type OnnxModel } from '@seedfleet/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { d, expectApart, lossesOfForm, meanOf, values } from './exported-forms.fixture.js';
import { crossEntropies, floats, quiet } from './forward.fixture.js';

const microsoft = 'com.microsoft';
const matrix = (g: GraphBuilder, name: string) => g.weight(`${name}.weight`, values(20 + name.length, d * d).map((v) => 0.6 * v), [d, d]);

interface Decoder { past?: boolean; positionIds?: boolean; grouped?: boolean }

/** Embeddings and one layer of causal attention; returns the hidden states [b, T, d] and declares `present` where a past goes in. */
function layer(g: GraphBuilder, { past = false, positionIds = false, grouped = false }: Decoder): string {
  let x = g.node('Gather', [g.weight('table', values(1, 9 * d), [9, d]), 'ids'], 'x');
  if (positionIds) x = g.node('Add', [x, g.node('Gather', [g.weight('positions', values(2, 16 * d).map((v) => 0.3 * v), [16, d]), 'position_ids'], 'position')], 'placed');
  const [q = '', k = '', v = ''] = ['q', 'key', 'value'].map((name) => g.node('MatMul', [x, matrix(g, name)], `${name}.y`));
  const context = grouped ? groupedAttention(g, { q, k, v }) : plainAttention(g, { q, k, v, past });
  return g.node('Tanh', [g.node('MatMul', [g.node('Add', [context, x], 'residual'), matrix(g, 'out')], 'out.y')], 'last_hidden_state');
}

/** One head; keys and values of the past stand before those of the text, and the causal mask is as wide as both. */
function plainAttention(g: GraphBuilder, { q, k, v, past }: { q: string; k: string; v: string; past: boolean }): string {
  const axis = g.integers('head.axis', [1]);
  const split = (value: string) => g.node('Unsqueeze', [value, axis], `${value}/head`);
  const withPast = (value: string, name: string) => (past ? g.output(g.node('Concat', [g.input(`past_key_values.0.${name}`, 'float32', ['batch', 1, 'past', d]), split(value)], `present.0.${name}`, { axis: 2 }), 'float32', ['batch', 1, 'all', d]) : split(value));
  const [query, key, value] = [split(q), withPast(k, 'key'), withPast(v, 'value')];
  const scores = g.node('MatMul', [query, g.node('Transpose', [key], 'keys', { perm: [0, 1, 3, 2] })], 'scores');
  // Later positions and padding are hidden: the lower triangle of [T, past + T], and the mask of each text.
  const size = (of: string, at: number, name: string) => g.node('Gather', [g.node('Shape', [of], `${name}.shape`), g.integers(`${name}.index`, [at])], name, { axis: 0 });
  const ones = g.node('Expand', [g.weight('one', Float32Array.of(1), []), g.node('Concat', [size(q, 1, 'rows'), size(key, 2, 'columns')], 'triangle.shape', { axis: 0 })], 'ones');
  const seen = g.node('Mul', [g.node('Trilu', [ones], 'triangle', { upper: 0 }), g.node('Unsqueeze', [g.node('Cast', ['mask'], 'maskf.seen', { to: 1 }), g.integers('seen.axes', [1, 2])], 'seen.mask')], 'seen');
  const hidden = g.node('Mul', [g.node('Sub', [seen, g.weight('one.less', Float32Array.of(1), [])], 'unseen'), g.weight('large', Float32Array.of(1e4), [])], 'hidden');
  const weights = g.node('Softmax', [g.node('Add', [scores, hidden], 'masked.scores')], 'attention', { axis: -1 });
  return g.node('Squeeze', [g.node('MatMul', [weights, value], 'context.head'), axis], 'context');
}

function groupedAttention(g: GraphBuilder, { q, k, v }: { q: string; k: string; v: string }): string {
  const last = g.node('Sub', [g.node('ReduceSum', ['mask', g.integers('length.axis', [1])], 'length', { keepdims: 0 }), g.integers('length.one', [1])], 'last');
  const total = g.node('Gather', [g.node('Shape', ['mask'], 'total.shape'), g.integers('total.axis', [1], [])], 'total.size', { axis: 0 });
  const past = ['key', 'value'].map((name) => g.input(`past_key_values.0.${name}`, 'float32', ['batch', 1, 'past', d]));
  const [context = ''] = g.nodes('GroupQueryAttention', [q, k, v, ...past, g.node('Cast', [last], 'seqlens', { to: 6 }), g.node('Cast', [total], 'total', { to: 6 })],
    ['context', 'present.0.key', 'present.0.value'], { num_heads: 1, kv_num_heads: 1 }, microsoft);
  for (const name of ['key', 'value']) g.output(`present.0.${name}`, 'float32', ['batch', 1, 'all', d]);
  return context;
}

function decoder(options: Decoder, finish: (g: GraphBuilder, hidden: string) => void = (g, hidden) => g.output(hidden, 'float32', ['batch', 'time', d])): OnnxModel {
  const g = graphBuilder({ name: 'decoder', domains: { [microsoft]: 1 } });
  g.input('ids', 'int64', ['batch', 'time']);
  g.input('mask', 'int64', ['batch', 'time']);
  if (options.positionIds) g.input('position_ids', 'int64', ['batch', 'time']);
  finish(g, layer(g, options));
  return g.build();
}

const byLast = { plan: { output: 'last_hidden_state', pool: 'last' } } as const;

describe('decoders with a past and position ids', () => {
  test.each<[string, Decoder]>([['keys and values joined to a past', { past: true }], ['position ids', { positionIds: true }], ['both', { past: true, positionIds: true }], ['GroupQueryAttention with a past', { grouped: true, positionIds: true }]])('%s', async (_, options) => {
    expectApart(await lossesOfForm(decoder(options), byLast));
    expectApart(await lossesOfForm(decoder(options), { ...byLast, sites: ['out'] }));
    expectApart(await lossesOfForm(decoder(options), { ...byLast, sites: ['key'] }));
  });
  test('an empty past is no past', async () => {
    expect(await lossesOfForm(decoder({ past: true }), byLast)).toEqual(await lossesOfForm(decoder({}), byLast));
  });
  test('padding may stand on either side of a text', async () => {
    const model = decoder({ positionIds: true });
    const right = await lossesOfForm(model, byLast);
    const left = await lossesOfForm(model, { ...byLast, padding: 'left' });
    right.together.forEach((loss, i) => expect(left.together[i]).toBeCloseTo(loss, 5));
    expect(left.together).toEqual(left.apart);
  });
});

test('a merged decoder is trained as the decoder in its branch without cache', async () => {
  const inner = graphBuilder({ name: 'no-cache' });
  for (const name of ['ids', 'mask']) inner.input(name, 'int64', ['batch', 'time']);
  inner.output(layer(inner, {}), 'float32', ['batch', 'time', d]);
  const otherwise = inner.build().graph;
  otherwise.input = [];
  const cached = graphBuilder({ name: 'with-cache' });
  cached.input('past_key_values.0.key', 'float32', ['batch', 1, 'past', d]);
  cached.output(cached.node('Neg', ['past_key_values.0.key'], 'x'), 'float32', []);
  const then = cached.build().graph;
  then.input = [];
  const g = graphBuilder({ name: 'merged' });
  for (const name of ['ids', 'mask']) g.input(name, 'int64', ['batch', 'time']);
  g.input('past_key_values.0.key', 'float32', ['batch', 1, 'past', d]);
  g.nodes('If', [g.input('use_cache_branch', 'bool', [1])], ['last_hidden_state'], { then_branch: then, else_branch: otherwise });
  g.output('last_hidden_state', 'float32', ['batch', 'time', d]);
  const model = g.build();
  expect(inspectSites(model).sites.map(({ name }) => name)).toEqual(['q', 'key', 'value', 'out']);
  const merged = await lossesOfForm(model, byLast);
  expectApart(merged);
  expect(merged).toEqual(await lossesOfForm(decoder({}), byLast));
});

describe('the head reads the output that the plan names', () => {
  const several = decoder({}, (g, hidden) => {
    g.output(hidden, 'float32', ['batch', 'time', d]);
    g.output(g.node('MatMul', [hidden, matrix(g, 'vocabulary')], 'logits'), 'float32', ['batch', 'time', d]);
    g.output(meanOf(g, hidden), 'float32', ['batch', d]);
  });
  /** Row p of the head that the fixture feeds when nothing else is adapted. */
  const head = (p: number) => ({ w: values(60, 6 * d).subarray(p * 2 * d, (p + 1) * 2 * d).map((v) => 0.1 * v), bias: values(61, 6).subarray(2 * p, 2 * p + 2).map((v) => 0.1 * v) });
  const mask = [[1, 1, 1, 1], [1, 1, 0, 0]];
  const pools = {
    mean: (text: Float32Array[], seen: number[]) => Float32Array.from({ length: d }, (_, j) => text.reduce((sum, token, t) => sum + (token[j] ?? NaN) * (seen[t] ?? 0), 0) / seen.reduce((a, b) => a + b)),
    first: ([token = new Float32Array(0)]: Float32Array[]) => token,
    last: (text: Float32Array[], seen: number[]) => text[seen.lastIndexOf(1)] ?? new Float32Array(0),
  };
  test.each(['mean', 'first', 'last'] as const)('by %s of logits and hidden states', async (pool) => {
    const session = await InferenceSession.create(writeModel(several), quiet);
    const run = await session.run({ ids: new Tensor('int64', BigInt64Array.of(1n, 2n, 3n, 4n, 8n, 6n, 0n, 0n), [2, 4]), mask: new Tensor('int64', BigInt64Array.from(mask.flat(), BigInt), [2, 4]) });
    for (const output of ['last_hidden_state', 'logits']) {
      const all = floats(run[output]);
      const texts = [0, 1].map((i) => [0, 1, 2, 3].map((t) => all.subarray((4 * i + t) * d, (4 * i + t + 1) * d)));
      const features = Float32Array.from(texts.flatMap((text, i) => [...pools[pool](text, mask[i] ?? [])]));
      const { together } = await lossesOfForm(several, { sites: [], plan: { output, pool } });
      [0, 1, 2].flatMap((p) => crossEntropies({ features, ...head(p), labels: [0, 1], classes: 2 })).forEach((loss, i) => expect(together[i]).toBeCloseTo(loss, 5));
      expectApart(await lossesOfForm(several, { plan: { output, pool }, sites: ['value'] }));
    }
    await session.release();
  });
  test('a pooled output needs no pool', async () => expectApart(await lossesOfForm(several, { sites: ['q', 'out'] })));
  test('one vector a token is refused without a pool', async () => {
    await expect(lossesOfForm(several, { plan: { output: 'logits' }, sites: ['q'] })).rejects.toMatchObject({ code: 'model.output-unknown', problem: expect.stringContaining('3 axes') });
  });
});
