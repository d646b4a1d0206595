import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { graphBuilder, writeModel } from '@seedfleet/onnx';
import { modelRequest, type Model, type ModelFile } from '@seedfleet/protocol';
import { OffsetRefusal, serveCoordinator, type Handler, type ServedCoordinator } from '../testing/served-coordinator.js';
import { emptyFolder, loggedIn, typed } from '../testing/typed.js';

/** Bytes of the one large file: two whole pieces and a bit. */
const weightBytes = 9_000_000;

/** A folder as an exporter leaves it: a graph of one linear, its tokenizer. */
async function aModelFolder({ opset = 17, outputs = 1 } = {}): Promise<string> {
  const folder = await emptyFolder();
  const graph = graphBuilder({ name: 'tiny', opset });
  graph.input('input_ids', 'float32', ['batch', 4]);
  graph.input('attention_mask', 'float32', ['batch', 4]);
  graph.weight('dense.weight', new Float32Array(12).fill(0.5), [4, 3]);
  graph.node('MatMul', ['input_ids', 'dense.weight'], 'pooled');
  graph.output('pooled', 'float32', ['batch', 3]);
  if (outputs === 2) {
    graph.node('Tanh', ['pooled'], 'squashed');
    graph.output('squashed', 'float32', ['batch', 3]);
  }
  await writeFile(join(folder, 'model.onnx'), writeModel(graph.build()));
  await writeFile(join(folder, 'tokenizer.json'), Buffer.alloc(weightBytes, 'x'));
  return folder;
}

/** Holds uploads as a coordinator does. */
class Uploads {
  models: Model[] = [];
  stored = new Map<string, Buffer>();
  offsets: number[] = [];

  handlers(changes: Record<string, Handler> = {}): Record<string, Handler> {
    return {
      listModels: () => ({ items: this.models }),
      createModel: ({ body }) => this.announce(body),
      showModel: ({ params }) => this.find(params['id']),
      uploadModelFile: (call) => this.append(call),
      ...changes,
    };
  }

  private announce(body: unknown): Model {
    const request = modelRequest.parse(body);
    const files = request.files.map((file): ModelFile => ({ ...file, received: 0 }));
    const model: Model = { ...request, id: `mdl_${this.models.length + 1}`, state: 'uploading', files, sites: [], tasks: [], outputWidth: null, createdAt: '2026-11-25T10:00:00.000Z' };
    this.models.push(model);
    return model;
  }

  find(id: string | undefined): Model {
    const model = this.models.find((known) => known.id === id);
    if (!model) throw new Error(`no model ${id}`);
    return model;
  }

  append({ params, query, headers, body }: Parameters<Handler>[0]): ModelFile {
    const model = this.find(params['id']);
    const file = model.files.find(({ path }) => path === query['path']);
    if (!file || !Buffer.isBuffer(body)) throw new Error('no such file');
    const offset = Number(headers['upload-offset']);
    this.offsets.push(offset);
    if (offset !== file.received) throw new OffsetRefusal(file.received);
    const bytes = Buffer.concat([this.stored.get(file.path) ?? Buffer.alloc(0), body]);
    this.stored.set(file.path, bytes);
    file.received = bytes.length;
    if (model.files.every(({ received, bytes: all }) => received === all)) Object.assign(model, { state: 'ready', outputWidth: 3, sites: [{ name: 'dense', inputs: 4, outputs: 3 }] });
    return file;
  }
}

let coordinator: ServedCoordinator | undefined;
let uploads: Uploads;
beforeEach(() => { uploads = new Uploads(); });
afterEach(() => coordinator?.close());

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('a folder is announced with the hashes of its files and arrives byte by byte', async () => {
  const folder = await aModelFolder();
  coordinator = await serveCoordinator(uploads.handlers());
  const outcome = await typed(['models', 'add', folder, '--name', 'tiny', '-o', 'json'], { env: loggedIn(coordinator) });
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  const model: Model = JSON.parse(outcome.stdout);
  expect(model).toMatchObject({ state: 'ready', output: 'pooled', inputs: { ids: 'input_ids', mask: 'attention_mask' }, sites: [{ name: 'dense', inputs: 4, outputs: 3 }] });
  for (const file of model.files) {
    const local = await readFile(join(folder, file.path));
    expect(file).toMatchObject({ sha256: sha256Of(local), bytes: local.length, received: local.length });
    expect(uploads.stored.get(file.path)?.equals(local)).toBe(true);
  }
});

