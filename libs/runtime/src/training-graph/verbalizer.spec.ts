import { adapterInput, buildTrainingGraph, buildVerbalizerGraph, graphBuilder, inspectSites, rawTensor, writeModel, type GraphBuilder, type OnnxModel } from '@seedfleet/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { d, values } from './exported-forms.fixture.js';
import { crossEntropies, floats, onlyKnown, quiet } from './forward.fixture.js';

const vocabulary = 12;
const [rows, examples, tokens, rank] = [3, 3, 5, 2];
const answers = [7, 2, 9];
const ids = new Tensor('int64', BigInt64Array.from([1, 2, 3, 4, 8, 6, 5, 4, 0, 0, 3, 3, 9, 1, 0], BigInt), [examples, tokens]);
const answer = [4, 2, 3];
const labels = [2, 0, 1];
const int64 = (of: number[]) => new Tensor('int64', BigInt64Array.from(of, BigInt), [examples]);

type Head = (g: GraphBuilder, h: string) => string;
const table = () => values(1, vocabulary * d);
/** [d, vocabulary], where the table is its transpose. */
const turned = () => {
  const from = table();
  return Float32Array.from({ length: d * vocabulary }, (_, i) => from[(i % vocabulary) * d + Math.floor(i / vocabulary)] ?? NaN);
};
const heads = {
  'a matrix': (g, h) => g.node('MatMul', [h, g.weight('out.weight', turned(), [d, vocabulary])], 'logits'),
  'the transposed embedding': (g, h) => g.node('MatMul', [h, g.node('Transpose', ['table'], 'table/t', { perm: [1, 0] })], 'logits'),
  'a matrix in half precision': (g, h) => g.node('MatMul', [h, g.node('Cast', [g.node('Cast', [g.weight('out.weight', turned(), [d, vocabulary])], 'half', { to: 10 })], 'full', { to: 1 })], 'logits'),
  'a matrix, a bias and a cap': (g, h) => {
    const biased = g.node('Add', [g.node('MatMul', [h, g.weight('out.weight', turned(), [d, vocabulary])], 'product'), g.weight('out.bias', values(9, vocabulary), [vocabulary])], 'biased');
    const cap = g.weight('cap', Float32Array.of(3), []);
    return g.node('Mul', [g.node('Tanh', [g.node('Div', [biased, cap], 'small')], 'capped'), cap], 'logits');
  },
  'a matrix of eight bits in blocks': (g, h) => {
    const from = table();
    const bytes = Uint8Array.from({ length: vocabulary * 2 * d }, (_, i) => 128 + Math.round(100 * (i % (2 * d) < d ? from[Math.floor(i / (2 * d)) * d + i % (2 * d)] ?? 0 : 0)));
    g.initializer(rawTensor({ name: 'out.weight_Q8', type: 'uint8', shape: [vocabulary, 1, 2 * d], rawData: bytes }));
    const points = g.initializer(rawTensor({ name: 'out.points', type: 'uint8', shape: [vocabulary], rawData: new Uint8Array(vocabulary).fill(128) }));
    return g.node('MatMulNBits', [h, 'out.weight_Q8', g.weight('out.scales', Float32Array.from({ length: vocabulary }, (_, i) => (1 + i / 9) / 100), [vocabulary]), points], 'logits', { K: d, N: vocabulary, bits: 8, block_size: 2 * d }, 'com.microsoft');
  },
  'something that is no linear': (g, h) => g.node('Sin', [g.node('MatMul', [h, g.weight('out.weight', turned(), [d, vocabulary])], 'product')], 'logits'),
} as const satisfies Record<string, Head>;

