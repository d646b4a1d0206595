import { graphBuilder } from '@seedfleet/onnx';
import { outputUseOf } from './output-use.js';

/** A graph whose one output is declared in this shape. */
function aGraph(shape: (number | string)[]) {
  const graph = graphBuilder({ name: 'declared', opset: 17 });
  graph.input('x', 'float32', shape);
  graph.output(graph.node('Identity', ['x'], 'y'), 'float32', shape);
  return graph.build();
}

test.each([
  ['a vector an example', ['batch', 6], undefined, { tasks: ['classification'], width: 6 }],
  ['a vector a token, pooled', ['batch', 'time', 6], 'mean', { tasks: ['classification'], width: 6 }],
  ['logits of a vocabulary', ['batch', 'time', 100], undefined, { tasks: ['language', 'verbalizer'], width: 100 }],
  ['logits of a vocabulary that is not declared', ['batch', 'time', 'vocabulary'], undefined, { tasks: ['language', 'verbalizer'], width: null }],
])('an output of %s says what it is good for', (_, shape, pool, use) => {
  expect(outputUseOf(aGraph(shape), { output: 'y', pool })).toEqual(use);
});

test.each([
  ['another name', ['batch', 6], undefined, 'z', /has no output "z"; it has "y"/],
  ['a width that is not fixed', ['batch', 'width'], undefined, 'y', /\[batch, width\] with a fixed width/],
  ['a pool where there is one vector an example', ['batch', 6], 'mean', 'y', /\[batch, time, width\]/],
  ['four axes', ['batch', 2, 3, 4], undefined, 'y', /nor as the logits/],
])('an output with %s is refused', (_, shape, pool, output, problem) => {
  expect(() => outputUseOf(aGraph(shape), { output, pool })).toThrow(expect.objectContaining({ code: 'model.output-unknown', problem: expect.stringMatching(problem) }));
});
