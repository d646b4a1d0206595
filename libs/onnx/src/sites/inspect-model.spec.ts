import { graphBuilder } from '../builder/graph-builder.js';
import { rawTensor } from '../graph/tensor.js';
import { estimateMemory } from './estimate-memory.js';
import { inspectModel } from './inspect-model.js';

/** Embeddings of 9 tokens, a linear 4 -> 6 in float, one 6 -> 4 in four bits. */
function aModel() {
  const g = graphBuilder({ name: 'small', domains: { 'com.microsoft': 1 } });
  g.input('ids', 'int64', ['batch', 'time']);
  const x = g.node('Gather', [g.weight('table', new Float32Array(36), [9, 4]), 'ids'], 'x');
  const h = g.node('MatMul', [x, g.weight('up.weight', new Float32Array(24), [4, 6])], 'h');
  g.initializer(rawTensor({ name: 'down.weight_Q4', type: 'uint8', shape: [4, 1, 8], rawData: new Uint8Array(32) }));
  const y = g.node('MatMulNBits', [g.node('Tanh', [h], 't'), 'down.weight_Q4', g.weight('down.scales', new Float32Array(4), [4])], 'y', { K: 6, N: 4, bits: 4, block_size: 16 }, 'com.microsoft');
  g.output(y, 'float32', ['batch', 'time', 4]);
  return g.build();
}

test('parameters, bytes, and the values that a rank trains', () => {
  expect(inspectModel(aModel())).toMatchObject({
    inputs: [{ name: 'ids', type: 'int64', shape: ['batch', 'time'] }], outputs: [{ name: 'y', type: 'float', shape: ['batch', 'time', 4] }],
    // Four bits hold 24 weights of the linear; their bytes are those of a padded block an output.
    parameters: 36 + 24 + 24 + 4, bytes: 4 * (36 + 24 + 4) + 32, notAdaptable: [],
    sites: [{ name: 'up', parameters: 24, bytes: 96, trainablePerRank: 6 }, { name: 'down', precision: 'int4', parameters: 24, bytes: 32, trainablePerRank: 4 }],
  });
});

describe('the memory of a step', () => {
  const size = { rows: 3, batch: 2, tokens: 5 };
  const float = 4;
  test('is weights and the values alive at the worst node, P times behind the first adapter', () => {
    // At `down`: t [P*b, T, 6], y [P*b, T, 4], and, as large as y, the product and the delta that it is the sum of.
    const activations = float * (3 * 2 * 5) * (6 + 4 + 4 + 4);
    expect(estimateMemory(aModel(), size)).toEqual({ weights: 288, activations, total: 288 + activations });
  });
  test('is less where only a later site has an adapter', () => {
    // Only y is there P times, with its delta; t is not.
    expect(estimateMemory(aModel(), { ...size, sites: ['down'] }).activations).toBe(float * (2 * 5 * 6 + 2 * (3 * 2 * 5 * 4)));
  });
  test('ends at the value that the head reads', () => {
    expect(estimateMemory(aModel(), { ...size, sites: [], output: 'x' }).activations).toBe(float * 2 * 5 * 4);
  });
  test('of a language model holds its logits and their logarithmic softmax, where these are the most', () => {
    const g = graphBuilder({ name: 'language' });
    g.input('ids', 'int64', ['batch', 'time']);
    const x = g.node('Gather', [g.weight('table', new Float32Array(400), [100, 4]), 'ids'], 'x');
    g.output(g.node('MatMul', [g.node('MatMul', [x, g.weight('fc.weight', new Float32Array(16), [4, 4])], 'h'), g.weight('out.weight', new Float32Array(400), [4, 100])], 'logits'), 'float32', ['batch', 'time', 100]);
    const step = { ...size, sites: ['fc'], output: 'logits' };
    const logits = float * 3 * 2 * 5 * 100;
    expect(estimateMemory(g.build(), { ...step, task: 'language' }).activations).toBe(2 * logits);
    expect(estimateMemory(g.build(), step).activations).toBeLessThan(1.1 * logits);
  });
});
