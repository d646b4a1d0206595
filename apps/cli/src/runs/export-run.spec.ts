import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from '@seedfleet/artifacts';
import { decodeLog } from '@seedfleet/ledger';
import { externalLocations, readModel } from '@seedfleet/onnx';
import { parse } from 'yaml';
import { bytesIn, exportedRun, runExample, tensorsIn, textIn } from '../testing/exported-run.js';
import { base } from '../testing/served-model-run.js';
import { type Handler } from '../testing/served-coordinator.js';
import { emptyFolder } from '../testing/typed.js';

/** Logits of the README's own example, in float32. */
async function logitsOfExample(folder: string): Promise<number[]> {
  const lines = await runExample(folder, 'console.log(JSON.stringify([...logits.data]));');
  expect(lines[0]).toBe('[ 2, 2 ]');
  return JSON.parse(lines.at(-1) ?? '[]');
}

/** The same from the PEFT files in float64: (x (W + s lora_A^T lora_B^T)) head.weight^T + head.bias, x the mean of the embeddings. */
async function logitsByPeft(folder: string): Promise<number[]> {
  const tensors = await tensorsIn(folder, ['adapter_model.safetensors', 'head.safetensors']);
  const of = (name: string) => tensors.get(name) ?? new Float32Array();
  const { width, table, q, labels } = base;
  const config = JSON.parse(await textIn(folder, 'adapter_config.json')) as { r: number; lora_alpha: number };
  return [[1, 2, 3, 4], [5, 6, 0, 0]].flatMap((ids) => {
    const x = Array.from({ length: width }, (_, i) => ids.reduce((sum, id) => sum + (table[id * width + i] ?? NaN), 0) / ids.length);
    const low = Array.from({ length: config.r }, (_, k) => x.reduce((sum, value, i) => sum + value * (of('base_model.model.q.lora_A.weight')[k * width + i] ?? NaN), 0) * config.lora_alpha / config.r);
    const h = Array.from({ length: width }, (_, o) => x.reduce((sum, value, i) => sum + value * (q[i * width + o] ?? NaN), 0) + low.reduce((sum, value, k) => sum + value * (of('base_model.model.q.lora_B.weight')[o * config.r + k] ?? NaN), 0));
    return labels.map((_, c) => h.reduce((sum, value, i) => sum + value * (of('head.weight')[c * width + i] ?? NaN), of('head.bias')[c] ?? NaN));
  });
}

test('the example of the card gives the logits that PEFT would: the adapter is inside of the model', async () => {
  const peft = await exportedRun([]);
  const expected = await logitsByPeft(peft.folder);
  const { folder, outcome } = await exportedRun(['--as', 'onnx']);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  expect((await readdir(folder)).sort()).toEqual(['README.md', 'commits.log', 'manifest.json', 'model.onnx', 'provenance.json', 'tokenizer.json']);
  const scale = Math.max(...expected.map(Math.abs));
  (await logitsOfExample(folder)).forEach((logit, i) => expect(Math.abs(logit - (expected[i] ?? NaN))).toBeLessThan(1e-5 * scale));
});

test('as int8 model of standard operators the logits are near, and the example runs', async () => {
  const peft = await exportedRun([]);
  const expected = await logitsByPeft(peft.folder);
  const { folder } = await exportedRun(['--as', 'onnx-w8a8']);
  // Every ONNX runtime knows the operators of the standard.
  expect(readModel(await bytesIn(folder, 'model.onnx')).graph.node.filter(({ domain }) => domain !== '')).toEqual([]);
  const scale = Math.max(...expected.map(Math.abs));
  (await logitsOfExample(folder)).forEach((logit, i) => expect(Math.abs(logit - (expected[i] ?? NaN))).toBeLessThan(0.05 * scale));
});

