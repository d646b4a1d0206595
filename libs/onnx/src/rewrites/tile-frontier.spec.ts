import { insertAdapters } from './insert-adapters.js';
import { adapterAt, graphOf, lines, zeros } from './rewrites.fixture.js';
import { tileFrontier } from './tile-frontier.js';

describe('tileFrontier', () => {
  const behind = (build: Parameters<typeof graphOf>[0]) => {
    const graph = graphOf((g) => {
      g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x');
      g.node('MatMul', ['x', zeros(g, 'fc.weight', 4, 4)], 'y');
      build(g);
    });
    return lines(tileFrontier(insertAdapters(graph, { adapters: [adapterAt('fc', 4)] }), { adapters: ['B/fc'] }));
  };
  test('a residual is computed once and repeated', () => {
    const tiled = behind((g) => { g.node('Add', ['y', g.node('Relu', ['x'], 'r')], 'z'); });
    expect(tiled).toContain('Relu(x) -> r');
    expect(tiled.slice(-3)).toEqual(['Concat(seedfleet/rows, seedfleet/integers/1_1) -> seedfleet/repeats/0of3', 'Tile(r, seedfleet/repeats/0of3) -> seedfleet/tiled/r', 'Add(y, seedfleet/tiled/r) -> z']);
  });
  test('a value that two nodes need is repeated once; weights and positions are not', () => {
    const tiled = behind((g) => {
      g.node('Add', [g.node('Mul', ['y', 'x'], 'a'), 'x'], 'b');
      g.node('Add', ['b', zeros(g, 'bias', 4)], 'z');
    });
    expect(tiled.filter((line) => line.startsWith('Tile('))).toEqual(['Tile(x, seedfleet/repeats/0of3) -> seedfleet/tiled/x']);
    expect(tiled.at(-1)).toBe('Add(b, bias) -> z');
  });
  test('a shape read before the frontier counts P*b afterwards, without a repeated activation', () => {
    const tiled = behind((g) => { g.node('Reshape', ['y', g.node('Shape', ['x'], 's')], 'z'); });
    expect(tiled.slice(-2)).toEqual(['Mul(s, seedfleet/repeats/0of3) -> seedfleet/tiled/s', 'Reshape(y, seedfleet/tiled/s) -> z']);
  });
  test('one scale for the whole batch behind an adapter is refused', () => {
    expect(() => behind((g) => { g.nodes('DynamicQuantizeLinear', ['y'], ['q', 's', 'z']); })).toThrow(expect.objectContaining({ code: 'model.batch-coupled', field: 'q/DynamicQuantizeLinear' }));
  });
  test('before the frontier the same node is welcome', () => {
    expect(behind((g) => { g.nodes('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']); g.node('Mul', ['y', g.node('DequantizeLinear', ['q', 's', 'z'], 'x2')], 'w'); }).at(-2)).toBe('Tile(x2, seedfleet/repeats/0of3) -> seedfleet/tiled/x2');
  });
});
