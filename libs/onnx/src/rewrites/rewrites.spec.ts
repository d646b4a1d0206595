import { addHead } from './add-head.js';
import { addLoss } from './add-loss.js';
import { fillInputs } from './fill-inputs.js';
import { freeNames } from './free-names.js';
import { insertAdapters } from './insert-adapters.js';
import { prune } from './prune.js';
import { graphOf, lines, zeros } from './rewrites.fixture.js';
import { tileFrontier } from './tile-frontier.js';

const adapterAt = (site: string, inputs: number) => ({ site, input: `B/${site}`, a: new Float32Array(inputs), rank: 1, alpha: 2 });

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

describe('fillInputs', () => {
  const withSegments = graphOf((g) => {
    g.input('token_type_ids', 'int64', ['batch', 'time']);
    g.node('Add', ['ids', 'token_type_ids'], 'y');
  });
  test('segment ids become zeros of the shape of the ids', () => {
    const filled = fillInputs(withSegments, { ids: 'ids', mask: 'mask' });
    expect(lines(filled)).toEqual(['Shape(ids) -> seedfleet/inputs/shape', 'ConstantOfShape(seedfleet/inputs/shape) -> token_type_ids', 'Add(ids, token_type_ids) -> y']);
    expect(filled.input.map(({ name }) => name)).toEqual(['ids', 'mask']);
  });
  test('an input that nobody knows is refused by name', () => {
    const graph = graphOf((g) => { g.input('past.0', 'float32', ['batch', 'past']); g.node('Add', ['ids', 'past.0'], 'y'); });
    expect(() => fillInputs(graph, { ids: 'ids', mask: 'mask' })).toThrow(expect.objectContaining({ code: 'model.input-unknown', field: 'past.0' }));
    expect(() => fillInputs(graphOf(() => undefined), { ids: 'tokens', mask: 'ids' })).toThrow(expect.objectContaining({ code: 'model.input-unknown', field: 'mask' }));
  });
  test('a fixed batch is refused with its size', () => {
    const graph = graphOf((g) => g.input('token_type_ids', 'int64', [1, 'time']));
    expect(() => fillInputs(graph, { ids: 'ids', mask: 'mask' })).toThrow(expect.objectContaining({ code: 'model.batch-fixed', field: 'token_type_ids', problem: 'The model\'s input "token_type_ids" takes exactly 1 examples.' }));
  });
});

test('freeNames gives way to the names of a training graph, and leaves others', () => {
  const graph = graphOf((g) => {
    g.node('Gather', [zeros(g, 'head.W', 9, 4), 'ids'], 'x');
    g.output(g.node('Relu', ['x'], 'logits'), 'float32', []);
  });
  const freed = freeNames(graph, { taken: new Set(['head.W', 'head.b']) });
  expect(lines(freed)).toEqual(['Gather(model/head.W, ids) -> x', 'Relu(x) -> model/logits']);
  expect(freed.output.map(({ name }) => name)).toEqual(['model/logits']);
});

describe('insertAdapters', () => {
  const graph = graphOf((g) => {
    g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x');
    g.node('MatMul', [g.node('MatMul', ['x', zeros(g, 'first.weight', 4, 4)], 'h'), zeros(g, 'second.weight', 4, 6)], 'y');
  });
  test('where nothing before is perturbed, the linear stays at batch b and meets P deltas as [1, rows, d]', () => {
    const scope = 'seedfleet/adapter/second';
    expect(lines(insertAdapters(graph, [adapterAt('second', 4)]))).toEqual([
      'Shape(B/second) -> seedfleet/rows/shape', 'Gather(seedfleet/rows/shape, seedfleet/integers/0) -> seedfleet/rows',
      'Gather(table, ids) -> x', 'MatMul(x, first.weight) -> h', `MatMul(h, second.weight) -> ${scope}/base`,
      `MatMul(h, ${scope}/A) -> ${scope}/xA`, `Mul(${scope}/xA, ${scope}/scale) -> ${scope}/scaled`,
      `Reshape(${scope}/scaled, seedfleet/integers/1_-1_1) -> ${scope}/stacked`, `MatMul(${scope}/stacked, B/second) -> ${scope}/product`,
      `Shape(${scope}/base) -> ${scope}/shape`, `Reshape(${scope}/base, seedfleet/integers/1_-1_6) -> ${scope}/once`, `Add(${scope}/once, ${scope}/product) -> ${scope}/sum`,
      `Slice(${scope}/shape, seedfleet/integers/1, seedfleet/integers/3) -> ${scope}/inner`, `Concat(seedfleet/integers/-1, ${scope}/inner) -> ${scope}/tiledShape`,
      `Reshape(${scope}/sum, ${scope}/tiledShape) -> y`,
    ]);
  });
  test('behind another adapter, rows are read as [P, rows, r]', () => {
    const adapted = lines(insertAdapters(graph, [adapterAt('first', 4), adapterAt('second', 4)]));
    expect(adapted).toContain('Concat(seedfleet/rows, seedfleet/integers/-1_1) -> seedfleet/adapter/second/stackedShape');
    expect(adapted).toContain('Add(seedfleet/adapter/second/base, seedfleet/adapter/second/delta) -> y');
    expect(adapted.filter((line) => line.endsWith('-> seedfleet/rows'))).toHaveLength(1);
  });
  test('a site that the model does not have is refused by name', () => {
    expect(() => insertAdapters(graph, [adapterAt('third', 4)])).toThrow(expect.objectContaining({ code: 'model.site-unknown', problem: expect.stringContaining('"third"') }));
  });
  test('a site whose examples cannot be found is refused by name', () => {
    const lost = graphOf((g) => g.node('MatMul', [g.node('NonZero', ['ids'], 'where'), zeros(g, 'fc.weight', 4, 4)], 'y'));
    expect(() => insertAdapters(lost, [adapterAt('fc', 4)])).toThrow(expect.objectContaining({ code: 'model.not-tileable', field: 'fc' }));
  });
});

describe('addHead and addLoss', () => {
  const features = graphOf((g) => g.node('Gather', [zeros(g, 'table', 9, 4), g.node('ReduceSum', ['ids', g.integers('time', [1])], 'sum', { keepdims: 0 })], 'h'));
  const head = { output: 'h', classes: 3, weight: 'head.W', bias: 'head.b', adapters: [] };
  const declared = (values: { name: string; type?: { value: { case?: string | undefined; value?: unknown } } | undefined }[]) => values.map(({ name }) => name);
  test('features that no adapter reaches meet P heads once', () => {
    const headed = addLoss(addHead(features, head));
    expect(lines(headed)).toContain('Unsqueeze(seedfleet/head/h, seedfleet/integers/0) -> seedfleet/head/stacked');
    expect(declared(headed.input)).toEqual(['ids', 'mask', 'head.W', 'head.b', 'labels']);
    expect(declared(headed.output)).toEqual(['losses', 'logits']);
  });
  test('one vector an example is needed', () => {
    const sequence = graphOf((g) => g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'h'));
    expect(() => addHead(sequence, head)).toThrow(expect.objectContaining({ code: 'model.output-unknown', problem: 'The head reads one vector an example, and "h" has 3 axes.' }));
  });
});

describe('tileFrontier', () => {
  const behind = (build: Parameters<typeof graphOf>[0]) => {
    const graph = graphOf((g) => {
      g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x');
      g.node('MatMul', ['x', zeros(g, 'fc.weight', 4, 4)], 'y');
      build(g);
    });
    return lines(tileFrontier(insertAdapters(graph, [adapterAt('fc', 4)]), { adapters: ['B/fc'] }));
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
