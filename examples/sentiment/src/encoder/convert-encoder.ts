import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeModel } from '@seedfleet/onnx';
import { encoderGraph } from './encoder-graph.js';
import { encoderTokenizer } from './encoder-tokenizer.js';
import { readTfjsWeights } from './tfjs-weights.js';

/** A converted encoder on disk, with what its registration needs. */
export interface ConvertedEncoder {
  folder: string;
  output: string;
  inputs: { ids: string; mask: string };
  files: { path: string; role: 'model' | 'tokenizer'; sha256: string; bytes: number }[];
}

/** Longest text that the encoder was trained on. */
export const encoderTokensMax = 128;

/** Writes `model.onnx` and `tokenizer.json` of Universal Sentence Encoder Lite (7.0 million parameters, float32) into a folder. */
export async function convertEncoder({ folder }: { folder: string }): Promise<ConvertedEncoder> {
  await mkdir(folder, { recursive: true });
  const model = writeModel(encoderGraph(await readTfjsWeights()));
  const tokenizer = Buffer.from(await encoderTokenizer(), 'utf8');
  const files = [{ path: 'model.onnx', role: 'model' as const, content: model }, { path: 'tokenizer.json', role: 'tokenizer' as const, content: tokenizer }];
  await Promise.all(files.map(({ path, content }) => writeFile(join(folder, path), content)));
  return {
    folder,
    output: 'sentence_embedding',
    inputs: { ids: 'input_ids', mask: 'attention_mask' },
    files: files.map(({ path, role, content }) => ({ path, role, sha256: createHash('sha256').update(content).digest('hex'), bytes: content.byteLength })),
  };
}