const int8Head = (g: GraphBuilder) => g.initializer(rawTensor({ name: 'out.weight_quantized', type: 'int8', shape: [d, vocabulary], rawData: Uint8Array.from(turned(), (w) => Math.round(100 * w)) }));
const columnScales = (g: GraphBuilder) => g.weight('out.weight_scale', Float32Array.from({ length: vocabulary }, (_, i) => (1 + i / 9) / 100), [vocabulary]);
const columnZeros = (g: GraphBuilder) => g.initializer(rawTensor({ name: 'out.weight_zero_point', type: 'int8', shape: [vocabulary], rawData: Uint8Array.from({ length: vocabulary }, (_, i) => i % 3) }));
/** Heads with dynamic quantisation, which a training graph does token by token. */
const dynamicHeads: Record<string, Head> = {
  'nodes, one scale': (g, h) => {
    const [q = '', s = '', z = ''] = g.nodes('DynamicQuantizeLinear', [h], ['q8', 's8', 'z8']);
    return g.node('Mul', [g.node('Cast', [g.node('MatMulInteger', [q, int8Head(g), z], 'sums')], 'sumsf', { to: 1 }), g.node('Mul', [s, g.weight('out.weight_scale', Float32Array.of(0.01), [])], 'scales')], 'logits');
  },
  'nodes, a scale and a zero point for each word': (g, h) => {
    const [q = '', s = '', z = ''] = g.nodes('DynamicQuantizeLinear', [h], ['q8', 's8', 'z8']);
    const sums = g.node('Cast', [g.node('MatMulInteger', [q, int8Head(g), z, columnZeros(g)], 'sums')], 'sumsf', { to: 1 });
    return g.node('Add', [g.node('Mul', [g.node('Mul', [sums, s], 'byToken'), columnScales(g)], 'product'), g.weight('out.bias', values(9, vocabulary), [vocabulary])], 'logits');
  },
  'DynamicQuantizeMatMul': (g, h) => g.node('DynamicQuantizeMatMul', [h, int8Head(g), columnScales(g), columnZeros(g), g.weight('out.bias', values(9, vocabulary), [vocabulary])], 'logits', {}, 'com.microsoft'),
};

/** Embeddings, causal attention of one head, a linear, the head. @param adjust changes weights by their name */
function model(head: Head, adjust: (name: string, w: Float32Array) => Float32Array = (_, w) => w): OnnxModel {
  const g = graphBuilder({ name: 'causal' });
  g.input('ids', 'int64', ['batch', 'time']);
  const weight = (name: string, seed: number) => g.weight(`${name}.weight`, adjust(name, values(seed, d * d)), [d, d]);
  const x = g.node('Gather', [g.weight('table', table(), [vocabulary, d]), 'ids'], 'x');
  const [q = '', k = '', v = ''] = ['q', 'k', 'v'].map((name, i) => g.node('MatMul', [x, weight(name, 20 + i)], `${name}.y`));
  const time = g.node('Gather', [g.node('Shape', ['ids'], 'shape'), g.integers('one', [1], [])], 'length', { axis: 0 });
  const at = g.node('Range', [g.integers('zero', [0], []), time, 'one'], 'at');
  const later = g.node('Greater', [g.node('Unsqueeze', [at, g.integers('axis0', [0])], 'row'), g.node('Unsqueeze', [at, g.integers('axis1', [1])], 'column')], 'later');
  const hidden = g.node('Mul', [g.node('Cast', [later], 'laterf', { to: 1 }), g.weight('large', Float32Array.of(-1e4), [])], 'hidden');
  const scores = g.node('Add', [g.node('MatMul', [q, g.node('Transpose', [k], 'k.t', { perm: [0, 2, 1] })], 'scores'), hidden], 'masked');
  const context = g.node('MatMul', [g.node('Softmax', [scores], 'weights', { axis: -1 }), v], 'context');
  const h = g.node('Tanh', [g.node('Add', [g.node('MatMul', [context, weight('fc', 30)], 'fc.y'), x], 'sum')], 'h');
  g.output(head(g, h), 'float32', ['batch', 'time', vocabulary]);
  return g.build();
}

interface Trained { adapters: readonly string[]; biases: readonly string[] }
const inputsOf = ({ adapters, biases }: Trained): [string, number[]][] => [...adapters.map((site): [string, number[]] => [adapterInput(site), [rank, d]]), ...biases.map((site): [string, number[]] => [adapterInput(`${site}.bias`), [d]])];
const plan = ({ adapters, biases }: Trained) => ({
  output: 'logits', inputs: { ids: 'ids' }, answers,
  adapters: adapters.map((site, i) => ({ site, input: adapterInput(site), a: values(40 + i, d * rank), rank, alpha: rank })), biases: biases.map((site) => ({ site, input: adapterInput(`${site}.bias`) })),
});
const valueOf = (i: number, shape: number[]) => values(60 + i, rows * shape.reduce((a, b) => a * b, 1)).map((value) => 0.4 * value);

