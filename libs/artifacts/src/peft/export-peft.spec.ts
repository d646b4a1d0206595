import { fromHex, generateKeyPair, type Manifest } from '@seedfleet/ledger';
import { frozenA } from '@seedfleet/numerics';
import { aFinishedRun } from '../audit/a-finished-run.js';
import { verifyRun } from '../audit/verify-run.js';
import { readSafetensors, type NamedTensor } from '../safetensors/safetensors.js';
import { exportPeft } from './export-peft.js';

const { privateKey } = generateKeyPair();
const run = aFinishedRun({ rounds: 4, coordinatorPrivateKey: privateKey });
const { manifest, state } = verifyRun(run);
const files = exportPeft({ manifest, state });
const adapter = new Map(readSafetensors(files['adapter_model.safetensors']).tensors.map((tensor) => [tensor.name, tensor]));
const config = JSON.parse(files['adapter_config.json']) as Record<string, unknown>;
const [b] = state.values as [Float64Array];

/** torch's Linear: y_o = Σ_i W[o, i] x_i. */
function linear({ shape: [outputs = 0, inputs = 0], data }: NamedTensor, x: number[]): number[] {
  return Array.from({ length: outputs }, (_, o) => x.reduce((sum, value, i) => sum + value * (data[o * inputs + i] ?? NaN), 0));
}

const tensor = (name: string): NamedTensor => adapter.get(name) ?? { name: 'missing', shape: [0, 0], data: new Float32Array() };

test('an adapter has the names and shapes that PEFT expects: lora_A [r, d_in], lora_B [d_out, r]', () => {
  expect(Object.fromEntries([...adapter].map(([name, { shape }]) => [name, shape]))).toEqual({
    'base_model.model.encoder.layer.0.attn.q.lora_A.weight': [2, 6],
    'base_model.model.encoder.layer.0.attn.q.lora_B.weight': [5, 2],
    'base_model.model.encoder.layer.0.attn.v.lora_A.weight': [2, 6],
    'base_model.model.encoder.layer.0.attn.v.lora_B.weight': [7, 2],
  });
});

test('the configuration is a LoRA of PEFT over the modules of the sites', () => {
  expect(config).toMatchObject({
    peft_type: 'LORA', task_type: 'FEATURE_EXTRACTION', r: 2, lora_alpha: 4, bias: 'none', fan_in_fan_out: false, use_rslora: false,
    target_modules: ['encoder.layer.0.attn.q', 'encoder.layer.0.attn.v'], base_model_name_or_path: 'a model',
  });
});

test('what PEFT computes, lora_B(lora_A(x)) lora_alpha / r, is x A B alpha / r of the training graph', () => {
  const x = [1, -2, 0.5, 3, -1, 0.25];
  for (const site of state.layout.sites.slice(0, 2)) {
    const [rank = 0, outputs = 0] = site.shape;
    const a = frozenA({ runKey: fromHex(manifest.runKey), site: site.index, inputs: 6, rank });
    const xa = Array.from({ length: rank }, (_, k) => x.reduce((sum, value, i) => sum + value * (a[i * rank + k] ?? NaN), 0));
    const ours = Array.from({ length: outputs }, (_, o) => xa.reduce((sum, value, k) => sum + value * (b[site.offset + k * outputs + o] ?? NaN), 0) * (manifest.adapter.alpha / manifest.adapter.rank));
    const module = `base_model.model.${site.name}`;
    const peft = linear(tensor(`${module}.lora_B.weight`), linear(tensor(`${module}.lora_A.weight`), x)).map((value) => value * Number(config['lora_alpha']) / Number(config['r']));
    expect(ours.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    peft.forEach((value, o) => expect(value).toBeCloseTo(ours[o] ?? NaN, 6));
  }
});

test('the head stands beside the adapter as a torch Linear over the classes, with its labels', () => {
  const { tensors, metadata } = readSafetensors(files['head.safetensors'] ?? new Uint8Array());
  const [bias, weight] = tensors as [NamedTensor, NamedTensor];
  const [weightSite, biasSite] = state.layout.sites.slice(2) as [typeof state.layout.sites[0], typeof state.layout.sites[0]];
  expect([bias.name, bias.shape, weight.name, weight.shape]).toEqual(['head.bias', [2], 'head.weight', [2, 6]]);
  expect([...bias.data]).toEqual([...b.subarray(biasSite.offset)].map(Math.fround));
  for (let o = 0; o < 2; o++) for (let i = 0; i < 6; i++) expect(weight.data[o * 6 + i]).toBe(Math.fround(b[weightSite.offset + i * 2 + o] ?? NaN));
  expect(metadata).toMatchObject({ labels: '["negative","positive"]', input: 'pooled' });
});

test('the same state makes the same bytes', () => expect(exportPeft({ manifest, state })).toEqual(files));

describe('a language model with biases', () => {
  const bias = (site: string, width: number): Manifest['adapter']['sites'][number] => ({ name: `${site}.bias`, kind: 'bias', inputs: 0, shape: [width], scale: 1 });
  const biased = verifyRun(aFinishedRun({
    rounds: 3, coordinatorPrivateKey: privateKey, task: { type: 'language', tokensMax: 8 }, adapter: { ...manifest.adapter, sites: [...manifest.adapter.sites.slice(0, 2), bias('encoder.layer.0.attn.q', 5), bias('encoder.layer.0.mlp.down', 3)] },
  }));
  const exported = exportPeft(biased);
  test('leaves what is added to the bias of each module beside the adapter', () => {
    const { tensors, metadata } = readSafetensors(exported['biases.safetensors'] ?? new Uint8Array());
    expect(metadata).toMatchObject({ format: 'pt' });
    const [values] = biased.state.values as [Float64Array];
    const sites = biased.state.layout.sites.slice(2);
    expect(sites.map(({ name }) => name)).toEqual(['encoder.layer.0.attn.q.bias', 'encoder.layer.0.mlp.down.bias']);
    expect(tensors.map(({ name, shape, data }) => [name, shape, [...data]])).toEqual(sites.map(({ name, offset, size }) => [name, [size], [...values.subarray(offset, offset + size)].map(Math.fround)]));
    expect(tensors.flatMap(({ data }) => [...data]).some((value) => value !== 0)).toBe(true);
  });
  test('is a CAUSAL_LM to PEFT, with LoRA at its LoRA sites only and no head', () => {
    expect(JSON.parse(exported['adapter_config.json'])).toMatchObject({ task_type: 'CAUSAL_LM', target_modules: ['encoder.layer.0.attn.q', 'encoder.layer.0.attn.v'], bias: 'none' });
    expect(Object.keys(exported).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'biases.safetensors']);
  });
});

test('a run that trains a head only has no adapter to export', () => {
  const headOnly = verifyRun(aFinishedRun({ rounds: 1, coordinatorPrivateKey: privateKey, adapter: { ...manifest.adapter, sites: manifest.adapter.sites.slice(2) } }));
  expect(() => exportPeft(headOnly)).toThrow(expect.objectContaining({ code: 'artifact.no-adapter' }));
});
