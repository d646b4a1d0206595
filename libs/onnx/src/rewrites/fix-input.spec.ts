import { graphBuilder } from '../builder/graph-builder.js';
import { floatsOf, shapeOf } from '../graph/tensor.js';
import { fixInput } from './fix-input.js';
import { lines } from './rewrites.fixture.js';

/** Text that attends to two states of an encoder. */
function decoder() {
  const g = graphBuilder({ name: 'decoder' });
  g.input('ids', 'int64', ['batch', 'time']);
  g.input('states', 'float32', ['batch', 'heard', 3]);
  g.output(g.node('ReduceMean', ['states'], 'mean', { axes: [1] }), 'float32', ['batch', 1, 3]);
  g.output(g.node('Identity', ['ids'], 'same'), 'int64', ['batch', 'time']);
  return g.build();
}

test('what an encoder would give becomes a constant of every example', () => {
  const { graph } = fixInput(decoder(), { input: 'states', ids: 'ids', values: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] });
  expect(graph.input.map(({ name }) => name)).toEqual(['ids']);
  expect(lines(graph).slice(0, 4)).toEqual([
    'Shape(ids) -> fixed/states/ids', 'Gather(fixed/states/ids, seedfleet/integers/0) -> fixed/states/examples',
    'Concat(fixed/states/examples, seedfleet/integers/2_3) -> fixed/states/shape', 'Expand(fixed/states/value, fixed/states/shape) -> states',
  ]);
  const value = graph.initializer.find(({ name }) => name === 'fixed/states/value');
  expect([value && shapeOf(value), value && floatsOf(value)]).toEqual([[1, 2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)]);
});

test.each([['sounds', 'ids'], ['states', 'tokens']])('the input %s with examples counted by %s is refused', (input, ids) => {
  expect(() => fixInput(decoder(), { input, ids, values: new Float32Array(3), shape: [3] })).toThrow(expect.objectContaining({ code: 'model.input-unknown' }));
});
