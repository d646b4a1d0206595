import { graphBuilder, type GraphBuilder } from '../builder/graph-builder.js';
import { inferLayouts } from './infer-layouts.js';
import { type Dimension } from './dimension.js';
import { type Fact } from './fact.js';

/** `b`: the batch, `?`: a size that does not depend on it, `!`: unknown; `2b`: twice the batch. */
const spelled = (d: Dimension) => (d === null ? '!' : d.batch === 0 ? `${d.size ?? '?'}` : `${d.size === 1 ? '' : d.size ?? '?'}${'b'.repeat(d.batch)}`);
const described = (fact: Fact | undefined) => fact && `${fact.layout}${fact.layout === 'rows' ? ` on ${fact.axis}` : ''} [${fact.shape?.map(spelled).join(' ') ?? 'unknown'}]${fact.content ? ` = ${fact.content.map(spelled).join(' ')}` : ''}`;

/** What is known of `y` in a graph over x [batch, time, 8] and mask [batch, time]. */
function layoutOf(build: (g: GraphBuilder) => unknown): string | undefined {
  const g = graphBuilder({ name: 'case', domains: { custom: 1 } });
  g.input('x', 'float32', ['batch', 'time', 8]);
  g.input('mask', 'int64', ['batch', 'time']);
  build(g);
  return described(inferLayouts(g.build().graph).get('y'));
}
const constant = (g: GraphBuilder, name: string, ...shape: number[]) => g.weight(name, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);

test.each<[string, (g: GraphBuilder) => unknown, string]>([
  ['a linear keeps the examples in front', (g) => g.node('MatMul', ['x', constant(g, 'w', 8, 4)], 'y'), 'rows on 0 [b ? 4]'],
  ['a bias aligns from the back', (g) => g.node('Add', ['x', constant(g, 'w', 8)], 'y'), 'rows on 0 [b ? 8]'],
  ['a table of rows could be mistaken for the batch: nothing is said', (g) => g.node('Add', ['x', constant(g, 'w', 3, 1, 8)], 'y'), 'other [b ? 8]'],
  ['a mask for heads', (g) => g.node('Unsqueeze', ['mask', g.integers('axes', [1, 2])], 'y'), 'rows on 0 [b 1 1 ?]'],
  ['an axis put before the examples', (g) => g.node('Unsqueeze', ['mask', g.integers('axes', [0])], 'y'), 'rows on 1 [1 b ?]'],
  ['heads', (g) => g.node('Transpose', [g.node('Reshape', ['x', g.integers('s', [0, 0, 2, 4])], 'r')], 'y', { perm: [0, 2, 1, 3] }), 'rows on 0 [b 2 ? 4]'],
  ['folded time', (g) => g.node('Reshape', ['x', g.integers('s', [-1, 8])], 'y'), 'rows on 0 [?b 8]'],
  ['sequence first', (g) => g.node('Transpose', ['x'], 'y', { perm: [1, 0, 2] }), 'rows on 1 [? b 8]'],
  ['a sequence-first mask meets sequence-first rows', (g) => g.node('Mul', [g.node('Transpose', ['x'], 't', { perm: [1, 0, 2] }), g.node('Unsqueeze', [g.node('Transpose', ['mask'], 'm', { perm: [1, 0] }), g.integers('axes', [2])], 'm3')], 'y'), 'rows on 1 [? b 8]'],
  ['a mean over time', (g) => g.node('ReduceMean', ['x'], 'y', { axes: [1], keepdims: 0 }), 'rows on 0 [b 8]'],
  ['a mean over the batch', (g) => g.node('ReduceMean', ['x'], 'y', { axes: [0], keepdims: 0 }), 'other [? 8]'],
  ['a softmax over the batch', (g) => g.node('Softmax', ['x'], 'y', { axis: 0 }), 'other [b ? 8]'],
  ['an embedding', (g) => g.node('Gather', [constant(g, 'w', 9, 4), 'mask'], 'y', { axis: 0 }), 'rows on 0 [b ? 4]'],
  ['the first token', (g) => g.node('Gather', ['x', g.integers('zero', [0], [])], 'y', { axis: 1 }), 'rows on 0 [b 8]'],
  ['one example', (g) => g.node('Gather', ['x', g.integers('zero', [0], [])], 'y', { axis: 0 }), 'other [? 8]'],
  ['the number of examples', (g) => g.node('Gather', [g.node('Shape', ['mask'], 's'), g.integers('zero', [0], [])], 'y'), 'other [] = b'],
  ['the length of the sequence', (g) => g.node('Gather', [g.node('Shape', ['mask'], 's'), g.integers('one', [1], [])], 'y'), 'free [] = ?'],
  ['twice the batch', (g) => g.node('Mul', [g.node('Gather', [g.node('Shape', ['mask'], 's'), g.integers('zero', [0])], 'n'), g.integers('two', [2])], 'y'), 'other [1] = 2b'],
  ['one index an example', (g) => g.node('Range', [g.integers('zero', [0], []), g.node('Gather', [g.node('Shape', ['mask'], 's'), g.integers('z', [0], [])], 'n'), g.integers('one', [1], [])], 'y'), 'other [b]'],
  ['positions', (g) => g.node('Range', [g.integers('zero', [0], []), g.node('Gather', [g.node('Shape', ['mask'], 's'), g.integers('o', [1], [])], 'n'), g.integers('one', [1], [])], 'y'), 'free [?]'],
  ['a constant expanded to the batch', (g) => g.node('Expand', [constant(g, 'w', 1, 1), g.node('Shape', ['mask'], 's')], 'y'), 'rows on 0 [b ?]'],
  ['attention scores of different examples', (g) => g.node('MatMul', [g.node('Reshape', ['x', g.integers('s', [0, -1])], 'f'), g.node('Transpose', ['f'], 't', { perm: [1, 0] })], 'y'), 'other [b b]'],
  ['an operator without a rule', (g) => g.node('Mystery', ['x'], 'y', {}, 'custom'), 'other [unknown]'],
  ['constants of an operator without a rule', (g) => g.node('Mystery', [constant(g, 'w', 2)], 'y', {}, 'custom'), 'free [unknown]'],
])('%s', (_, build, expected) => expect(layoutOf(build)).toBe(expected));