test('the metadata of the model names labels and where it comes from, the card as well', async () => {
  const { folder, outcome } = await exportedRun(['--as', 'onnx'], { handlers: { listEvaluations: () => ({ items: [{ round: 0, loss: 0.7, accuracy: 0.5, macroF1: null, perplexity: null, count: 20, devices: 2, at: '2026-11-25T10:00:00.000Z' }, { round: 10, loss: 0.4, accuracy: 0.85, macroF1: null, perplexity: null, count: 20, devices: 2, at: '2026-11-25T10:00:00.000Z' }] }) } });
  const { provenance, files } = JSON.parse(outcome.stdout);
  const metadata = Object.fromEntries(readModel(await bytesIn(folder, 'model.onnx')).proto.metadataProps.map(({ key, value }) => [key, value]));
  expect(metadata).toMatchObject({ labels: '["negative","positive"]', 'seedfleet.manifest': provenance.manifestHash, 'seedfleet.head': provenance.headHash, 'seedfleet.state': provenance.stateHash, 'seedfleet.rounds': '12' });
  const card = await textIn(folder, 'README.md');
  for (const hash of [provenance.manifestHash, provenance.headHash, provenance.stateHash, provenance.coordinatorKey]) expect(card).toContain(hash);
  expect(parse(/^---\n([^]*?)\n---\n/.exec(card)?.[1] ?? '')).toEqual({
    library_name: 'onnx', base_model: 'org/base', base_model_relation: 'finetune', pipeline_tag: 'text-classification', tags: ['seedfleet', 'federated-learning', 'lora', 'onnx'],
    'model-index': [{ name: 'a run', results: [{ task: { type: 'text-classification' }, dataset: { type: 'private', name: 'held-out examples on the devices' }, metrics: [{ type: 'accuracy', value: 0.85 }, { type: 'loss', value: 0.4 }] }] }],
  });
  expect(card).toContain('after 10 rounds, 2 rounds before these values');
  // Every file but the card and the list itself has its hash in the list.
  const listed = JSON.parse(await textIn(folder, 'provenance.json')).files;
  for (const { path, sha256 } of listed) expect(createHash('sha256').update(await bytesIn(folder, path)).digest('hex')).toBe(sha256);
  expect(files.map(({ path }: { path: string }) => path).sort()).toEqual((await readdir(folder)).sort());
});

test('--round gives the values after so many commits, with the log that leads to them', async () => {
  const { folder, outcome } = await exportedRun(['--round', '5']);
  const { provenance } = JSON.parse(outcome.stdout);
  expect(provenance.rounds).toBe(5);
  expect(decodeLog(await bytesIn(folder, 'commits.log'))).toHaveLength(5);
  const early = readSafetensors(await bytesIn(folder, 'adapter_model.safetensors')).tensors.find(({ name }) => name.endsWith('lora_B.weight'));
  const late = readSafetensors(await bytesIn((await exportedRun([])).folder, 'adapter_model.safetensors')).tensors.find(({ name }) => name.endsWith('lora_B.weight'));
  expect(early?.data).not.toEqual(late?.data);
  const tooFar = await exportedRun(['--round', '13']);
  expect(JSON.parse(tooFar.outcome.stderr).error).toMatchObject({ code: 'command.invalid', field: '--round' });
});

