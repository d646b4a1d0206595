import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { graphBuilder, writeModel } from '@seedfleet/onnx';
import { mulberry } from './mulberry.js';

export const toyWidth = 16;
export const toyWords = Array.from({ length: 60 }, (_, index) => `word${index}`);
const special = ['[PAD]', '[UNK]'];

/**
 * A sentence encoder small enough to train in milliseconds: embedding [62, 16], mean over the mask, one dense layer, tanh.
 * It goes through every real part (file, tokenizer, rewrite, engine); only its quality is a toy.
 * @param folder receives model.onnx and tokenizer.json
 */
export async function writeToyModel(folder: string, options: ToyModelOptions = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.onnx'), toyModel(options));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(toyTokenizer()));
}

/** What tests of refusals spoil. */
export interface ToyModelOptions {
  opset?: number;
  /** NaN where the dense layer should have weights. */
  broken?: boolean;
}

/** The bytes of the .onnx file. */
export function toyModel({ opset = 17, broken = false }: ToyModelOptions = {}): Uint8Array {
  const random = mulberry(7);
  const values = (count: number, bound: number) => Float32Array.from({ length: count }, () => (random() * 2 - 1) * bound);
  const vocabulary = special.length + toyWords.length;

  const graph = graphBuilder({ name: 'toy_encoder', opset });
  graph.input('input_ids', 'int64', ['batch', 'sequence']);
  graph.input('attention_mask', 'int64', ['batch', 'sequence']);
  graph.weight('embedding.weight', values(vocabulary * toyWidth, 1), [vocabulary, toyWidth]);
  graph.node('Gather', ['embedding.weight', 'input_ids'], 'embedded', { axis: 0 });
  graph.node('Cast', ['attention_mask'], 'mask', { to: 1 });
  graph.integers('axis_last', [-1]);
  graph.integers('axis_tokens', [1]);
  graph.node('Unsqueeze', ['mask', 'axis_last'], 'mask_column');
  graph.node('Mul', ['embedded', 'mask_column'], 'masked');
  graph.node('ReduceSum', ['masked', 'axis_tokens'], 'sum', { keepdims: 0 });
  graph.node('ReduceSum', ['mask', 'axis_tokens'], 'length', { keepdims: 1 });
  graph.node('Div', ['sum', 'length'], 'mean');
  graph.weight('dense.weight', broken ? new Float32Array(toyWidth * toyWidth).fill(NaN) : values(toyWidth * toyWidth, 1), [toyWidth, toyWidth]);
  graph.node('MatMul', ['mean', 'dense.weight'], 'dense');
  graph.node('Tanh', ['dense'], 'sentence_embedding');
  graph.output('sentence_embedding', 'float32', ['batch', toyWidth]);
  return writeModel(graph.build());
}

function toyTokenizer() {
  return {
    version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null, decoder: null,
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100,
      vocab: Object.fromEntries([...special, ...toyWords].map((word, index) => [word, index])) },
  };
}
