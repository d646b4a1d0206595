import { lines, graphOf, zeros } from './rewrites.fixture.js';
import { pruneRows } from './prune-rows.js';

test('the choice of the first token moves in front of a linear and stops where all positions are read', () => {
  const graph = graphOf((g) => {
    const x = g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x');
    const keys = g.node('MatMul', [x, zeros(g, 'k', 4, 4)], 'keys');
    const scores = g.node('MatMul', [g.node('MatMul', [x, zeros(g, 'q', 4, 4)], 'queries'), g.node('Transpose', [keys], 'turned', { perm: [0, 2, 1] })], 'scores');
    const context = g.node('MatMul', [g.node('Softmax', [scores], 'shares', { axis: -1 }), x], 'context');
    const mlp = g.node('MatMul', [g.node('Add', [context, x], 'sum'), zeros(g, 'up', 4, 4)], 'mlp');
    g.output(g.node('Gather', [mlp, g.integers('first', [0], [])], 'features', { axis: 1 }), 'float32', ['batch', 4]);
  });
  expect(lines(pruneRows(graph))).toEqual([
    'Gather(table, ids) -> x',
    'MatMul(x, k) -> keys',
    'Gather(x, seedfleet/integers/0) -> selected/1/0/x',
    'MatMul(selected/1/0/x, q) -> queries',
    'Transpose(keys) -> turned',
    'MatMul(queries, turned) -> scores',
    'Softmax(scores) -> shares',
    'MatMul(shares, x) -> context',
    'Add(context, selected/1/0/x) -> sum',
    'MatMul(sum, up) -> mlp',
    'Gather(mlp, first) -> features',
  ]);
});

test('heads are split and joined at one position; a mask of all pairs is read at its row', () => {
  const graph = graphOf((g) => {
    const x = g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x');
    const split = g.node('Transpose', [g.node('Reshape', [x, g.integers('heads', [0, 0, 2, 2])], 'split')], 'turned', { perm: [0, 2, 1, 3] });
    const scores = g.node('MatMul', [split, g.node('Transpose', [split], 'keys', { perm: [0, 1, 3, 2] })], 'scores');
    const masked = g.node('Add', [scores, g.node('Unsqueeze', [g.node('Cast', ['mask'], 'maskf', { to: 1 }), g.integers('axes', [1, 2])], 'row')], 'masked');
    const context = g.node('Transpose', [g.node('MatMul', [masked, split], 'context')], 'back', { perm: [0, 2, 1, 3] });
    const joined = g.node('Reshape', [context, g.integers('join', [0, 0, -1])], 'joined');
    g.output(g.node('Gather', [joined, g.integers('last', [-1], [])], 'features', { axis: 1 }), 'float32', ['batch', 4]);
  });
  expect(lines(pruneRows(graph)).slice(3)).toEqual([
    'Transpose(turned) -> keys',
    'Gather(turned, seedfleet/integers/-1) -> selected/2/-1/turned',
    'MatMul(selected/2/-1/turned, keys) -> scores',
    'Cast(mask) -> maskf',
    'Unsqueeze(maskf, axes) -> row',
    'Add(scores, row) -> masked',
    'MatMul(masked, turned) -> context',
    'Transpose(context) -> back',
    'Reshape(back, join) -> joined',
    'Gather(joined, last) -> features',
  ]);
});

test('a graph that reads all positions stays as it is', () => {
  const graph = graphOf((g) => {
    const x = g.node('MatMul', [g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x'), zeros(g, 'w', 4, 4)], 'y');
    g.output(g.node('ReduceSum', [x, g.integers('time', [1])], 'features', { keepdims: 0 }), 'float32', ['batch', 4]);
  });
  expect(pruneRows(graph)).toBe(graph);
});
