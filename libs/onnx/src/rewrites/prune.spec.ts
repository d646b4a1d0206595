import { prune } from './prune.js';
import { graphOf, lines, zeros } from './rewrites.fixture.js';

describe('prune', () => {
  const graph = graphOf((g) => {
    g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x');
    g.node('Cast', ['mask'], 'unused', { to: 1 });
    g.node('MatMul', ['x', zeros(g, 'w', 4, 4)], 'y');
    g.node('Relu', ['y'], 'z');
    g.output('z', 'float32', []);
    g.output('unused', 'float32', []);
    zeros(g, 'forgotten', 3);
  });
  test('leaves what a value needs: nodes, weights, inputs', () => {
    const pruned = prune(graph, { keep: ['y'] });
    expect(lines(pruned)).toEqual(['Gather(table, ids) -> x', 'MatMul(x, w) -> y']);
    expect(pruned.initializer.map(({ name }) => name)).toEqual(['table', 'w']);
    expect(pruned.input.map(({ name }) => name)).toEqual(['ids']);
    expect(pruned.output).toEqual([]);
  });
  test('changes nothing the second time, and never its argument', () => {
    const before = lines(graph);
    const once = prune(graph, { keep: ['z'] });
    expect(prune(once, { keep: ['z'] })).toEqual(once);
    expect(lines(graph)).toEqual(before);
  });
});
