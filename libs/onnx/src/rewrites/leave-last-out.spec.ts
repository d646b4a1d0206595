import { type GraphBuilder } from '../builder/graph-builder.js';
import { leaveLastOut } from './leave-last-out.js';
import { graphOf, lines, zeros } from './rewrites.fixture.js';

const hidden = (g: GraphBuilder) => g.node('Tanh', [g.node('Gather', [zeros(g, 'table', 9, 4), 'ids'], 'x')], 'h');
const logits = (g: GraphBuilder, name: string) => g.output(name, 'float32', ['batch', 'time', 9]);

test('the output head of a language model gets all positions but the last, and two at least', () => {
  const graph = graphOf((g) => {
    const sums = g.node('MatMul', [hidden(g), zeros(g, 'out.weight', 4, 9)], 'sums');
    logits(g, g.node('Add', [sums, g.weight('out.bias', new Float32Array(9), [9])], 'logits'));
  });
  expect(lines(leaveLastOut(graph, { output: 'logits' })).slice(2)).toEqual([
    'Shape(h) -> followed/shape', 'Slice(followed/shape, seedfleet/integers/1, seedfleet/integers/2) -> followed/positions', 'Sub(followed/positions, seedfleet/integers/1) -> followed/others',
    'Max(followed/others, seedfleet/integers/2) -> followed/end', 'Slice(h, seedfleet/integers/0, followed/end, seedfleet/integers/1) -> followed/x',
    'MatMul(followed/x, out.weight) -> sums', 'Add(sums, out.bias) -> logits',
  ]);
});

test.each<[string, (g: GraphBuilder) => void]>([
  ['something else reads what is behind the head', (g) => {
    const sums = g.node('MatMul', [hidden(g), zeros(g, 'out.weight', 4, 9)], 'sums');
    g.node('Neg', [sums], 'other');
    logits(g, g.node('Tanh', [sums], 'logits'));
  }],
  ['positions meet each other behind the head', (g) => void logits(g, g.node('CumSum', [g.node('MatMul', [hidden(g), zeros(g, 'out.weight', 4, 9)], 'sums'), g.integers('axis', [1], [])], 'logits'))],
  ['a table of one vector a position is added', (g) => void logits(g, g.node('Add', [g.node('MatMul', [hidden(g), zeros(g, 'out.weight', 4, 9)], 'sums'), zeros(g, 'positions', 4, 9)], 'logits'))],
])('all positions stay where %s', (_, write) => {
  const graph = graphOf(write);
  expect(leaveLastOut(graph, { output: 'logits' })).toBe(graph);
});
