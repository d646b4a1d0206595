import { addPool } from './add-pool.js';
import { graphOf, lines, zeros } from './rewrites.fixture.js';

const tokens = graphOf((g) => g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'h'));

test('the mean over the tokens of the mask', () => {
  expect(lines(addPool(tokens, { output: 'h', mask: 'mask', pool: 'mean' })).slice(-3)).toEqual([
    'ReduceSum(pool/masked, seedfleet/integers/1) -> pool/sum', 'ReduceSum(pool/mask, seedfleet/integers/1) -> pool/count', 'Div(pool/sum, pool/count) -> pool/features']);
});

test('a value that is pooled already is refused', () => {
  const pooled = graphOf((g) => g.node('ReduceSum', ['ids', g.integers('axis', [1])], 'h', { keepdims: 1 }));
  expect(() => addPool(pooled, { output: 'h', mask: 'mask', pool: 'last' })).toThrow(expect.objectContaining({ code: 'model.output-unknown', problem: 'Pooling reads one vector a token, [batch, time, width], and "h" has 2 axes.' }));
});
