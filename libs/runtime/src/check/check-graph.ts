import { closeSync, openSync, readSync } from 'node:fs';
import { copyFile, link, mkdir, open, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { buildLanguageGraph, buildTrainingGraph, buildVerbalizerGraph, externalLocations, separateWeights, tensorBytes, writeModel, type AdapterPlan, type BiasPlan, type PlacedTensor } from '@seedfleet/onnx';
import { type CheckRequest } from './check-model.js';
import { checkedHead } from './trained-parts.js';

/** What one call of the operating system takes: it refuses more than 2 GB, and a tensor may be larger. */
const pieceBytes = 2 ** 28;

/** Writes the training graph of a check, and beside it the external weights that it names. @returns its path */
export async function writeCheckGraph(folder: string, { model, folder: source, output, pool, inputs, task, adapters, biases, precision }: CheckRequest & { adapters: AdapterPlan[]; biases: BiasPlan[] }): Promise<string> {
  const read = { output, inputs, precision, adapters, biases };
  if (task.type !== 'classification' && adapters.length + biases.length === 0) throw new FleetError('model.no-sites', { field: 'sites', problem: 'No adapter site was chosen, and a language model has no head: nothing would be trained.' });
  const graph = task.type === 'language' ? buildLanguageGraph(model, read)
    : task.type === 'verbalizer' ? buildVerbalizerGraph(model, { ...read, answers: task.answers })
      : buildTrainingGraph(model, { ...read, classes: task.classes, head: checkedHead, ...(pool === undefined ? {} : { pool }) });
  await mkdir(folder, { recursive: true });
  for (const location of externalLocations(graph)) await place({ from: join(source, location), to: join(folder, location) });
  const path = join(folder, 'training.onnx');
  const { model: written, placed } = separateWeights(graph, { location: 'training.onnx.data', which: 'pending' });
  if (placed.length > 0) await writeWeights(`${path}.data`, { placed, source });
  await writeFile(path, writeModel(written));
  return path;
}

/** What is made of external weights, one tensor in memory at a time. */
async function writeWeights(path: string, { placed, source }: { placed: readonly PlacedTensor[]; source: string }): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const part of placed) {
      const bytes = tensorBytes(part, (location, range) => readRange(join(source, location), range));
      for (let written = 0; written < bytes.length;) written += (await file.write(bytes, written, Math.min(pieceBytes, bytes.length - written), part.offset + written)).bytesWritten;
    }
  } finally {
    await file.close();
  }
}

function readRange(path: string, { offset, length }: { offset: number; length: number }): Uint8Array {
  const bytes = new Uint8Array(length);
  const file = openSync(path, 'r');
  try {
    let read = 0;
    for (let got = -1; got !== 0 && read < length; read += got) got = readSync(file, bytes, read, Math.min(pieceBytes, length - read), offset + read);
    return bytes.subarray(0, read);
  } finally {
    closeSync(file);
  }
}

/** A hard link, or a copy on another disk: ONNX Runtime refuses weights behind a symbolic link that leaves the model's folder. */
async function place({ from, to }: { from: string; to: string }): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const file = await realpath(from);
  await link(file, to).catch(() => copyFile(file, to));
}
