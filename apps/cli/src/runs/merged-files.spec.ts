import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyRun } from '@seedfleet/artifacts';
import { aFinishedRun } from '@seedfleet/artifacts/testing';
import { generateKeyPair } from '@seedfleet/ledger';
import { externalTensor, graphBuilder, writeModel } from '@seedfleet/onnx';
import { emptyFolder } from '../testing/typed.js';
import { mergedFiles } from './merged-files.js';

const width = 8;
/** Rows of a table that has more bytes than one protobuf can hold. */
const rows = Math.ceil(2 ** 31 / (4 * width));

/** A run over a model with a table of more than 2 GB in a sparse file, which nothing may read whole. */
async function hugeRun() {
  const folder = await emptyFolder();
  const g = graphBuilder({ name: 'huge' });
  g.input('input_ids', 'int64', ['batch', 'time']);
  const table = g.initializer(externalTensor({ name: 'table', shape: [rows, width], location: 'huge.data', offset: 0, length: 4 * width * rows }));
  const x = g.node('Gather', [table, 'input_ids'], 'x');
  g.output(g.node('MatMul', [x, g.weight('q.weight', new Float32Array(width * width).fill(0.5), [width, width])], 'logits'), 'float32', ['batch', 'time', width]);
  const paths = { 'model.onnx': join(folder, 'model.onnx'), 'huge.data': join(folder, 'huge.data') };
  await writeFile(paths['model.onnx'], writeModel(g.build()));
  await writeFile(paths['huge.data'], '');
  await truncate(paths['huge.data'], 4 * width * rows);
  const file = { sha256: '0'.repeat(64), bytes: 1 };
  const verified = verifyRun(aFinishedRun({
    rounds: 2, coordinatorPrivateKey: generateKeyPair().privateKey, task: { type: 'language', tokensMax: 8 },
    model: { name: 'huge', output: 'logits', inputs: { ids: 'input_ids' }, files: [{ path: 'model.onnx', role: 'model', ...file }, { path: 'huge.data', role: 'external', ...file }] },
    adapter: { rank: 1, alpha: 1, sites: [{ name: 'q', kind: 'lora', inputs: width, shape: [1, width], scale: 1 }] },
  }));
  return { verified, places: new Map(Object.entries(paths)) };
}

test('a merged model above 2 GB is refused as one file, before its weights are read', async () => {
  const { verified, places } = await hugeRun();
  await expect(mergedFiles(verified, { precision: 'fp32', external: false, places })).rejects.toMatchObject({ code: 'artifact.too-large', field: '--external', fix: expect.stringContaining('--external') });
});

test('beside its weights it leaves as it is: the graph small, the weights written tensor by tensor when the file is', async () => {
  const { verified, places } = await hugeRun();
  const { contents, format } = await mergedFiles(verified, { precision: 'fp32', external: true, places });
  expect(format).toMatchObject({ external: true, logits: null, inputs: ['input_ids'] });
  expect(Object.keys(contents).sort()).toEqual(['model.onnx', 'model.onnx.data']);
  expect((contents['model.onnx'] as Uint8Array).length).toBeLessThan(10_000);
  expect(contents['model.onnx.data']).toBeInstanceOf(Function);
});
