import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { graphBuilder, writeModel } from '@seedfleet/onnx';
import { type Model, type ModelFile } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { aModelFile, aModelRequest, anUploadedModel, sha256Hex, tokenizerFile } from '../testing/a-model.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;

beforeAll(async () => {
  fleet = await aCoordinator();
}, 60_000);

afterAll(() => fleet.close());

const announce = async (request: object) => (await fleet.call('POST', '/api/v1/models', { body: request })).json as Model;
const put = (id: string, path: string, body: Uint8Array, offset: number | null = 0) =>
  fleet.call('PUT', `/api/v1/models/${id}/files?path=${path}`, { body, headers: offset === null ? {} : { 'Upload-Offset': String(offset) } });

test('an upload that broke off goes on where it was, and the model is ready when the last byte is there', async () => {
  const file = aModelFile();
  const model = await announce(aModelRequest(file));
  expect(model).toMatchObject({ state: 'uploading', sites: [], outputWidth: null });
  const half = (await put(model.id, 'onnx/model.onnx', file.subarray(0, 100))).json as ModelFile;
  expect(half.received).toBe(100);
  const again = await put(model.id, 'onnx/model.onnx', file);
  expect([again.status, problemOf(again)]).toMatchObject([409, { code: 'upload.offset', offset: 100 }]);
  expect(problemOf(await put(model.id, 'onnx/model.onnx', file.subarray(100), null)).code).toBe('upload.offset');
  await put(model.id, 'onnx/model.onnx', file.subarray(100), 100);
  await put(model.id, 'tokenizer.json', tokenizerFile);
  const ready = (await fleet.call('GET', `/api/v1/models/${model.id}`)).json as Model;
  expect(ready).toMatchObject({ state: 'ready', outputWidth: 6, sites: [{ name: 'layer.q', inputs: 6, outputs: 6 }, { name: 'layer.v', inputs: 6, outputs: 6 }] });
});

test('a download resumes by range; a range outside of the file is refused', async () => {
  const { id } = await anUploadedModel(fleet);
  const path = `/api/v1/models/${id}/files?path=onnx/model.onnx`;
  const whole = await fleet.call('GET', path);
  expect(sha256Hex(whole.bytes)).toBe(sha256Hex(aModelFile()));
  const rest = await fleet.call('GET', path, { headers: { range: 'bytes=100-' } });
  expect([rest.status, rest.headers.get('content-range')]).toEqual([206, `bytes 100-${whole.bytes.length - 1}/${whole.bytes.length}`]);
  expect(rest.bytes).toEqual(whole.bytes.subarray(100));
  const outside = await fleet.call('GET', path, { headers: { range: 'bytes=999999-' } });
  expect([outside.status, problemOf(outside).code]).toEqual([416, 'range.unsatisfiable']);
  expect(problemOf(await fleet.call('GET', `/api/v1/models/${id}/files?path=other`)).code).toBe('model.file-unknown');
  expect(problemOf(await fleet.call('GET', `/api/v1/models/${id}/files?path=../../signing-key`)).code).toBe('request.invalid');
});

test('bytes with another hash are thrown away; more bytes than registered are refused', async () => {
  const file = aModelFile();
  const { id } = await announce(aModelRequest(file));
  const other = file.slice();
  other[10] = (other[10] as number) ^ 1;
  expect(problemOf(await put(id, 'onnx/model.onnx', other))).toMatchObject({ code: 'upload.hash', field: 'sha256' });
  expect(existsSync(join(fleet.home, 'models', id, 'onnx/model.onnx'))).toBe(false);
  const long = new Uint8Array(tokenizerFile.length + 1);
  expect(problemOf(await put(id, 'tokenizer.json', long)).code).toBe('upload.too-long');
});

test.each([
  ['bytes that are no ONNX', () => new TextEncoder().encode('not a model at all'), {}, 'model.not-onnx'],
  ['an operator set below 13', () => toyModel({ opset: 12 }), {}, 'model.opset-too-old'],
  ['a graph without linears', () => toyModel({ linear: false }), {}, 'model.no-sites'],
  ['an output that the graph does not have', () => aModelFile(), { output: 'nothing' }, 'model.output-unknown'],
] as const)('a model with %s is refused by name', async (_, make, change, code) => {
  const file = make();
  const { id } = await announce({ ...aModelRequest(file), ...change });
  await put(id, 'tokenizer.json', tokenizerFile);
  const answer = await put(id, 'onnx/model.onnx', file);
  expect(answer.status).toBe(422);
  expect(problemOf(answer).code).toBe(code);
  expect(problemOf(answer).fix.length).toBeGreaterThan(10);
  expect(((await fleet.call('GET', `/api/v1/models/${id}`)).json as Model).state).toBe('uploading');
});

test('files of the home are for its owner alone', () => {
  for (const name of ['signing-key', 'admin-token']) expect(statSync(join(fleet.home, name)).mode & 0o777).toBe(0o600);
  expect(statSync(join(fleet.home, 'models')).mode & 0o777).toBe(0o700);
});

function toyModel({ opset = 17, linear = true }: { opset?: number; linear?: boolean }): Uint8Array {
  const graph = graphBuilder({ name: 'toy', opset });
  graph.input('input_ids', 'int64', ['batch', 'sequence']);
  graph.input('attention_mask', 'int64', ['batch', 'sequence']);
  graph.weight('embedding', new Float32Array(16 * 6), [16, 6]);
  graph.weight('layer.weight', new Float32Array(36), [6, 6]);
  graph.node('Gather', ['embedding', 'input_ids'], 'embedded');
  graph.node(linear ? 'MatMul' : 'Identity', linear ? ['embedded', 'layer.weight'] : ['embedded'], 'hidden');
  graph.node('ReduceMax', ['hidden'], 'pooled', { axes: [1], keepdims: 0 });
  graph.output('pooled', 'float32', ['batch', 6]);
  return writeModel(graph.build());
}
