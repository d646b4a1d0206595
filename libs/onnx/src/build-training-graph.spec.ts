import fc from 'fast-check';
import { graphBuilder } from './builder/graph-builder.js';
import { buildTrainingGraph, type TrainingPlan } from './build-training-graph.js';
import { readModel } from './bytes/read-model.js';
import { writeModel } from './bytes/write-model.js';
import { lines } from './rewrites/rewrites.fixture.js';
import { inspectSites } from './sites/inspect-sites.js';

const plan: TrainingPlan = { output: 'pooled', inputs: { ids: 'ids', mask: 'mask' }, classes: 2, adapters: [], head: { weight: 'head.W', bias: 'head.b' } };

/** Embeddings, `linears` linears, the mean over time; another output that training does not need. */
function aModel(linears = 2) {
  const g = graphBuilder({ name: 'small' });
  g.input('ids', 'int64', ['batch', 'time']);
  g.input('mask', 'int64', ['batch', 'time']);
  let x = g.node('Gather', [g.weight('table', new Float32Array(36), [9, 4]), 'ids'], 'x');
  for (let i = 0; i < linears; i++) x = g.node('MatMul', [x, g.weight(`fc${i}.weight`, new Float32Array(16), [4, 4])], `h${i}`);
  g.output(g.node('ReduceSum', [x, g.integers('time', [1])], 'pooled', { keepdims: 0 }), 'float32', ['batch', 4]);
  g.output(g.node('MatMul', ['pooled', g.weight('classifier.weight', new Float32Array(8), [4, 2])], 'logits'), 'float32', ['batch', 2]);
  return g.build();
}
const adapterAt = (site: string) => ({ site, input: `B/${site}`, a: new Float32Array(8), rank: 2, alpha: 4 });

test('inputs and outputs of a training graph are those of its plan', () => {
  const { graph } = buildTrainingGraph(aModel(), { ...plan, adapters: [adapterAt('fc1')] });
  expect(graph.input.map(({ name }) => name)).toEqual(['ids', 'B/fc1', 'head.W', 'head.b', 'labels']);
  expect(graph.output.map(({ name }) => name)).toEqual(['losses', 'logits']);
  expect(graph.initializer.map(({ name }) => name)).not.toContain('classifier.weight');
});

test('everything before the frontier stays as it was', () => {
  const { graph } = buildTrainingGraph(aModel(), { ...plan, adapters: [adapterAt('fc1')] });
  expect(lines(graph).slice(2, 4)).toEqual(['Gather(table, ids) -> x', 'MatMul(x, fc0.weight) -> h0']);
});

test('features that are called logits make way for the logits of the head', () => {
  const { graph } = buildTrainingGraph(aModel(), { ...plan, output: 'logits' });
  expect(lines(graph)).toContain('MatMul(pooled, classifier.weight) -> model/logits');
  expect(graph.output.map(({ name }) => name)).toEqual(['losses', 'logits']);
});

test('a value that the model does not compute, and a site behind the features, are refused by name', () => {
  expect(() => buildTrainingGraph(aModel(), { ...plan, output: 'pool' })).toThrow(expect.objectContaining({ code: 'model.output-unknown', field: 'output', problem: 'The model computes no value "pool".' }));
  expect(() => buildTrainingGraph(aModel(), { ...plan, adapters: [adapterAt('classifier')] })).toThrow(expect.objectContaining({ code: 'model.site-unknown', problem: 'The model has no adapter site "classifier" before its output.' }));
});

test('the model that a graph is built from is never changed, whatever sites are chosen', () => {
  fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }), (chosen) => {
    const model = readModel(writeModel(aModel(chosen.length)));
    const before = writeModel(model);
    const sites = inspectSites(model).sites.filter((_, i) => chosen[i]).map(({ name }) => adapterAt(name));
    const built = buildTrainingGraph(model, { ...plan, adapters: sites });
    expect(writeModel(model)).toEqual(before);
    expect(built.graph.input.filter(({ name }) => name.startsWith('B/'))).toHaveLength(sites.length);
    // What was built is a model like any other: it can be written and read.
    expect(lines(readModel(writeModel(built)).graph)).toEqual(lines(built.graph));
  }));
});
