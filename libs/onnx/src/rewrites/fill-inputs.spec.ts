import { graphBuilder } from '../builder/graph-builder.js';
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
  test('position ids count the tokens of the mask, which becomes an input if it was none', () => {
    const g = graphBuilder({ name: 'positions' });
    g.input('ids', 'int64', ['batch', 'time']);
    g.input('position_ids', 'int64', ['batch', 'time']);
    g.node('Add', ['ids', 'position_ids'], 'y');
    const filled = fillInputs(g.build().graph, { ids: 'ids', mask: 'mask' });
    expect(lines(filled).slice(1, -1)).toEqual(['CumSum(mask, inputs/position_ids/axis) -> inputs/position_ids/counted', 'Sub(inputs/position_ids/counted, seedfleet/integers/1) -> inputs/position_ids/fromZero', 'Max(inputs/position_ids/fromZero, seedfleet/integers/0) -> position_ids']);
    expect(filled.input.map(({ name }) => name)).toEqual(['ids', 'mask']);
  });
  test('keys and values of a past are empty tensors of the declared width', () => {
    const graph = graphOf((g) => { g.input('past_key_values.0.key', 'float32', ['batch', 2, 'past', 8]); g.node('Concat', ['past_key_values.0.key', 'past_key_values.0.key'], 'y', { axis: 2 }); });
    const filled = fillInputs(graph, { ids: 'ids', mask: 'mask' });
    expect(lines(filled)).toContain('Concat(inputs/past_key_values.0.key/batch, seedfleet/integers/2_0_8) -> inputs/past_key_values.0.key/shape');
    expect(filled.input.map(({ name }) => name)).toEqual(['ids', 'mask']);
  });
  test('an input that nobody knows is refused by name', () => {
    const graph = graphOf((g) => { g.input('encoder_hidden_states', 'float32', ['batch', 'length', 8]); g.node('Add', ['ids', 'encoder_hidden_states'], 'y'); });
    expect(() => fillInputs(graph, { ids: 'ids', mask: 'mask' })).toThrow(expect.objectContaining({ code: 'model.input-unknown', field: 'encoder_hidden_states' }));
    expect(() => fillInputs(graphOf(() => undefined), { ids: 'tokens', mask: 'ids' })).toThrow(expect.objectContaining({ code: 'model.input-unknown', field: 'mask' }));
  });
  test('a fixed batch is refused with its size', () => {
    const graph = graphOf((g) => g.input('token_type_ids', 'int64', [1, 'time']));
    expect(() => fillInputs(graph, { ids: 'ids', mask: 'mask' })).toThrow(expect.objectContaining({ code: 'model.batch-fixed', field: 'token_type_ids', problem: 'The model\'s input "token_type_ids" takes exactly 1 examples.' }));
  });
});