test('an upload that was broken off goes on at the byte where it stopped', async () => {
  const folder = await aModelFolder();
  let pieces = 0;
  const breaksOff = await serveCoordinator(uploads.handlers({ uploadModelFile: (call) => {
    if (++pieces > 2) throw new Error('the coordinator died');
    return uploads.append(call);
  } }));
  const first = await typed(['models', 'add', folder, '--name', 'tiny'], { env: loggedIn(breaksOff) });
  await breaksOff.close();
  expect(first.exitCode).toBe(1);
  const arrived = uploads.models[0]?.files.find(({ role }) => role === 'tokenizer')?.received;
  expect(arrived).toBe(4 * 1024 * 1024);

  uploads.offsets = [];
  coordinator = await serveCoordinator(uploads.handlers());
  const second = await typed(['models', 'add', folder, '--name', 'tiny', '-o', 'json'], { env: loggedIn(coordinator) });
  expect(second).toMatchObject({ exitCode: 0, stderr: '' });
  expect(uploads.models).toHaveLength(1);
  expect(uploads.offsets).toEqual([arrived, 2 * 4 * 1024 * 1024]);
  expect(sha256Of(uploads.stored.get('tokenizer.json') ?? Buffer.alloc(0))).toBe(uploads.models[0]?.files.find(({ role }) => role === 'tokenizer')?.sha256);
});

test('a model that is read in another way is another one, though its files were under way already', async () => {
  const folder = await aModelFolder();
  const breaksOff = await serveCoordinator(uploads.handlers({ uploadModelFile: () => { throw new Error('the coordinator died'); } }));
  expect((await typed(['models', 'add', folder, '--name', 'tiny'], { env: loggedIn(breaksOff) })).exitCode).toBe(1);
  await breaksOff.close();
  coordinator = await serveCoordinator(uploads.handlers());
  const again = await typed(['models', 'add', folder, '--name', 'tiny', '--mask', 'input_ids', '-o', 'json'], { env: loggedIn(coordinator) });
  expect(again).toMatchObject({ exitCode: 0, stderr: '' });
  expect(uploads.models.map(({ inputs, state }) => [inputs.mask, state])).toEqual([['attention_mask', 'uploading'], ['input_ids', 'ready']]);
});

test('a piece whose answer was lost is not sent twice: the coordinator names the offset to go on at', async () => {
  const folder = await aModelFolder();
  let lost = false;
  coordinator = await serveCoordinator(uploads.handlers({ uploadModelFile: (call) => {
    const file = uploads.append(call);
    if (!lost && file.role === 'tokenizer') {
      lost = true;
      throw new OffsetRefusal(file.received);
    }
    return file;
  } }));
  expect((await typed(['models', 'add', folder, '--name', 'tiny'], { env: loggedIn(coordinator) })).exitCode).toBe(0);
  expect(uploads.offsets.filter((offset) => offset === 4 * 1024 * 1024)).toHaveLength(1);
});

test('an upload that brings nothing gives up and says how to go on', async () => {
  const folder = await aModelFolder();
  coordinator = await serveCoordinator(uploads.handlers({ uploadModelFile: () => { throw new OffsetRefusal(0); } }));
  const outcome = await typed(['models', 'add', folder, '--name', 'tiny'], { env: loggedIn(coordinator) });
  expect(outcome.exitCode).toBe(6);
  expect(outcome.stderr).toContain('upload.interrupted');
});

test('the sites of a file are listed without a coordinator', async () => {
  const folder = await aModelFolder();
  const outcome = await typed(['models', 'inspect', folder, '-o', 'json']);
  expect(JSON.parse(outcome.stdout)).toMatchObject({ opset: 17, inputs: ['input_ids', 'attention_mask'], outputs: ['pooled'], sites: [{ name: 'dense', inputs: 4, outputs: 3, precision: 'float' }] });
  expect((await typed(['models', 'inspect', join(folder, 'model.onnx')])).stdout).toMatch(/dense\s+4\s+3\s+float/);
});

test('an inspection says what a step of the asked size trains and takes', async () => {
  const outcome = await typed(['models', 'inspect', await aModelFolder(), '--rows', '3', '--batch', '2', '--tokens', '5', '--rank', '4', '-o', 'json']);
  expect(JSON.parse(outcome.stdout)).toMatchObject({
    parameters: 12, bytes: 48, rank: 4, trainable: 12, sites: [{ parameters: 12, bytes: 48, trainablePerRank: 3 }], signature: { inputs: [{ name: 'input_ids', type: 'float', shape: ['batch', 4] }, { name: 'attention_mask' }] },
    step: { rows: 3, batch: 2, tokens: 5, memory: { weights: 48 } },
  });
  const { memory } = JSON.parse(outcome.stdout).step;
  expect(memory.total).toBe(memory.weights + memory.activations);
});

test('what cannot be adapted is listed with the reason, and a model without a site ends with 1', async () => {
  const folder = await emptyFolder();
  const graph = graphBuilder({ name: 'none' });
  graph.input('input_ids', 'float32', ['batch', 4]);
  graph.output(graph.node('MatMul', ['input_ids', 'input_ids'], 'y'), 'float32', ['batch', 4]);
  await writeFile(join(folder, 'model.onnx'), writeModel(graph.build()));
  const outcome = await typed(['models', 'inspect', folder]);
  expect(outcome).toMatchObject({ exitCode: 1, stderr: '' });
  expect(outcome.stdout).toMatch(/No adapter sites\.[^]*y\/MatMul\s+it multiplies two computed values/);
});

