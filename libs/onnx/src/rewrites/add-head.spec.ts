import { addHead } from './add-head.js';
import { addLoss } from './add-loss.js';
import { graphOf, lines, zeros } from './rewrites.fixture.js';

describe('addHead and addLoss', () => {
  const features = graphOf((g) => g.node('Gather', [zeros(g, 'table', 9, 4), g.node('ReduceSum', ['ids', g.integers('time', [1])], 'sum', { keepdims: 0 })], 'h'));
  const head = { output: 'h', classes: 3, weight: 'head.W', bias: 'head.b', adapters: [] };
  const declared = (values: { name: string }[]) => values.map(({ name }) => name);
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
