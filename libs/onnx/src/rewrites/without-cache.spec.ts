import { graphBuilder, type GraphBuilder } from '../builder/graph-builder.js';
import { type GraphProto } from '../generated/onnx_pb.js';
import { rawTensor } from '../graph/tensor.js';
import { inspectSites } from '../sites/inspect-sites.js';
import { lines, zeros } from './rewrites.fixture.js';
import { withoutCache } from './without-cache.js';

/** A graph that reads `outer` values of the graph around it. */
function branch(outer: readonly string[], build: (g: GraphBuilder) => void): GraphProto {
  const g = graphBuilder({ name: 'branch' });
  for (const name of outer) g.input(name, 'float32', ['batch', 4]);
  build(g);
  const { graph } = g.build();
  graph.input = [];
  return graph;
}

/** h -> y and present.0.key, in one of two branches. */
function merged(condition: (g: GraphBuilder) => string, inner: readonly string[] = ['q', 'k']) {
  const g = graphBuilder({ name: 'merged' });
  g.input('h', 'float32', ['batch', 4]);
  g.input('past_key_values.0.key', 'float32', ['batch', 4]);
  const [q = '', k = ''] = inner;
  const weight = (b: GraphBuilder, name: string) => zeros(b, name, 4, 4);
  const then = branch(['h', 'past_key_values.0.key'], (b) => {
    b.output(b.node('Add', ['h', 'past_key_values.0.key'], q), 'float32', []);
    b.output(b.node('Neg', [q], k), 'float32', []);
  });
  const otherwise = branch(['h', 'shared.weight'], (b) => {
    b.node('MatMul', ['h', weight(b, 'branch.weight')], q);
    b.output(b.node('MatMul', [q, 'shared.weight'], 'logits'), 'float32', []);
    b.output(b.node('Identity', ['h'], k), 'float32', []);
  });
  zeros(g, 'shared.weight', 4, 4);
  g.nodes('If', [condition(g)], ['y', 'present.0.key'], { then_branch: then, else_branch: otherwise });
  g.output('y', 'float32', ['batch', 4]);
  g.output('present.0.key', 'float32', ['batch', 4]);
  return g.build();
}
const flag = (g: GraphBuilder) => g.input('use_cache_branch', 'bool', [1]);

test('the branch without cache takes the place of the If, and past, present and the flag are gone', () => {
  const { graph } = withoutCache(merged(flag));
  expect(lines(graph)).toEqual(['MatMul(h, branch.weight) -> q', 'MatMul(q, shared.weight) -> y']);
  expect(graph.input.map(({ name }) => name)).toEqual(['h']);
  expect(graph.output.map(({ name }) => name)).toEqual(['y']);
  expect(inspectSites(merged(flag)).sites.map(({ name }) => name)).toEqual(['branch', 'shared']);
});

test('a present that the model reads, too, is an output no longer', () => {
  const g = graphBuilder({ name: 'read-inside' });
  g.input('h', 'float32', ['batch', 4]);
  g.output(g.node('Neg', ['h'], 'present.0.key'), 'float32', ['batch', 4]);
  g.output(g.node('Relu', ['present.0.key'], 'y'), 'float32', ['batch', 4]);
  const { graph } = withoutCache(g.build());
  expect(graph.output.map(({ name }) => name)).toEqual(['y']);
  expect(lines(graph)).toEqual(['Neg(h) -> present.0.key', 'Relu(present.0.key) -> y']);
});

test('names of a branch that the outer graph has, too, make way', () => {
  const { graph } = withoutCache(merged(flag, ['present.0.key', 'y']));
  expect(lines(graph)).toEqual(['MatMul(h, branch.weight) -> branch/present.0.key', 'MatMul(branch/present.0.key, shared.weight) -> y']);
});

test.each([[1, ['Add(h, past_key_values.0.key) -> y']], [0, ['MatMul(h, branch.weight) -> q', 'MatMul(q, shared.weight) -> y']]])('a constant condition of %i is known', (value, expected) => {
  const constant = (g: GraphBuilder) => g.node('Not', [g.initializer(rawTensor({ name: 'c', type: 'bool', shape: [1], rawData: Uint8Array.of(1 - value) }))], 'condition');
  expect(lines(withoutCache(merged(constant)).graph)).toEqual(expected);
});

test('an If on anything else stays, and a model without one is the same model', () => {
  const g = merged((b) => b.input('other', 'bool', [1]));
  expect(lines(withoutCache(g).graph)).toEqual([expect.stringMatching(/^If\(other\)/)]);
  const plain = graphBuilder({ name: 'plain' });
  plain.input('h', 'float32', ['batch', 4]);
  plain.output(plain.node('Relu', ['h'], 'y'), 'float32', ['batch', 4]);
  const model = plain.build();
  expect(withoutCache(model)).toBe(model);
});

test('a value that a branch only passes on, and one that it returns twice', () => {
  const g = graphBuilder({ name: 'passing' });
  g.input('h', 'float32', ['batch', 4]);
  const passing = branch(['h'], (b) => {
    b.output(b.node('Neg', ['h'], 'n'), 'float32', []);
    b.output('n', 'float32', []);
    b.output('h', 'float32', []);
  });
  g.nodes('If', [flag(g)], ['a', 'b', 'c'], { then_branch: passing, else_branch: passing });
  for (const name of ['a', 'b', 'c']) g.output(name, 'float32', ['batch', 4]);
  expect(lines(withoutCache(g.build()).graph)).toEqual(['Neg(h) -> a', 'Identity(a) -> b', 'Identity(h) -> c']);
});
