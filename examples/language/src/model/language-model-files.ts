import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelOnDisk } from '@seedfleet/example-sentiment';
import { writeModel } from '@seedfleet/onnx';
import { llamaTokenizer } from './llama-tokenizer.js';
import { floatLanguageModel, languageInputs, languageOutput } from './moonshine.js';

/** Writes `model.onnx` (78 MB) and `tokenizer.json` of the float32 language model into a folder. */
export async function writeLanguageModel({ folder }: { folder: string }): Promise<ModelOnDisk> {
  await mkdir(folder, { recursive: true });
  const files = [
    { path: 'model.onnx', role: 'model' as const, content: writeModel(await floatLanguageModel()) },
    { path: 'tokenizer.json', role: 'tokenizer' as const, content: Buffer.from(llamaTokenizer(), 'utf8') },
  ];
  await Promise.all(files.map(({ path, content }) => writeFile(join(folder, path), content)));
  return {
    folder, output: languageOutput, inputs: languageInputs,
    files: files.map(({ path, role, content }) => ({ path, role, sha256: createHash('sha256').update(content).digest('hex'), bytes: content.byteLength })),
  };
}
