import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256, toHex, type Manifest } from '@seedfleet/ledger';
import { externalTensor, graphBuilder, writeModel } from '@seedfleet/onnx';
import { makePrivateFolder } from '../vault/atomic-file.js';

const words = ['[PAD]', '[UNK]', 'good', 'bad', 'very', 'food', 'film'];
const width = 4;
const weightsFile = 'weights.bin';

/** Weights of the small model, for a plain computation beside the engine's. */
export interface SmallModel {
  /** [words, width] */
  embedding: Float32Array;
  /** [width, width] of the linear site `pooler` */
  pooler: Float32Array;
  width: number;
  /** What a manifest says of it. */
  model: Manifest['model'];
  adapter: Manifest['adapter'];
}

/**
 * Mean of embeddings, then one linear layer: a model of the real shape that a spec can follow by hand. Written with its tokenizer.
 * @param early another linear layer, `early`, before the mean: something costly that depends on the text alone; its weight in a file of its own, if asked
 */
export function aSmallModel({ folder, early = false }: { folder: string; early?: boolean | 'external' }): SmallModel {
  const embedding = waves(words.length * width, 0.7);
  const pooler = waves(width * width, 1.3);
  const graph = graphBuilder({ name: 'small' });
  graph.input('input_ids', 'int64', ['batch', 'tokens']);
  graph.input('attention_mask', 'int64', ['batch', 'tokens']);
  const embedded = graph.node('Gather', [graph.weight('embedding', embedding, [words.length, width]), 'input_ids'], 'embedded', { axis: 0 });
  const earlyWeight = waves(width * width, 1.1);
  const place = { name: 'early.weight', shape: [width, width], location: weightsFile, offset: 0, length: earlyWeight.byteLength };
  const rows = early === false ? embedded
    : graph.node('MatMul', [embedded, early === 'external' ? graph.initializer(externalTensor(place)) : graph.weight('early.weight', earlyWeight, [width, width])], 'rows');
  const mask = graph.node('Unsqueeze', [graph.node('Cast', ['attention_mask'], 'mask_float', { to: 1 }), graph.integers('last', [-1])], 'mask_column');
  const axis = graph.integers('tokens_axis', [1]);
  const sum = graph.node('ReduceSum', [graph.node('Mul', [rows, mask], 'masked'), axis], 'sum', { keepdims: 0 });
  const count = graph.node('ReduceSum', [mask, axis], 'count', { keepdims: 0 });
  const mean = graph.node('Div', [sum, count], 'mean');
  graph.node('MatMul', [mean, graph.weight('pooler.weight', pooler, [width, width])], 'pooled');
  graph.output('pooled', 'float32', ['batch', width]);
  makePrivateFolder(folder);
  return {
    embedding, pooler, width,
    model: {
      name: 'small', output: 'pooled', inputs: { ids: 'input_ids', mask: 'attention_mask' },
      files: [
        fileIn(folder, { path: 'model.onnx', role: 'model', bytes: writeModel(graph.build()) }),
        ...early === 'external' ? [fileIn(folder, { path: weightsFile, role: 'external', bytes: new Uint8Array(earlyWeight.buffer) })] : [],
        fileIn(folder, { path: 'tokenizer.json', role: 'tokenizer', bytes: new TextEncoder().encode(JSON.stringify(tokenizer)) }),
      ],
    },
    adapter: {
      rank: 2, alpha: 4,
      sites: [
        { name: 'pooler', kind: 'lora', inputs: width, shape: [2, width], scale: 1 },
        { name: 'head.W', kind: 'head-weight', inputs: width, shape: [width, 2], scale: 10 },
        { name: 'head.b', kind: 'head-bias', inputs: 0, shape: [2], scale: 10 },
      ],
    },
  };
}

/** Weights of the small language model. */
export interface SmallLanguageModel {
  /** [words, width] */
  embedding: Float32Array;
  /** [width, width] of the linear site `block` */
  block: Float32Array;
  /** [width, words] */
  output: Float32Array;
  width: number;
  words: readonly string[];
  model: Manifest['model'];
  adapter: Manifest['adapter'];
}

/** What a word makes likely behind it: a causal language model without a mask whose logits can be followed by hand. Trained: LoRA and bias of `block`. */
export function aSmallLanguageModel({ folder }: { folder: string }): SmallLanguageModel {
  const [embedding, block, output] = [waves(words.length * width, 0.7), waves(width * width, 1.3), waves(width * words.length, 2.1)];
  const graph = graphBuilder({ name: 'small-language' });
  graph.input('input_ids', 'int64', ['batch', 'tokens']);
  const rows = graph.node('Gather', [graph.weight('embedding', embedding, [words.length, width]), 'input_ids'], 'rows', { axis: 0 });
  const hidden = graph.node('MatMul', [rows, graph.weight('block.weight', block, [width, width])], 'hidden');
  graph.node('MatMul', [hidden, graph.weight('lm_head.weight', output, [width, words.length])], 'logits');
  graph.output('logits', 'float32', ['batch', 'tokens', words.length]);
  makePrivateFolder(folder);
  return {
    embedding, block, output, width, words,
    model: {
      name: 'small language', output: 'logits', inputs: { ids: 'input_ids' },
      files: [
        fileIn(folder, { path: 'model.onnx', role: 'model', bytes: writeModel(graph.build()) }),
        fileIn(folder, { path: 'tokenizer.json', role: 'tokenizer', bytes: new TextEncoder().encode(JSON.stringify(tokenizer)) }),
      ],
    },
    adapter: {
      rank: 2, alpha: 4,
      sites: [{ name: 'block', kind: 'lora', inputs: width, shape: [2, width], scale: 1 }, { name: 'block.bias', kind: 'bias', inputs: 0, shape: [width], scale: 1 }],
    },
  };
}

const tokenizer = {
  version: '1.0', truncation: null, padding: { strategy: 'BatchLongest', direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' }, added_tokens: [],
  normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' }, post_processor: null, decoder: null,
  model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab: Object.fromEntries(words.map((word, id) => [word, id])) },
};

/** Numbers without a pattern that matters, the same every time. */
function waves(length: number, step: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => ((i * 7919 + 13) % 97) / 97 * step - step / 2);
}

function fileIn(folder: string, { path, role, bytes }: { path: string; role: Manifest['model']['files'][number]['role']; bytes: Uint8Array }): Manifest['model']['files'][number] {
  writeFileSync(join(folder, path), bytes);
  return { path, role, sha256: toHex(sha256(bytes)), bytes: bytes.length };
}
