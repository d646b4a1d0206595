import { copyFile, link, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { buildLanguageGraph, buildTrainingGraph, buildVerbalizerGraph, externalLocations, writeModel, type AdapterPlan, type BiasPlan } from '@seedfleet/onnx';
import { type CheckRequest } from './check-model.js';
import { checkedHead } from './trained-parts.js';

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
  await writeFile(path, writeModel(graph));
  return path;
}

/** A hard link, or a copy on another disk: ONNX Runtime refuses weights behind a symbolic link that leaves the model's folder. */
async function place({ from, to }: { from: string; to: string }): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const file = await realpath(from);
  await link(file, to).catch(() => copyFile(file, to));
}
