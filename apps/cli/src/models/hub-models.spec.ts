import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { externalTensor, graphBuilder, writeModel } from '@seedfleet/onnx';
import { modelRequest, type Model } from '@seedfleet/protocol';
import { HubServer } from '../hub/hub-server.fixture.js';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { emptyFolder, loggedIn, typed } from '../testing/typed.js';

/** A decoder as transformers.js ships it: weights in a file of their own, tokenizer and config around it. */
function repository(): Map<string, Buffer> {
  const graph = graphBuilder({ name: 'decoder' });
  graph.input('input_ids', 'int64', ['batch', 'tokens']);
  graph.input('attention_mask', 'int64', ['batch', 'tokens']);
  graph.initializer(externalTensor({ name: 'embed.weight', shape: [50, 8], location: 'model.onnx_data', offset: 0, length: 1_600 }));
  graph.initializer(externalTensor({ name: 'lm_head.weight', shape: [8, 50], location: 'model.onnx_data', offset: 1_600, length: 1_600 }));
  const rows = graph.node('Gather', ['embed.weight', 'input_ids'], 'rows', { axis: 0 });
  graph.output(graph.node('MatMul', [rows, 'lm_head.weight'], 'logits'), 'float32', ['batch', 'tokens', 50]);
  return new Map([
    ['onnx/model.onnx', Buffer.from(writeModel(graph.build()))],
    ['onnx/model.onnx_data', Buffer.alloc(3_200, 1)],
    ['onnx/model_q4.onnx', Buffer.from('not asked for')],
    ['config.json', Buffer.from(JSON.stringify({ architectures: ['LlamaForCausalLM'], hidden_size: 8, vocab_size: 50 }))],
    ['tokenizer_config.json', Buffer.from(JSON.stringify({ padding_side: 'left' }))],
    ['tokenizer.json', Buffer.from('{"version":"1.0"}')],
    ['pytorch_model.bin', Buffer.alloc(10)],
  ]);
}

let server: HubServer;
let cache: string;
let coordinator: ServedCoordinator | undefined;
let env: Record<string, string>;
beforeEach(async () => {
  server = await new HubServer('lab/decoder', repository()).listen();
  cache = await emptyFolder();
  env = { HF_ENDPOINT: server.url, XDG_CACHE_HOME: cache };
});
afterEach(async () => {
  await server.close();
  await coordinator?.close();
  await rm(cache, { recursive: true });
});

test('a model of a hub is announced with its graph, its weights and its tokenizer, and every decision is said', async () => {
  let announced: unknown;
  coordinator = await serveCoordinator({
    listModels: () => ({ items: [] }),
    createModel: ({ body }) => {
      announced = body;
      const request = modelRequest.parse(body);
      const model: Model = { ...request, id: 'mdl_1', state: 'ready', files: request.files.map((file) => ({ ...file, received: file.bytes })), sites: [], tasks: [], outputWidth: 50, createdAt: '2026-11-25T10:00:00.000Z' };
      return model;
    },
    showModel: () => ({ ...modelRequest.parse(announced), id: 'mdl_1', state: 'ready', files: [], sites: [], tasks: [], outputWidth: 50, createdAt: '2026-11-25T10:00:00.000Z' }),
  });
  const outcome = await typed(['models', 'add', 'hf:lab/decoder'], { env: { ...env, ...loggedIn(coordinator) } });
  expect(outcome).toMatchObject({ exitCode: 0 });
  expect(announced).toMatchObject({
    name: 'decoder', output: 'logits', inputs: { ids: 'input_ids', mask: 'attention_mask' },
    files: [{ path: 'model.onnx', role: 'model' }, { path: 'model.onnx_data', role: 'external', bytes: 3_200 }, { path: 'tokenizer.json', role: 'tokenizer' }],
  });
  expect(announced).not.toHaveProperty('pool');
  expect(outcome.stderr).toContain(`hf:lab/decoder@${server.commit}`);
  expect(outcome.stderr).toMatch(/output logits \(logits a token\): the only output/);
  expect(outcome.stderr).toContain('pads on the left');
  // Nothing was fetched that nobody needs.
  const fetched = server.asked.filter(({ method, path }) => method === 'GET' && path.includes('/resolve/')).map(({ path }) => path.split(`${server.commit}/`)[1]);
  expect(fetched.sort()).toEqual(['config.json', 'onnx/model.onnx', 'onnx/model.onnx_data', 'tokenizer.json', 'tokenizer_config.json']);
});

test('a model of a hub is inspected from the cache the second time', async () => {
  const words = ['models', 'inspect', 'hf:lab/decoder', '-o', 'json'];
  const first = await typed(words, { env });
  expect(JSON.parse(first.stdout)).toMatchObject({ sites: [{ name: 'lm_head' }], choices: [{ output: 'logits', use: 'logits a token' }] });
  server.asked.length = 0;
  expect(await typed(words, { env })).toEqual(first);
  expect(server.asked.filter(({ host }) => host === 'storage')).toEqual([]);
});

test('the token comes from the environment or a file, and is nowhere in what the command prints', async () => {
  server.faults = { token: 'hf_secret' };
  expect((await typed(['models', 'inspect', 'hf:lab/decoder'], { env })).exitCode).toBe(4);
  expect((await typed(['models', 'inspect', 'hf:lab/decoder'], { env: { ...env, HF_TOKEN: 'hf_secret' } })).exitCode).toBe(0);
  const file = join(cache, 'token');
  await writeFile(file, 'hf_secret\n');
  const outcome = await typed(['models', 'inspect', 'hf:lab/decoder', '--token-file', file], { env });
  expect(outcome.exitCode).toBe(0);
  expect(outcome.stdout + outcome.stderr).not.toContain('hf_secret');
  expect((await typed(['models', 'inspect', 'hf:lab/decoder', '--token', 'hf_secret'], { env })).exitCode).toBe(2);
});

test('the files stand under their names, with the weights beside the graph', async () => {
  const { file } = JSON.parse((await typed(['models', 'inspect', 'hf:lab/decoder', '-o', 'json'], { env })).stdout);
  expect(file).toBe(join(cache, 'seedfleet', 'hub', 'models', 'lab--decoder', server.commit, 'onnx', 'model.onnx'));
  expect((await readFile(`${file}_data`)).length).toBe(3_200);
});

test('weights that the graph names outside of the repository are not fetched', async () => {
  const graph = graphBuilder({ name: 'escapes' });
  graph.input('input_ids', 'int64', ['batch', 'tokens']);
  graph.initializer(externalTensor({ name: 'w', shape: [4, 4], location: '../../../secret', offset: 0, length: 64 }));
  graph.output(graph.node('Gather', ['w', 'input_ids'], 'y', { axis: 0 }), 'float32', ['batch', 'tokens', 4]);
  server.files.set('onnx/model.onnx', Buffer.from(writeModel(graph.build())));
  const outcome = await typed(['models', 'inspect', 'hf:lab/decoder', '-o', 'json'], { env });
  expect(JSON.parse(outcome.stderr).error).toMatchObject({ code: 'model.external-missing' });
});
