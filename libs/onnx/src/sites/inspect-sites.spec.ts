import { graphBuilder, type GraphBuilder } from '../builder/graph-builder.js';
import { externalTensor, float32Tensor, rawTensor } from '../graph/tensor.js';
import { inspectSites, requireSites } from './inspect-sites.js';

const zeros = (...shape: number[]) => new Float32Array(shape.reduce((a, b) => a * b, 1));

/** What the inspection says of a graph x [batch, 4] -> y. */
function inspected(build: (g: GraphBuilder) => void) {
  const g = graphBuilder({ name: 'case', domains: { 'com.microsoft': 1 } });
  g.input('x', 'float32', ['batch', 4]);
  build(g);
  return inspectSites(g.build());
}

describe('linears that an adapter can stand beside', () => {
  test('MatMul with an initializer is named after its weight', () => {
    const { sites } = inspected((g) => g.node('MatMul', ['x', g.weight('encoder.query.weight', zeros(4, 6), [4, 6])], 'y'));
    expect(sites).toEqual([{ name: 'encoder.query', node: 'y/MatMul', inputs: 4, outputs: 6, precision: 'float' }]);
  });
  test.each([[0, [4, 6]], [1, [6, 4]]])('Gemm with transB = %i', (transB, shape) => {
    const { sites } = inspected((g) => g.node('Gemm', ['x', g.weight('fc.weight', zeros(4, 6), shape)], 'y', { transB }));
    expect(sites).toMatchObject([{ name: 'fc', inputs: 4, outputs: 6 }]);
  });
  test('a weight in a Constant node, one outside the file, and one behind a Transpose', () => {
    const { sites } = inspected((g) => {
      g.node('Constant', [], 'fc1.weight', { value: float32Tensor({ name: '', values: zeros(4, 5), shape: [4, 5] }) });
      g.node('MatMul', ['x', 'fc1.weight'], 'h');
      g.initializer(externalTensor({ name: 'fc2.weight', shape: [5, 3], location: 'model.data', offset: 0, length: 60 }));
      g.node('MatMul', ['h', 'fc2.weight'], 'k');
      g.node('Transpose', [g.weight('fc3.weight', zeros(7, 3), [7, 3])], 'fc3.t', { perm: [1, 0] });
      g.node('MatMul', ['k', 'fc3.t'], 'y');
    });
    expect(sites.map(({ name, inputs, outputs }) => [name, inputs, outputs])).toEqual([['fc1', 4, 5], ['fc2', 5, 3], ['fc3', 3, 7]]);
  });
  test('a weight that a node unpacks shows how it is stored', () => {
    const { sites } = inspected((g) => {
      g.initializer(rawTensor({ name: 'fc.weight_quantized', type: 'int8', shape: [4, 6], rawData: new Uint8Array(24) }));
      g.node('DequantizeLinear', ['fc.weight_quantized', g.weight('s', zeros(1), [])], 'fc.float');
      g.node('MatMul', ['x', 'fc.float'], 'y');
    });
    expect(sites).toMatchObject([{ name: 'fc', precision: 'int8', inputs: 4, outputs: 6 }]);
  });
  test('MatMulNBits, whose packed weight has its sizes as attributes', () => {
    const { sites } = inspected((g) => g.node('MatMulNBits', ['x', g.weight('proj.weight_Q4', zeros(8), [8])], 'y', { K: 4, N: 9, bits: 4, block_size: 16 }, 'com.microsoft'));
    expect(sites).toMatchObject([{ name: 'proj', precision: 'int4', inputs: 4, outputs: 9 }]);
  });
  test.each(['onnx::MatMul_123', '/model/Transpose_output_0', 'val_7'])('where the exporter invented the weight name %s, the module is read from the node', (weight) => {
    const g = graphBuilder({ name: 'case' });
    g.input('x', 'float32', ['batch', 4]);
    g.node('MatMul', ['x', g.weight(weight, zeros(4, 4), [4, 4])], '/encoder/layer.0/attention/query');
    const model = g.build();
    expect(inspectSites(model).sites[0]?.name).toBe('encoder.layer.0.attention.query');
  });
  test('a weight that two linears share is two sites', () => {
    const { sites } = inspected((g) => {
      g.weight('tied.weight', zeros(4, 4), [4, 4]);
      g.node('MatMul', [g.node('MatMul', ['x', 'tied.weight'], 'h'), 'tied.weight'], 'y');
    });
    expect(sites.map(({ name }) => name)).toEqual(['tied', 'tied~2']);
  });
});

describe('linears that cannot have an adapter, with the reason', () => {
  test.each<[string, (g: GraphBuilder) => void, string]>([
    ['a product of computed values', (g) => g.nodes('MatMul', ['x', 'x'], ['y']), 'it multiplies two computed values: no weight is stored in the model'],
    ['a weight on the left', (g) => g.nodes('MatMul', [g.weight('w', zeros(4, 4), [4, 4]), 'x'], ['y']), 'its weight is the left factor'],
    ['a stack of matrices', (g) => g.nodes('MatMul', ['x', g.weight('w', zeros(2, 4, 4), [2, 4, 4])], ['y']), 'its weight has 3 axes, a linear has 2'],
    ['a fused attention', (g) => g.nodes('Attention', ['x', g.weight('qkv', zeros(4, 12), [4, 12])], ['y'], { num_heads: 1 }, 'com.microsoft'), 'the linear is hidden inside the fused node Attention; export without this fusion'],
    ['an integer product', (g) => g.nodes('MatMulInteger', ['x', g.weight('w', zeros(4, 4), [4, 4])], ['y']), 'MatMulInteger: its input is already quantised to integers, and the adapter needs the float one'],
    ['dynamic quantisation', (g) => g.nodes('DynamicQuantizeMatMul', ['x', g.weight('w', zeros(4, 4), [4, 4])], ['y'], {}, 'com.microsoft'), 'DynamicQuantizeMatMul: its scales are computed, not stored in the model'],
  ])('%s', (_, build, reason) => {
    const { sites, notAdaptable } = inspected(build);
    expect(sites).toEqual([]);
    expect(notAdaptable).toEqual([{ node: expect.stringContaining('y/'), reason }]);
  });
  test('attention without weights of its own hides no linear', () => {
    expect(inspected((g) => g.node('MultiHeadAttention', ['x', 'x', 'x'], 'y', { num_heads: 1 }, 'com.microsoft'))).toEqual({ sites: [], notAdaptable: [] });
  });
});

test('a model without a site is refused, with a reason where there is one', () => {
  const g = graphBuilder({ name: 'none' });
  g.input('x', 'float32', ['batch', 4]);
  g.node('Relu', ['x'], 'r');
  expect(() => requireSites(g.build())).toThrow(expect.objectContaining({ code: 'model.no-sites', problem: 'The model has no adapter site: it has no MatMul or Gemm node.' }));
  g.node('MatMul', ['r', 'x'], 'y');
  expect(() => requireSites(g.build())).toThrow(expect.objectContaining({ problem: 'The model has no adapter site: 1 linear cannot be adapted; y/MatMul: it multiplies two computed values: no weight is stored in the model.' }));
});
