import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { externalLocations, readModel, type OnnxModel } from '@seedfleet/onnx';
import { type fileRoles } from '@seedfleet/protocol';

/** One file of a base model on this disk. */
export interface LocalFile {
  /** as the model calls it: relative to the .onnx file */
  path: string;
  role: (typeof fileRoles)[number];
  file: string;
  sha256: string;
  bytes: number;
}

/** The .onnx file that `place` means: itself, or the only one in the folder. @throws FleetError `file.unreadable`, `model.folder-unclear` */
export async function findModelFile(place: string): Promise<string> {
  const found = await statOf(place);
  if (!found.isDirectory()) return place;
  const candidates = (await readdir(place)).filter((name) => name.endsWith('.onnx')).sort();
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return join(place, only);
  const problem = candidates.length === 0 ? `The folder ${place} holds no .onnx file.` : `The folder ${place} holds ${candidates.length} .onnx files: ${candidates.join(', ')}.`;
  throw new FleetError('model.folder-unclear', { field: place, problem });
}

/** @throws FleetError `file.unreadable`, and the codes of `readModel`, external files that are not beside it included */
export async function readModelFile(file: string): Promise<OnnxModel> {
  await statOf(file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  return readModel(bytes, { file, external: (location) => existsSync(join(dirname(file), location)) });
}

/** All files that a device needs, with their hashes: the graph, its external weights, the tokenizer. @throws FleetError `model.tokenizer-missing` */
export async function modelFiles({ file, model, tokenizer }: { file: string; model: OnnxModel; tokenizer?: string }): Promise<LocalFile[]> {
  const folder = dirname(file);
  const tokenizerFile = tokenizer ?? join(folder, 'tokenizer.json');
  if (!existsSync(tokenizerFile)) throw new FleetError('model.tokenizer-missing', { field: tokenizerFile, problem: 'The model has no tokenizer.' });
  return Promise.all([
    describe({ path: basename(file), role: 'model', file }),
    ...externalLocations(model).map((location) => describe({ path: location, role: 'external' as const, file: join(folder, location) })),
    describe({ path: 'tokenizer.json', role: 'tokenizer', file: tokenizerFile }),
  ]);
}

async function describe(known: Pick<LocalFile, 'path' | 'role' | 'file'>): Promise<LocalFile> {
  const { size } = await statOf(known.file);
  const hash = createHash('sha256');
  try {
    for await (const part of createReadStream(known.file)) hash.update(part);
  } catch (cause) {
    throw unreadable(known.file, cause);
  }
  return { ...known, bytes: size, sha256: hash.digest('hex') };
}

async function statOf(file: string) {
  try {
    return await stat(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

const unreadable = (file: string, cause: unknown) => new FleetError('file.unreadable', { field: file, problem: `${file} cannot be read.`, cause });