test('of several outputs each is listed with what it serves for and the flags that choose it', async () => {
  const folder = await emptyFolder();
  const graph = graphBuilder({ name: 'three' });
  graph.input('input_ids', 'float32', ['batch', 'tokens', 4]);
  for (const [name, shape] of [['last_hidden_state', ['batch', 'tokens', 4]], ['logits', ['batch', 'tokens', 4]], ['pooler_output', ['batch', 4]], ['class_logits', ['batch', 2]]] as const) {
    graph.output(graph.node('Identity', ['input_ids'], name), 'float32', shape);
  }
  await writeFile(join(folder, 'model.onnx'), writeModel(graph.build()));
  expect(JSON.parse((await typed(['models', 'inspect', folder, '-o', 'json'])).stdout).choices.map(({ output, use }: Record<string, string>) => [output, use])).toEqual([
    ['last_hidden_state', 'vector a token'], ['logits', 'logits a token'], ['pooler_output', 'sentence vector'], ['class_logits', 'class logits'],
  ]);
  expect((await typed(['models', 'inspect', folder])).stdout).toMatch(/last_hidden_state\s+vector a token\s+.*--output last_hidden_state --pool mean/);
});

test('a merged decoder is noted, and so are outputs that are left out and inputs that nobody can fill', async () => {
  const folder = await emptyFolder();
  const branchOf = (operator: string) => {
    const branch = graphBuilder({ name: operator });
    branch.input('input_ids', 'float32', ['batch', 4]);
    branch.output(branch.node(operator, ['input_ids'], `${operator}/y`), 'float32', []);
    branch.output(branch.node('Neg', ['input_ids'], `${operator}/key`), 'float32', []);
    const { graph } = branch.build();
    graph.input = [];
    return graph;
  };
  const graph = graphBuilder({ name: 'merged' });
  graph.input('input_ids', 'float32', ['batch', 4]);
  graph.input('use_cache_branch', 'bool', [1]);
  graph.input('encoder_hidden_states', 'float32', ['batch', 4]);
  graph.nodes('If', ['use_cache_branch'], ['y', 'present.0.key'], { then_branch: branchOf('Abs'), else_branch: branchOf('Tanh') });
  graph.output(graph.node('Add', ['y', 'encoder_hidden_states'], 'sum'), 'float32', ['batch', 4]);
  graph.output('present.0.key', 'float32', ['batch', 4]);
  await writeFile(join(folder, 'decoder_model_merged.onnx'), writeModel(graph.build()));
  const { notes } = JSON.parse((await typed(['models', 'inspect', folder, '-o', 'json'])).stdout);
  expect(notes).toEqual([expect.stringContaining('encoder_hidden_states'), expect.stringContaining('branch without cache'), expect.stringMatching(/^1 output of a cache is left out/)]);
});

test('a step of no rows is no step', async () => {
  expect(await typed(['models', 'inspect', await aModelFolder(), '--rows', '0'])).toMatchObject({ exitCode: 2, stdout: '' });
});

test.each([
  ['a folder without a model', async () => emptyFolder(), 'model.folder-unclear'],
  ['a folder with two models of equal claim', async () => { const folder = await emptyFolder(); for (const name of ['a.onnx', 'b.onnx']) await writeFile(join(folder, name), ''); return folder; }, 'model.folder-unclear'],
  ['a file that is not ONNX', async () => { const folder = await emptyFolder(); await writeFile(join(folder, 'model.onnx'), 'no model'); return folder; }, 'model.not-onnx'],
  ['a model of an old operator set', () => aModelFolder({ opset: 12 }), 'model.opset-too-old'],
  ['a path that does not exist', async () => '/nonexistent/model.onnx', 'file.unreadable'],
  ['a model without a tokenizer', async () => { const from = await aModelFolder(); const folder = await emptyFolder(); await mkdir(folder, { recursive: true }); await writeFile(join(folder, 'model.onnx'), await readFile(join(from, 'model.onnx'))); return folder; }, 'model.tokenizer-missing'],
  ['a model of two outputs, none named', () => aModelFolder({ outputs: 2 }), 'model.output-unclear'],
])('%s is refused before anything is announced (%#)', async (_, make, code) => {
  coordinator = await serveCoordinator(uploads.handlers());
  const outcome = await typed(['models', 'add', await make(), '--name', 'tiny', '-o', 'json'], { env: loggedIn(coordinator) });
  expect(JSON.parse(outcome.stderr).error.code).toBe(code);
  expect(outcome.exitCode).not.toBe(0);
  expect(coordinator.calls).not.toContain('createModel');
});

test('models are listed and shown', async () => {
  const folder = await aModelFolder();
  coordinator = await serveCoordinator(uploads.handlers());
  const env = loggedIn(coordinator);
  await typed(['models', 'add', folder, '--name', 'tiny'], { env });
  expect((await typed(['models', 'list'], { env })).stdout).toMatch(/mdl_1\s+tiny\s+ready\s+1\s+3\s+9\.0 MB/);
  expect((await typed(['models', 'show', 'mdl_1'], { env })).stdout).toMatch(/dense\s+4\s+3/);
});
