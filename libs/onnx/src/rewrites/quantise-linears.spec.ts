import { lines, graphOf, zeros } from './rewrites.fixture.js';
import { quantiseColumns, quantiseLinears } from './quantise-linears.js';

test('weights become int8 with one scale a column, its greatest magnitude 127', () => {
  // [2 inputs, 3 outputs]; by hand: columns of greatest magnitude 1.27, 2.54 and 0.
  const { integers, scales } = quantiseColumns(Float32Array.of(1.27, -2.54, 0, 0.3, 1, 0), { inputs: 2, outputs: 3, transposed: false });
  expect([...scales].map((scale) => scale.toFixed(4))).toEqual(['0.0100', '0.0200', '0.0000']);
  expect([...integers]).toEqual([127, -127, 0, 30, 50, 0]);
});

test('a transposed weight gives the same integers', () => {
  const { integers } = quantiseColumns(Float32Array.of(1.27, 0.3, -2.54, 1, 0, 0), { inputs: 2, outputs: 3, transposed: true });
  expect([...integers]).toEqual([127, -127, 0, 30, 50, 0]);
});

test('two linears of one value share its integers; what is no linear of the model stays', () => {
  const graph = graphOf((g) => {
    const x = g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x');
    g.node('MatMul', [x, zeros(g, 'q.weight', 4, 4)], 'q');
    g.node('MatMul', [x, zeros(g, 'v.weight', 4, 2)], 'v');
    g.node('MatMul', [x, zeros(g, 'seedfleet/adapter/q/A', 4, 1)], 'seedfleet/adapter/q/xA');
    g.output(g.node('MatMul', ['q', 'q'], 'y'), 'float32', ['batch', 4, 4]);
  });
  const written = lines(quantiseLinears(graph, { opset: 17 }));
  expect(written.filter((line) => line.startsWith('QuantizeLinear'))).toHaveLength(1);
  expect(written.filter((line) => line.startsWith('MatMulInteger'))).toEqual([
    'MatMulInteger(seedfleet/w8a8/x/uint8, seedfleet/w8a8/q.weight/int8, seedfleet/w8a8/constants/middle0) -> seedfleet/w8a8/q/sums',
    'MatMulInteger(seedfleet/w8a8/x/uint8, seedfleet/w8a8/v.weight/int8, seedfleet/w8a8/constants/middle0) -> seedfleet/w8a8/v/sums',
  ]);
  expect(written.filter((line) => line.startsWith('MatMul('))).toEqual(['MatMul(x, seedfleet/adapter/q/A) -> seedfleet/adapter/q/xA', 'MatMul(q, q) -> y']);
});

test('a weight that is renamed and turned, as a tied output head is, is quantised where it is stored', () => {
  const graph = graphOf((g) => {
    const x = g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x');
    const tied = g.node('Transpose', [g.node('Identity', ['table'], 'renamed')], 'tied');
    g.output(g.node('MatMul', [x, tied], 'y'), 'float32', ['batch', 4, 9]);
  });
  expect(lines(quantiseLinears(graph, { opset: 17 })).filter((line) => line.startsWith('MatMulInteger'))).toEqual([
    'MatMulInteger(seedfleet/w8a8/x/uint8, seedfleet/w8a8/table/transposed/int8, seedfleet/w8a8/constants/middle0) -> seedfleet/w8a8/y/sums',
  ]);
});

test('fused, the scale of a column is part of the product', () => {
  const graph = graphOf((g) => {
    const x = g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x');
    g.output(g.node('MatMul', [x, zeros(g, 'q.weight', 4, 2)], 'y'), 'float32', ['batch', 'time', 2]);
  });
  const fused = quantiseLinears(graph, { opset: 17, fused: true });
  expect(lines(fused).filter((line) => line.startsWith('MatMulInteger'))).toEqual([
    'MatMulIntegerToFloat(seedfleet/w8a8/x/uint8, seedfleet/w8a8/q.weight/int8, seedfleet/w8a8/constants/one, seedfleet/w8a8/q.weight/scales, seedfleet/w8a8/constants/middle0) -> seedfleet/w8a8/y/byColumn',
  ]);
  expect(fused.node.find(({ opType }) => opType === 'MatMulIntegerToFloat')?.domain).toBe('com.microsoft');
});

test('a model without a float32 linear is refused', () => {
  const graph = graphOf((g) => void g.output(g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'y'), 'float32', ['batch', 'time', 4]));
  expect(() => quantiseLinears(graph, { opset: 17 })).toThrow(expect.objectContaining({ code: 'model.not-quantisable', field: 'precision' }));
});
