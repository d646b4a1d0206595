import { graphBuilder, type GraphBuilder } from '../builder/graph-builder.js';
import { type OnnxModel } from '../graph/model.js';
import { floatsOf, rawTensor } from '../graph/tensor.js';
import { dequantise } from './dequantise.js';
import { lines } from './rewrites.fixture.js';

const bytes = (g: GraphBuilder, name: string, type: 'uint8' | 'int8', values: number[], shape: number[]) => g.initializer(rawTensor({ name, type, shape, rawData: Uint8Array.from(values) }));

function modelOf(write: (g: GraphBuilder) => string): OnnxModel {
  const g = graphBuilder({ name: 'quantised' });
  g.input('ids', 'int64', ['batch', 'time']);
  g.input('x', 'float32', ['batch', 2]);
  g.output(write(g), 'float32', []);
  return g.build();
}

/** As ONNX Runtime's dynamic quantisation spreads a linear over nodes. */
function spreadLinear(g: GraphBuilder, { scales, zeros }: { scales: number[]; zeros: number[] }): string {
  bytes(g, 'w_quantized', 'uint8', [130, 126, 128, 138], [2, 2]);
  g.weight('w_scale', Float32Array.from(scales), [scales.length]);
  bytes(g, 'w_zero', 'uint8', zeros, [zeros.length]);
  g.nodes('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']);
  g.node('MatMulInteger', ['q', 'w_quantized', 'z', 'w_zero'], 'sums');
  g.node('Cast', ['sums'], 'float', { to: 1 });
  g.node('Mul', ['s', 'w_scale'], 'scales');
  return g.node('Mul', ['float', 'scales'], 'y');
}

const floatIn = ({ graph }: OnnxModel, name: RegExp) => graph.initializer.filter((tensor) => name.test(tensor.name)).map((tensor) => [...floatsOf(tensor) ?? []]);

test.each([
  ['one scale for all columns', [0.5], [128], [1, -1, 0, 5]],
  ['one scale and zero point a column', [0.5, 0.25], [128, 126], [1, 0, 0, 3]],
])('a linear with %s becomes a MatMul of floats', (_, scales, zeros, weights) => {
  const float = dequantise(modelOf((g) => spreadLinear(g, { scales, zeros })));
  expect(lines(float.graph)).toEqual(['MatMul(x, float/w_quantized/w_scale) -> y']);
  expect(floatIn(float, /^float/)).toEqual([weights]);
});

test('a table that gives rows and, transposed, weights is one table of floats', () => {
  const float = dequantise(modelOf((g) => {
    bytes(g, 'table', 'int8', [2, 254, 0, 4], [2, 2]);
    g.weight('scale', Float32Array.of(0.5), []);
    const rows = g.node('DequantizeLinear', [g.node('Gather', ['table', 'ids'], 'rows'), 'scale'], 'rows.float');
    const weight = g.node('DequantizeLinear', [g.node('Transpose', ['table'], 'turned', { perm: [1, 0] }), 'scale'], 'turned.float');
    return g.node('MatMul', [rows, weight], 'y');
  }));
  expect(lines(float.graph)).toEqual([
    'Gather(float/table/scale, ids) -> float/rows/scale', 'Identity(float/rows/scale) -> rows.float',
    'Transpose(float/table/scale) -> float/turned/scale', 'Identity(float/turned/scale) -> turned.float', 'MatMul(rows.float, turned.float) -> y',
  ]);
  expect(floatIn(float, /^float/)).toEqual([[1, -1, 0, 2]]);
});

test('what is quantised while the graph runs stays', () => {
  const model = modelOf((g) => g.node('DequantizeLinear', [g.node('QuantizeLinear', ['x', g.weight('scale', Float32Array.of(0.5), [])], 'q'), 'scale'], 'y'));
  expect(lines(dequantise(model).graph)).toEqual(lines(model.graph));
});
