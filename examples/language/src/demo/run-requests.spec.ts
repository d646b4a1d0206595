import { routes } from '@seedfleet/protocol';
import { inspectSites } from '@seedfleet/onnx';
import { shippedLanguageModel } from '../model/moonshine.js';
import { languageTasks, runRequest } from './run-requests.js';

const downloadMs = 120_000;

test.each([
  ['lm', ['model.decoder.layers.5.self_attn.v_proj', 'model.decoder.layers.5.self_attn.dense'], ['model.decoder.layers.5.mlp.down_proj']],
  ['verbalizer', [4, 5].flatMap((layer) => ['v_proj', 'dense'].map((part) => `model.decoder.layers.${layer}.self_attn.${part}`)), ['model.decoder.layers.5.mlp.down_proj']],
] as const)('%s is a request that the protocol takes, for linears that the model has', async (task, lora, biases) => {
  const request = routes.createRun.request.parse(runRequest(task, { model: 'mod_0123456789abcdef01234567', rounds: 5, devices: 4 }));
  const names = inspectSites(await shippedLanguageModel()).sites.map(({ name }) => name);
  const matching = (pattern = '') => names.filter((name) => new RegExp(`^(?:${pattern})$`, 'u').test(name));
  expect(matching(request.adapter.sites)).toEqual(lora);
  expect(matching(request.adapter.biases)).toEqual(biases);
}, downloadMs);

test('there is a request for every task of the demo', () => {
  for (const task of languageTasks) expect(runRequest(task, { model: 'm', rounds: 1, devices: 4 }).task.type).toBe({ lm: 'language', verbalizer: 'verbalizer' }[task]);
});
