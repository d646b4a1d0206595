import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
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

/** @throws FleetError `file.unreadable` */
export async function isFolder(place: string): Promise<boolean> {
  return (await statOf(place)).isDirectory();
}

/**
 * @param options `external`: whether the files of its weights must be beside it now (default), or come later
 * @throws FleetError `file.unreadable`, and the codes of `readModel`, external files that are not beside it included
 */
export async function readModelFile(file: string, { external = 'beside' }: { external?: 'beside' | 'later' } = {}): Promise<OnnxModel> {
  await statOf(file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  return readModel(bytes, { file, ...(external === 'beside' ? { external: (location) => existsSync(join(dirname(file), location)) } : {}) });
}

/** All files that a device needs, with their hashes: the graph, its external weights, the tokenizer. @throws FleetError `model.tokenizer-missing` */
export async function modelFiles({ file, model, tokenizer }: { file: string; model: OnnxModel; tokenizer?: string }): Promise<LocalFile[]> {
  const folder = dirname(file);
  if (tokenizer === undefined || !existsSync(tokenizer)) throw new FleetError('model.tokenizer-missing', { field: tokenizer ?? join(folder, 'tokenizer.json'), problem: 'The model has no tokenizer.' });
  return Promise.all([
    describe({ path: basename(file), role: 'model', file }),
    ...externalLocations(model).map((location) => describe({ path: location, role: 'external' as const, file: join(folder, location) })),
    describe({ path: 'tokenizer.json', role: 'tokenizer', file: tokenizer }),
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
