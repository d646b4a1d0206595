import { graphBuilder, inspectSites, mergeAdapter, type GraphBuilder, type OnnxModel } from '@seedfleet/onnx';
import { d, floatWeight, int8Weight, linearBefore, step, values, type Form } from './exported-forms.fixture.js';
import { floats } from './forward.fixture.js';
import { apart, batchFor, run, trainedPlan, wordsBothWays, type MergeCase } from './merged.fixture.js';

const near = 1e-5;
const vocabulary = 9;
const answers = [7, 2, 5];

/** Embeddings, a linear, `form` [b, T, d], an output head: a language model without memory, whose logits at a token are those of any text that ends there. */
function causal(form: Form, head: (g: GraphBuilder, h: string) => string = (g, h) => g.node('MatMul', [h, g.weight('out.weight', values(5, d * vocabulary), [d, vocabulary])], 'logits')): OnnxModel {
  const g = graphBuilder({ name: 'causal', opset: 17, domains: { 'com.microsoft': 1 } });
  g.input('ids', 'int64', ['batch', 'time']);
  const x = g.node('Gather', [g.weight('table', values(1, vocabulary * d), [vocabulary, d]), 'ids'], 'x');
  g.output(head(g, form(g, linearBefore(g, x))), 'float32', ['batch', 'time', vocabulary]);
  return g.build();
}

const forms: Record<string, Form> = {
  'MatMul': (g, x) => g.node('MatMul', [x, g.weight('second.weight', floatWeight(), [d, d])], 'y'),
  'MatMul and Add': (g, x) => g.node('Add', [g.node('MatMul', [x, g.weight('second.weight', floatWeight(), [d, d])], 'product'), g.weight('second.bias', values(9, d), [d])], 'y'),
  'Gemm with beta': (g, x) => {
    const y = g.node('Gemm', [g.node('Reshape', [x, g.integers('flat', [-1, d])], 'x.flat'), g.weight('second.weight', floatWeight(), [d, d]), g.weight('second.bias', values(9, d), [d])], 'y.flat', { transB: 1, beta: { float: 2 } });
    return g.node('Reshape', [y, g.node('Shape', [x], 'x.shape')], 'y');
  },
  'a bias that another node reads, too': (g, x) => {
    const bias = g.weight('second.bias', values(9, d), [d]);
    return g.node('Add', [g.node('Tanh', [g.node('Add', [g.node('MatMul', [x, g.weight('second.weight', floatWeight(), [d, d])], 'product'), bias], 'sum')], 't'), bias], 'y');
  },
  'MatMulInteger': (g, x) => {
    const [q = '', s = '', z = ''] = g.nodes('DynamicQuantizeLinear', [x], ['q', 's', 'z']);
    const sums = g.node('Cast', [g.node('MatMulInteger', [q, int8Weight(g, 'second.weight_quantized'), z], 'sums')], 'sumsf', { to: 1 });
    return g.node('Mul', [sums, g.node('Mul', [s, g.weight('second.weight_scale', Float32Array.of(step), [])], 'scales')], 'y');
  },
};

async function expectSameWords(given: MergeCase & { answers?: readonly number[] }): Promise<void> {
  const { trained, merged, untrained, logits } = await wordsBothWays(given);
  expect(logits).toBeNull();
  expect(apart(trained, merged)).toBeLessThan(near);
  expect(apart(trained, untrained)).toBeGreaterThan(100 * near);
}

describe.each(['fp32', 'w8a8'] as const)('in %s, the merged model foretells what the training graph does at', (precision) => {
  test.each(Object.keys(forms))('%s: adapter, bias, or both, of a language model', async (name) => {
    const model = causal(forms[name] ?? fail());
    const all = inspectSites(model).sites.map((site) => site.name);
    const [first = '', second = ''] = all;
    for (const trained of [{ sites: all, biases: all }, { sites: [first], biases: [second] }, { sites: [], biases: [second] }]) {
      await expectSameWords({ model, precision, ...trained, examples: 3, tokens: 5, vocabulary });
    }
  });
  test.each(Object.keys(forms))('%s: those of the words of a verbalizer, behind each prompt', async (name) => {
    const model = causal(forms[name] ?? fail());
    const [first = '', second = ''] = inspectSites(model).sites.map((site) => site.name);
    await expectSameWords({ model, precision, sites: [first, second], biases: [second], examples: 3, tokens: 5, vocabulary, answers });
  });
});

test('an output head that is the transposed embedding can be trained and stays apart from it', async () => {
  const model = causal(forms['MatMul'] ?? fail(), (g, h) => g.node('MatMul', [h, g.node('Transpose', ['table'], 'table.t', { perm: [1, 0] })], 'logits'));
  const sites = inspectSites(model).sites.map((site) => site.name);
  for (const precision of ['fp32', 'w8a8'] as const) await expectSameWords({ model, precision, sites, biases: [sites.at(-1) ?? ''], examples: 3, tokens: 5, vocabulary });
});

test('a bias alone changes no weight and adds no product', async () => {
  const model = causal(forms['MatMul and Add'] ?? fail());
  const [, second = ''] = inspectSites(model).sites.map((site) => site.name);
  const { head: _, ...plan } = trainedPlan({ model, sites: [], biases: [second] });
  const { model: merged } = mergeAdapter(model, plan);
  const products = ({ graph }: OnnxModel) => graph.node.map(({ opType }) => opType);
  expect(products(merged)).toEqual(products(model));
  const changed = merged.graph.initializer.filter((tensor, i) => Buffer.compare(tensor.rawData, model.graph.initializer[i]?.rawData ?? new Uint8Array()) !== 0);
  expect(changed.map(({ name }) => name)).toEqual(['second.bias']);
  const batch = batchFor({ model, vocabulary });
  expect(floats((await run(merged, batch))['logits'])).not.toEqual(floats((await run(model, batch))['logits']));
});

function fail(): never {
  throw new Error('There is no such form.');
}
