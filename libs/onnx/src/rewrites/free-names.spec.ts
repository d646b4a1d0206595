import { freeNames } from './free-names.js';
import { graphOf, lines, zeros } from './rewrites.fixture.js';

test('freeNames gives way to the names of a training graph, and leaves others', () => {
  const graph = graphOf((g) => {
    g.node('Gather', [zeros(g, 'head.W', 9, 4), 'ids'], 'x');
    g.output(g.node('Relu', ['x'], 'logits'), 'float32', []);
  });
  const freed = freeNames(graph, { taken: new Set(['head.W', 'head.b']) });
  expect(lines(freed)).toEqual(['Gather(model/head.W, ids) -> x', 'Relu(x) -> model/logits']);
  expect(freed.output.map(({ name }) => name)).toEqual(['model/logits']);
});
