import { createHash } from 'node:crypto';
import { type Manifest } from '@seedfleet/ledger';
import { externalTensor, graphBuilder, writeModel } from '@seedfleet/onnx';
import { serveRun } from './served-run.js';
import { type Handler, type ServedCoordinator } from './served-coordinator.js';

const width = 64;
const [vocabulary, labels] = [9, ['negative', 'positive']];

/** Numbers in (-1, 1), the same in every run. */
const values = (seed: number, count: number) => Float32Array.from({ length: count }, (_, i) => Math.fround(((i * 37 + seed * 101) % 199) / 100 - 0.995));

/** Weights of the base model, [in, out] row-major. */
export const base = { width, vocabulary, labels, table: values(1, vocabulary * width), q: values(2, width * width).map((value) => value / 8) };

/** One linear `q` over the mean of the embeddings of all tokens: [batch, width]. A causal one has it over each, and its output head is the transposed table. @param external whether the linear's weight is in `weights.bin` */
function modelBytes({ external, causal }: { external: boolean; causal: boolean }): Uint8Array {
  const g = graphBuilder({ name: 'base' });
  for (const name of ['input_ids', 'attention_mask', causal ? 'position_ids' : 'token_type_ids']) g.input(name, 'int64', ['batch', 'time']);
  const tokens = g.node('Gather', [g.weight('table', base.table, [vocabulary, width]), 'input_ids'], 'x');
  const x = causal ? tokens : g.node('ReduceMean', [tokens], 'mean', { axes: [1], keepdims: 0 });
  const w = external ? g.initializer(externalTensor({ name: 'q.weight', shape: [width, width], location: 'weights.bin', offset: 0, length: 4 * width * width })) : g.weight('q.weight', base.q, [width, width]);
  if (causal) g.output(g.node('MatMul', [g.node('MatMul', [x, w], 'q.y'), g.node('Transpose', ['table'], 'table.t', { perm: [1, 0] })], 'logits'), 'float32', ['batch', 'time', vocabulary]);
  else g.output(g.node('MatMul', [x, w], 'pooled'), 'float32', ['batch', width]);
  return writeModel(g.build());
}

/** A tokenizer of whole words, as Hugging Face tokenizers writes it. */
const tokenizer = JSON.stringify({
  version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: { type: 'Lowercase' }, pre_tokenizer: { type: 'Whitespace' }, post_processor: null, decoder: null,
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, one: 1, text: 2, and: 3, another: 4, good: 5, bad: 6, film: 7, the: 8 }, unk_token: '[UNK]' },
});

type Site = Manifest['adapter']['sites'][number];
const lora: Site = { name: 'q', kind: 'lora', inputs: width, shape: [2, width], scale: 1 };
const bias: Site = { name: 'q.bias', kind: 'bias', inputs: 0, shape: [width], scale: 1 };
const head: Site[] = [{ name: 'head.W', kind: 'head-weight', inputs: width, shape: [width, labels.length], scale: 10 }, { name: 'head.b', kind: 'head-bias', inputs: 0, shape: [labels.length], scale: 10 }];

const runs: Record<'classification' | 'verbalizer' | 'language' | 'biases', { task: Manifest['task']; sites: Site[] }> = {
  classification: { task: { type: 'classification', labels, tokensMax: 64 }, sites: [lora, ...head] },
  verbalizer: { task: { type: 'verbalizer', labels, words: [' bad', ' good'], template: '{text} the film', tokensMax: 64 }, sites: [lora, bias] },
  language: { task: { type: 'language', tokensMax: 64 }, sites: [lora, bias] },
  biases: { task: { type: 'language', tokensMax: 64 }, sites: [bias] },
};

export interface ModelRun { run?: keyof typeof runs; external?: boolean; handlers?: Record<string, Handler> }

/** A coordinator with one finished run over a real, small model and its files. @param handlers stand before the default ones */
export async function serveModelRun({ run = 'classification', external = false, handlers = {} }: ModelRun = {}): Promise<ServedCoordinator> {
  const { task, sites } = runs[run];
  const causal = task.type !== 'classification';
  const files: [string, 'model' | 'tokenizer' | 'external', Uint8Array][] = [
    ['model.onnx', 'model', modelBytes({ external, causal })], ['tokenizer.json', 'tokenizer', new TextEncoder().encode(tokenizer)],
    ...(external ? [['weights.bin', 'external', new Uint8Array(base.q.buffer)] satisfies [string, 'external', Uint8Array]] : []),
  ];
  const bytesOf = (path: string) => Buffer.from(files.find(([name]) => name === path)?.[2] ?? new Uint8Array());
  return serveRun(undefined, {
    downloadRunFile: ({ query, headers }) => bytesOf(query['path'] ?? '').subarray(Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)),
    ...handlers,
  }, {
    model: {
      name: 'org/base', output: causal ? 'logits' : 'pooled', inputs: { ids: 'input_ids', mask: 'attention_mask' },
      files: files.map(([path, role, bytes]) => ({ path, role, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })),
    },
    task, adapter: { rank: 2, alpha: 4, sites },
  });
}
