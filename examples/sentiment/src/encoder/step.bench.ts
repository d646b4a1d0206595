import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModel } from '@seedfleet/onnx';
import { measureStep, type BenchOutput } from '@seedfleet/runtime/bench';
import { convertEncoder } from './convert-encoder.js';

export { measureHere } from '@seedfleet/runtime/bench';

/** One step of the real encoder: adapters on all ten linears, and on the last third of them. */
export default async function stepOfEncoder({ figure }: BenchOutput): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'seedfleet-encoder-'));
  try {
    const { output, inputs } = await convertEncoder({ folder });
    await measureStep({
      name: 'encoder', model: readModel(await readFile(join(folder, 'model.onnx'))), output, inputs, task: { type: 'classification', width: 512 }, vocabulary: 8000, rank: 8,
      isSite: () => true, isLate: ({ name }) => /^(encoder\.layer\.1\.ffn|pooler)\./.test(name),
    }, { figure, runs: 15, bundle: import.meta.url });
  } finally {
    await rm(folder, { recursive: true });
  }
}
