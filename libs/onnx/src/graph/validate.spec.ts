import { InvariantError } from '@seedfleet/errors';
import { graphBuilder, type GraphBuilder } from '../builder/graph-builder.js';

const build = (write: (g: GraphBuilder) => void) => () => {
  const g = graphBuilder({ name: 'case' });
  g.input('x', 'float32', ['batch', 2]);
  write(g);
  return g.build();
};

test.each<[string, (g: GraphBuilder) => void, string]>([
  ['a value used before it is made', (g) => { g.node('Relu', ['later'], 'y'); g.node('Relu', ['x'], 'later'); }, 'reads "later" before anything makes it'],
  ['a value that nothing makes', (g) => g.node('Relu', ['nowhere'], 'y'), 'reads "nowhere" before anything makes it'],
  ['a value made twice', (g) => { g.node('Relu', ['x'], 'y'); g.node('Tanh', ['x'], 'y'); }, '"y" is made twice'],
  ['an output that nothing makes', (g) => g.output('y', 'float32', []), 'nothing makes the output "y"'],
  ['two initializers of one name', (g) => { g.integers('n', [1]); g.integers('n', [2]); }, 'two initializers share a name'],
  ['two inputs of one name', (g) => g.input('x', 'float32', []), 'two inputs are named "x"'],
])('%s breaks a graph', (_, write, problem) => {
  expect(build(write)).toThrow(InvariantError);
  expect(build(write)).toThrow(problem);
});

test('a missing optional input is no missing value', () => {
  expect(build((g) => g.output(g.node('Clip', ['x', '', ''], 'y'), 'float32', []))().graph.node).toHaveLength(1);
});

test('a tensor whose values do not fill its shape is refused', () => {
  expect(build((g) => g.weight('w', new Float32Array(3), [2, 2]))).toThrow('Tensor w has 3 values, its shape [2, 2] holds 4.');
});