async function lossesOf(graph: OnnxModel, trained: Trained, others: Record<string, Tensor> = {}): Promise<{ together: number[]; apart: number[] }> {
  const session = await InferenceSession.create(writeModel(graph), quiet);
  const run = async (first: number, count: number) => {
    const feeds = inputsOf(trained).map(([name, shape], i): [string, Tensor] => {
      const [all, size] = [valueOf(i, shape), shape.reduce((a, b) => a * b, 1)];
      return [name, new Tensor('float32', all.slice(first * size, (first + count) * size), [count, ...shape])];
    });
    const { losses, logits } = await session.run(onlyKnown(session, { ids, labels: int64(labels), answer: int64(answer), ...others, ...Object.fromEntries(feeds) }));
    expect([losses?.dims, logits?.dims]).toEqual([[count, examples], [count, examples, answers.length]]);
    return [...floats(losses)];
  };
  const apart: number[] = [];
  if (Object.keys(others).length === 0) for (let p = 0; p < rows; p++) apart.push(...await run(p, 1));
  const together = await run(0, rows);
  await session.release();
  return { together, apart };
}

/** The plain model with what is trained in its weights; its logits at the answer, of the words, in float64 from there. */
async function expected(head: Head, trained: Trained): Promise<number[]> {
  const losses: number[] = [];
  for (let p = 0; p < rows; p++) {
    const merged = (name: string, w: Float32Array) => {
      const i = trained.adapters.indexOf(name);
      if (i < 0) return w;
      const [a, b] = [values(40 + i, d * rank), valueOf(i, [rank, d]).subarray(p * rank * d)];
      return w.map((value, at) => value + [0, 1].reduce((sum, r) => sum + (a[Math.floor(at / d) * rank + r] ?? NaN) * (b[r * d + (at % d)] ?? NaN), 0));
    };
    const session = await InferenceSession.create(writeModel(model(head, merged)), quiet);
    const logits = floats((await session.run({ ids }))['logits']);
    await session.release();
    const words = Float32Array.from(answer.flatMap((at, i) => answers.map((id) => logits[(i * tokens + at) * vocabulary + id] ?? NaN)));
    const identity = Float32Array.from({ length: 9 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    losses.push(...crossEntropies({ features: words, w: identity, bias: new Float32Array(3), labels, classes: 3 }));
  }
  return losses;
}

describe('the loss of an answer is that of the model with merged weights, among the words, where the answer starts', () => {
  test.each(Object.keys(heads) as (keyof typeof heads)[])('with an output head that is %s', async (name) => {
    for (const adapters of [['q', 'fc'], ['k'], ['v', 'fc'], ['fc']]) {
      const trained = { adapters, biases: [] };
      const { together, apart } = await lossesOf(buildVerbalizerGraph(model(heads[name]), plan(trained)), trained);
      expect(together).toEqual(apart);
      (await expected(heads[name], trained)).forEach((loss, i) => expect(Math.abs((together[i] ?? NaN) - loss)).toBeLessThanOrEqual(5e-6 * Math.max(1, loss)));
      const all = await lossesOf(buildVerbalizerGraph(model(heads[name]), { ...plan(trained), positions: 'all' }), trained);
      all.together.forEach((loss, i) => expect(together[i]).toBeCloseTo(loss, 5));
    }
  });
  test.each(['a matrix', 'the transposed embedding', 'a matrix in half precision', 'a matrix, a bias and a cap', 'a matrix of eight bits in blocks'] as const)('only the columns of the words are multiplied: %s', (name) => {
    const { graph } = buildVerbalizerGraph(model(heads[name]), plan({ adapters: ['fc'], biases: [] }));
    const wide = graph.initializer.filter(({ name: stored, dims }) => stored !== 'table' && dims.some((size) => Number(size) === vocabulary));
    expect(wide.map((tensor) => tensor.name)).toEqual([]);
  });
  test('an adapter at the output head keeps its columns', async () => {
    const trained = { adapters: ['fc'], biases: [] };
    const graph = buildVerbalizerGraph(model(heads['a matrix']), { ...plan(trained), biases: [{ site: 'out', input: 'B/out.bias' }] });
    expect(graph.graph.initializer.find(({ name }) => name === 'out.weight')?.dims).toEqual([BigInt(d), BigInt(vocabulary)]);
  });
  test.each(Object.keys(dynamicHeads))('quantised as the graph runs, the columns of the words have the bits that they have among all: %s', async (name) => {
    const quantised = model(dynamicHeads[name] ?? heads['a matrix']);
    const trained = { adapters: ['fc'], biases: [] };
    const narrow = buildVerbalizerGraph(quantised, plan(trained));
    const { together, apart } = await lossesOf(narrow, trained);
    expect(together).toEqual(apart);
    const wide = (graph: OnnxModel) => graph.graph.initializer.filter(({ name: stored, dims }) => stored !== 'table' && dims.some((size) => Number(size) === vocabulary)).length;
    expect(wide(narrow)).toBe(0);
    // A bias at the head counts on all of its columns; this one is zero.
    const bias = { site: inspectSites(quantised).sites.at(-1)?.name ?? '', input: 'B/out.bias' };
    const all = buildVerbalizerGraph(quantised, { ...plan(trained), biases: [bias] });
    expect(wide(all)).toBeGreaterThan(0);
    expect((await lossesOf(all, trained, { [bias.input]: new Tensor('float32', new Float32Array(rows * vocabulary), [rows, vocabulary]) })).together).toEqual(together);
  });
  test('in W8A8 parallel rows have the losses of separate ones, near those in float32', async () => {
    const trained = { adapters: ['v'], biases: ['fc'] };
    const { together, apart } = await lossesOf(buildVerbalizerGraph(model(heads['a matrix']), { ...plan(trained), precision: 'w8a8' }), trained);
    expect(together).toEqual(apart);
    const full = await lossesOf(buildVerbalizerGraph(model(heads['a matrix']), plan(trained)), trained);
    full.together.forEach((loss, i) => expect(together[i]).toBeCloseTo(loss, 0));
  });
});

test('a bias moves the output of its linear as one in the model would', async () => {
  // The same plan with the bias written into the model, as an Add behind the linear.
  const trained = { adapters: ['q'], biases: ['v', 'fc'] };
  const { together, apart } = await lossesOf(buildVerbalizerGraph(model(heads['a matrix']), plan(trained)), trained);
  expect(together).toEqual(apart);
  for (let p = 0; p < rows; p++) {
    const only = { adapters: ['q'], biases: [] };
    const shifted = await lossesOf(buildVerbalizerGraph(graphWithBiases(p), plan(only)), only);
    shifted.together.slice(p * examples, (p + 1) * examples).forEach((loss, i) => expect(together[p * examples + i]).toBeCloseTo(loss, 5));
  }
});

/** The model with row p of both biases as constants. */
function graphWithBiases(p: number): OnnxModel {
  const plain = model(heads['a matrix']);
  const g = graphBuilder({ name: 'biased' });
  g.input('ids', 'int64', ['batch', 'time']);
  for (const tensor of plain.graph.initializer) g.initializer(tensor);
  const bias = { 'v.y': 1, 'fc.y': 2 } as Record<string, number>;
  for (const { opType, input, output, attribute } of plain.graph.node) {
    const attributes = Object.fromEntries(attribute.map(({ name, i, ints }) => [name, ints.length > 0 ? ints.map(Number) : Number(i)]));
    const [y = ''] = output;
    const at = bias[y];
    if (at === undefined) g.node(opType, input, y, attributes);
    else g.node('Add', [g.node(opType, input, `${y}/base`, attributes), g.weight(`${y}/bias`, valueOf(at, [d]).slice(p * d, (p + 1) * d), [d])], y);
  }
  g.output('logits', 'float32', ['batch', 'time', vocabulary]);
  return g.build();
}

test('answers beyond the vocabulary, and a plan that trains nothing, are refused', () => {
  const trained = { adapters: ['fc'], biases: [] };
  expect(() => buildVerbalizerGraph(model(heads['a matrix']), { ...plan(trained), answers: [1, 12] })).toThrow(expect.objectContaining({ code: 'model.output-unknown', field: 'answers' }));
  expect(() => buildVerbalizerGraph(model(heads['a matrix']), plan({ adapters: [], biases: [] }))).toThrow(expect.objectContaining({ code: 'model.site-unknown' }));
  expect(() => buildTrainingGraph(model(heads['a matrix']), { output: 'h', pool: 'mean', inputs: { ids: 'ids' }, classes: 2, adapters: [], head: { weight: 'w', bias: 'b' } })).toThrow(expect.objectContaining({ code: 'model.input-unknown', field: 'inputs.mask' }));
  expect(inspectSites(model(heads['a matrix'])).sites.map(({ name }) => name)).toEqual(['q', 'k', 'v', 'fc', 'out']);
});
