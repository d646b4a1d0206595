import { readFileSync } from 'node:fs';
import { FleetError } from '@seedfleet/errors';
import fc from 'fast-check';
import { graphBuilder } from '../builder/graph-builder.js';
import { type OnnxModel } from '../graph/model.js';
import { externalTensor } from '../graph/tensor.js';
import { inspectSites } from '../sites/inspect-sites.js';
import { externalLocations, readModel } from './read-model.js';
import { writeModel } from './write-model.js';

const caught = (run: () => unknown) => { try { run(); } catch (error) { return error; } return undefined; };

function aModel({ opset = 17, external = [] as { name: string; location: string }[] } = {}): OnnxModel {
  const g = graphBuilder({ name: 'one-linear', opset });
  g.input('x', 'float32', ['batch', 2]);
  for (const { name, location } of external) g.initializer(externalTensor({ name, shape: [2, 2], location, offset: 0, length: 16 }));
  g.node('MatMul', ['x', external[0]?.name ?? g.weight('w.weight', Float32Array.of(1, 2, 3, 4), [2, 2])], 'y');
  g.output('y', 'float32', ['batch', 2]);
  return g.build();
}

/** Bytes of a protobuf field: key, then a length, then content. Written by hand from the encoding's specification. */
const lengthDelimited = (field: number, content: Uint8Array) => Uint8Array.from([...varint((field << 3) | 2), ...varint(content.length), ...content]);
function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

test('a model is read back as it was written, its weights as views of the bytes', () => {
  const bytes = writeModel(aModel());
  const model = readModel(bytes);
  expect(model.opset).toBe(17);
  expect(model.graph.node.map(({ opType, input, output }) => ({ opType, input, output }))).toEqual([{ opType: 'MatMul', input: ['x', 'w.weight'], output: ['y'] }]);
  expect(model.graph.initializer[0]?.rawData.buffer).toBe(bytes.buffer);
  expect(writeModel(model)).toEqual(bytes);
});

test('fields that are newer than our schema are kept and written back', () => {
  const newer = lengthDelimited(1999, new TextEncoder().encode('from the future'));
  const bytes = Uint8Array.from([...writeModel(aModel()), ...newer]);
  const written = writeModel(readModel(bytes));
  expect([...written].join()).toContain([...newer].join());
  expect(written).toHaveLength(bytes.length);
});

test.each([
  ['text', new TextEncoder().encode('{"not": "onnx"}'), 'model'],
  ['no bytes', new Uint8Array(0), 'graph'],
  ['a cut file', writeModel(aModel()).subarray(0, 60), 'model'],
  ['a protobuf of something else', lengthDelimited(1, Uint8Array.of(8, 1)), undefined],
  ['this test', new Uint8Array(readFileSync(new URL(import.meta.url))), undefined],
])('%s is refused: not an ONNX model', (_, bytes, field) => {
  expect(caught(() => readModel(bytes, { file: 'model.onnx' }))).toMatchObject({
    code: 'model.not-onnx', problem: expect.stringContaining('model.onnx'), fix: expect.stringContaining('.onnx'), ...(field ? { field } : {}),
  });
});

test('an operator set below 13 is refused, with the one found and the one needed', () => {
  expect(caught(() => readModel(writeModel(aModel({ opset: 12 })), { file: 'old.onnx' }))).toMatchObject({
    code: 'model.opset-too-old', field: 'opset_import', problem: 'old.onnx uses ONNX operator set 12; 13 is the oldest that can be rewritten.', fix: expect.stringContaining('opset 13'),
  });
  expect(readModel(writeModel(aModel({ opset: 13 }))).opset).toBe(13);
});

test('a missing file of external weights is named, with the first weight in it', () => {
  const bytes = writeModel(aModel({ external: [{ name: 'a.weight', location: 'here.data' }, { name: 'b.weight', location: 'gone.data' }] }));
  const asked: string[] = [];
  const external = (location: string) => { asked.push(location); return location === 'here.data'; };
  expect(caught(() => readModel(bytes, { external, file: 'large.onnx' }))).toMatchObject({
    code: 'model.external-missing', field: 'b.weight', problem: 'large.onnx keeps the weight "b.weight" in "gone.data", and that file is not beside it.',
  });
  expect(asked).toEqual(['here.data', 'gone.data']);
});

test('references to external weights survive reading and writing', () => {
  const model = readModel(writeModel(aModel({ external: [{ name: 'a', location: 'x.data' }, { name: 'b', location: 'y.data' }, { name: 'c', location: 'x.data' }] })), { external: () => true });
  expect(externalLocations(readModel(writeModel(model)))).toEqual(['x.data', 'y.data']);
});

test('a graph whose nodes are out of order is refused, with the node', () => {
  const model = aModel();
  model.graph.node[0]?.input.splice(0, 1, 'later');
  expect(caught(() => readModel(writeModel(model), { file: 'broken.onnx' }))).toMatchObject({ code: 'model.not-onnx', problem: 'broken.onnx holds a broken graph: node "y/MatMul" reads "later" before anything makes it.' });
});

test('a damaged file is refused with one of our errors or read, and what was read can be inspected', () => {
  const whole = writeModel(aModel({ external: [{ name: 'a', location: 'x.data' }] }));
  const damage = fc.array(fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(damage, fc.nat(whole.length), (changes, length) => {
    const bytes = whole.slice(0, length + whole.length / 2);
    for (const { at, byte } of changes) bytes[at] = byte;
    const error = caught(() => inspectSites(readModel(bytes, { external: () => true })));
    if (error !== undefined) expect(error).toBeInstanceOf(FleetError);
  }), { numRuns: 2000 });
});
