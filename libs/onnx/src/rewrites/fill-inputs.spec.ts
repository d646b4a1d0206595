import { fillInputs } from './fill-inputs.js';
import { graphOf, lines } from './rewrites.fixture.js';

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
