import { insertAdapters } from './insert-adapters.js';
import { adapterAt, graphOf, lines, zeros } from './rewrites.fixture.js';

describe('insertAdapters', () => {
  const graph = graphOf((g) => {
    g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x');
    g.node('MatMul', [g.node('MatMul', ['x', zeros(g, 'first.weight', 4, 4)], 'h'), zeros(g, 'second.weight', 4, 6)], 'y');
  });
  test('where nothing before is perturbed, the linear stays at batch b and meets P deltas as [1, rows, d]', () => {
    const scope = 'seedfleet/adapter/second';
    expect(lines(insertAdapters(graph, { adapters: [adapterAt('second', 4)] }))).toEqual([
      'Shape(B/second) -> seedfleet/rows/shape', 'Gather(seedfleet/rows/shape, seedfleet/integers/0) -> seedfleet/rows',
      'Gather(table, ids) -> x', 'MatMul(x, first.weight) -> h', `MatMul(h, second.weight) -> ${scope}/base`,
      `MatMul(h, ${scope}/A) -> ${scope}/xA`, `Mul(${scope}/xA, ${scope}/scale) -> ${scope}/scaled`,
      `Reshape(${scope}/scaled, seedfleet/integers/1_-1_1) -> ${scope}/stacked`, `MatMul(${scope}/stacked, B/second) -> ${scope}/product`,
      `Shape(${scope}/base) -> ${scope}/shape`, `Reshape(${scope}/base, seedfleet/integers/1_-1_6) -> ${scope}/once`, `Add(${scope}/once, ${scope}/product) -> ${scope}/with0`,
      `Slice(${scope}/shape, seedfleet/integers/1, seedfleet/integers/3) -> ${scope}/inner`, `Concat(seedfleet/integers/-1, ${scope}/inner) -> ${scope}/tiledShape`,
      `Reshape(${scope}/with0, ${scope}/tiledShape) -> y`,
    ]);
  });
  test('behind another adapter, rows are read as [P, rows, r]', () => {
    const adapted = lines(insertAdapters(graph, { adapters: [adapterAt('first', 4), adapterAt('second', 4)] }));
    expect(adapted).toContain('Concat(seedfleet/rows, seedfleet/integers/-1_1) -> seedfleet/adapter/second/stackedShape');
    expect(adapted).toContain('Add(seedfleet/adapter/second/once, seedfleet/adapter/second/product) -> seedfleet/adapter/second/with0');
    expect(adapted).toContain('Reshape(seedfleet/adapter/second/with0, seedfleet/adapter/second/shape) -> y');
    expect(adapted.filter((line) => line.endsWith('-> seedfleet/rows'))).toHaveLength(1);
  });
  test('a bias alone leaves the linear at batch b, and stands behind the delta of the same site', () => {
    const bias = { site: 'second', input: 'B/second.bias' };
    const alone = lines(insertAdapters(graph, { adapters: [], biases: [bias] }));
    expect(alone).toContain('Unsqueeze(B/second.bias, seedfleet/integers/1) -> seedfleet/adapter/second/bias');
    expect(alone).toContain('Add(seedfleet/adapter/second/once, seedfleet/adapter/second/bias) -> seedfleet/adapter/second/with0');
    expect(lines(insertAdapters(graph, { adapters: [adapterAt('second', 4)], biases: [bias] }))).toContain('Add(seedfleet/adapter/second/with0, seedfleet/adapter/second/bias) -> seedfleet/adapter/second/with1');
  });
  test('a bias at a slice, or at a site that the model does not have, is refused', () => {
    for (const site of ['third', 'second[0:2]']) expect(() => insertAdapters(graph, { adapters: [], biases: [{ site, input: 'beta' }] })).toThrow(expect.objectContaining({ code: 'model.site-unknown', field: 'biases' }));
  });
  test('a site that the model does not have is refused by name', () => {
    expect(() => insertAdapters(graph, { adapters: [adapterAt('third', 4)] })).toThrow(expect.objectContaining({ code: 'model.site-unknown', problem: expect.stringContaining('"third"') }));
  });
  test('a site whose examples cannot be found is refused by name', () => {
    const lost = graphOf((g) => g.node('MatMul', [g.node('NonZero', ['ids'], 'where'), zeros(g, 'fc.weight', 4, 4)], 'y'));
    expect(() => insertAdapters(lost, { adapters: [adapterAt('fc', 4)] })).toThrow(expect.objectContaining({ code: 'model.not-tileable', field: 'fc' }));
  });
});
