import { graphBuilder } from '../builder/graph-builder.js';
import { onlyOutputs } from './only-outputs.js';
import { lines } from './rewrites.fixture.js';

test('a model that gives one of its outputs computes nothing for the others, even where it needs their values', () => {
  const g = graphBuilder({ name: 'case' });
  g.input('x', 'float32', ['batch']);
  g.output(g.node('Relu', ['x'], 'inner'), 'float32', ['batch']);
  g.output(g.node('Neg', ['inner'], 'outer'), 'float32', ['batch']);
  g.output(g.node('Exp', ['x'], 'other'), 'float32', ['batch']);
  const { graph } = onlyOutputs(g.build(), ['outer']);
  expect(lines(graph)).toEqual(['Relu(x) -> inner', 'Neg(inner) -> outer']);
  expect(graph.output.map(({ name }) => name)).toEqual(['outer']);
});