describe('a model with weights in another file', () => {
  test('becomes one file', async () => {
    const { folder } = await exportedRun(['--as', 'onnx'], { external: true });
    expect(externalLocations(readModel(await bytesIn(folder, 'model.onnx')))).toEqual([]);
    const logits = await logitsOfExample(folder);
    const expected = await logitsByPeft((await exportedRun([], { external: true })).folder);
    const scale = Math.max(...expected.map(Math.abs));
    logits.forEach((logit, i) => expect(Math.abs(logit - (expected[i] ?? NaN))).toBeLessThan(1e-5 * scale));
  });
  test('or, with --external, a model and its weights, which the example finds', async () => {
    const { folder } = await exportedRun(['--as', 'onnx', '--external'], { external: true });
    expect(externalLocations(readModel(await bytesIn(folder, 'model.onnx')))).toEqual(['model.onnx.data']);
    const separate = await logitsOfExample(folder);
    expect(await logitsOfExample((await exportedRun(['--as', 'onnx'], { external: true })).folder)).toEqual(separate);
  });
  test('becomes int8 with them: as one file, or beside its weights, with the same logits', async () => {
    const single = await exportedRun(['--as', 'onnx-w8a8'], { external: true });
    const beside = await exportedRun(['--as', 'onnx-w8a8', '--external'], { external: true });
    expect([single.outcome, beside.outcome].map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const [one, two] = await Promise.all([single, beside].map(async ({ folder }) => readModel(await bytesIn(folder, 'model.onnx'))));
    // No float32 matrix is left of the linear, but an int8 one (3).
    for (const model of [one, two]) expect(model?.graph.initializer.filter(({ dims }) => dims.join() === '64,64').map(({ dataType }) => dataType)).toEqual([3]);
    expect([one, two].map((model) => model && externalLocations(model))).toEqual([[], ['model.onnx.data']]);
    expect(await logitsOfExample(beside.folder)).toEqual(await logitsOfExample(single.folder));
  });
});

describe('files of the base model', () => {
  test('that are on this disk already are not fetched again', async () => {
    const cache = await emptyFolder();
    const first = await exportedRun(['--as', 'onnx'], { cache });
    expect(first.calls.filter((name) => name === 'downloadRunFile')).toHaveLength(2);
    const second = await exportedRun(['--as', 'onnx-w8a8'], { cache });
    expect(second.outcome.exitCode).toBe(0);
    expect(second.calls).not.toContain('downloadRunFile');
  });
  test('are gone on with where a connection broke', async () => {
    const offsets: string[] = [];
    const whole = await exportedRun(['--as', 'onnx']);
    const bytes = Buffer.from(await readFile(join(whole.above, 'cache', 'seedfleet', 'models', modelHash(await textIn(whole.folder, 'manifest.json')))));
    let cut = true;
    // The first answer ends after a hundred bytes; the coordinator of the spec answers with ranges only where it is asked for one.
    const { outcome } = await exportedRun(['--as', 'onnx'], { handlers: { downloadRunFile: ({ query, headers }: Parameters<Handler>[0]) => {
      if (query['path'] !== 'model.onnx') return readTokenizer(whole.folder);
      offsets.push(headers.range ?? 'all');
      if (!cut) return bytes.subarray(Number(/(\d+)/.exec(headers.range ?? '0')?.[1]));
      cut = false;
      return bytes.subarray(0, 100);
    } } });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(offsets).toEqual(['all', 'bytes=100-']);
  });
  test('that are not what the manifest names end the export, and nothing is left', async () => {
    const { folder, above, outcome } = await exportedRun(['--as', 'onnx'], { handlers: { downloadRunFile: () => Buffer.alloc(100_000) } });
    expect(JSON.parse(outcome.stderr).error.code).toBe('download.hash-mismatch');
    await expect(readdir(folder)).rejects.toThrow('ENOENT');
    expect(await readdir(above)).toEqual(['cache']);
    expect(await readdir(join(above, 'cache', 'seedfleet', 'models'))).toEqual([]);
  });
  test('that never come end the export', async () => {
    const { outcome } = await exportedRun(['--as', 'onnx'], { handlers: { downloadRunFile: () => Buffer.alloc(0) } });
    expect(JSON.parse(outcome.stderr).error).toMatchObject({ code: 'download.failed', field: 'model.onnx' });
  });
});

const modelHash = (manifest: string): string => JSON.parse(manifest).manifest.model.files.find(({ role }: { role: string }) => role === 'model').sha256;
const readTokenizer = (folder: string) => readFile(join(folder, 'tokenizer.json'));
