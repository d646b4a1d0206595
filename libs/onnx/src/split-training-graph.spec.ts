import { graphBuilder } from './builder/graph-builder.js';
import { adapterInput, buildTrainingGraph } from './build-training-graph.js';
import { splitTrainingGraph } from './split-training-graph.js';

const width = 4;
const matrix = (values: number) => Float32Array.from({ length: values * width }, (_, i) => Math.sin(i));
const inputs = { ids: 'ids', mask: 'mask' };

/** Two linears, and between them angles of positions: a product of the sequence length with a row of frequencies, as rotary positions are exported. */
function modelWithAngles() {
  const g = graphBuilder({ name: 'angles' });
  g.input('ids', 'int64', ['batch', 'time']);
  g.input('mask', 'int64', ['batch', 'time']);
  const first = g.node('MatMul', [g.node('Gather', [g.weight('table', matrix(9), [9, width]), 'ids'], 'x'), g.weight('first.weight', matrix(width), [width, width])], 'first.y');
  const length = g.node('Gather', [g.node('Shape', ['ids'], 'shape'), g.integers('one', [1], [])], 'length');
  const positions = g.node('Cast', [g.node('Range', [g.integers('zero', [0], []), length, 'one'], 'range')], 'positions', { to: 1 });
  const angles = g.node('MatMul', [g.node('Unsqueeze', [positions, g.integers('axis', [1])], 'column'), g.weight('frequencies', matrix(1), [1, width])], 'angles');
  const second = g.node('MatMul', [first, g.weight('second.weight', matrix(width), [width, width])], 'second.y');
  g.output(g.node('ReduceMean', [g.node('Mul', [second, angles], 'turned')], 'features', { axes: [1], keepdims: 0 }), 'float32', ['batch', width]);
  return g.build();
}

test('angles of positions, which no text enters, are computed behind the frontier and never cross it', () => {
  const adapter = { site: 'second', input: adapterInput('second'), rank: 1, alpha: 1, a: new Float32Array(width) };
  const graph = buildTrainingGraph(modelWithAngles(), { output: 'features', inputs, classes: 2, adapters: [adapter], head: { weight: 'W', bias: 'b' } });
  const split = splitTrainingGraph(graph, { inputs });
  expect(split?.activations).not.toContain('angles');
  expect(split?.suffix.graph.node.flatMap(({ output }) => output)).toContain('angles');
  expect(split?.prefix.graph.node.flatMap(({ output }) => output)).toContain('first.y');
  expect(split?.suffix.graph.node.flatMap(({ output }) => output)).not.toContain('first.y');
});
