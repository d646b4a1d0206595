import { closeSync, openSync, readSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { mergeRun, type CardFormat, type VerifiedRun } from '@seedfleet/artifacts';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { embedWeights, readModel, separateWeights, tensorBytes, weightBytes, writeModel, type OnnxModel, type PlacedTensor, type ReadExternal } from '@seedfleet/onnx';
import { type ExportContents } from './export-run.js';

/** What one protobuf may hold, less room for the graph itself. */
const fileBytesMax = 2 ** 31 - 1 - 16 * 2 ** 20;
/** What one call of the operating system takes: it refuses more than 2 GB, and a tensor may be larger. */
const pieceBytes = 2 ** 28;
const modelName = 'model.onnx';
const dataName = 'model.onnx.data';

export interface MergeRequest {
  precision: 'fp32' | 'w8a8';
  /** Whether the weights go into a file beside the model. */
  external: boolean;
  /** Files of the base model by their path in the manifest, each of the hash that it names. */
  places: ReadonlyMap<string, string>;
}

/**
 * The merged model and the tokenizer as files of an export.
 * @throws FleetError `artifact.too-large`, and the codes of `mergeRun`
 */
export async function mergedFiles(verified: VerifiedRun, { precision, external, places }: MergeRequest): Promise<{ contents: ExportContents; format: CardFormat }> {
  const { files } = verified.manifest.model;
  const placeOf = (path: string): string => {
    const place = places.get(path);
    if (place === undefined) throw new FleetError('model.external-missing', { field: path, problem: `The manifest names no file "${path}", and the model keeps weights in it.` });
    return place;
  };
  const { path } = files.find(({ role }) => role === 'model') ?? { path: modelName };
  const reader = openReader(placeOf);
  const base = readModel(await readFile(placeOf(path)), { file: path, external: (location) => places.has(location) });
  const { model, logits, inputs, dequantises } = mergeRun(verified, { base, precision, read: reader.read });
  const tokenizers = files.filter(({ role }) => role === 'tokenizer');
  const contents: ExportContents = Object.fromEntries(await Promise.all(tokenizers.map(async (file) => [file.path.split('/').at(-1) ?? file.path, await readFile(placeOf(file.path))] as const)));
  const format: CardFormat = { type: 'onnx', precision, logits, inputs, external, dequantises };
  if (external) {
    const { model: separate, placed } = separateWeights(model, { location: dataName });
    contents[modelName] = writeModel(separate);
    contents[dataName] = (target) => writeTensors(target, { placed, read: reader.read }).finally(reader.close);
  } else {
    contents[modelName] = singleFile(model, reader.read);
    reader.close();
  }
  return { contents, format };
}

function singleFile(model: OnnxModel, read: ReadExternal): Uint8Array {
  const bytes = weightBytes(model);
  if (bytes > fileBytesMax) throw new FleetError('artifact.too-large', { field: '--external', problem: `The merged model has ${(bytes / 2 ** 30).toFixed(1)} GB of weights, and one ONNX file holds 2 GB.` });
  return writeModel(embedWeights(model, read));
}

/** Tensor by tensor, so that a model needs not to fit into memory. */
async function writeTensors(target: string, { placed, read }: { placed: readonly PlacedTensor[]; read: ReadExternal }): Promise<void> {
  const file = await open(target, 'w');
  try {
    for (const part of placed) {
      const bytes = tensorBytes(part, read);
      for (let written = 0; written < part.length;) written += (await file.write(bytes, written, Math.min(pieceBytes, part.length - written), part.offset + written)).bytesWritten;
    }
  } finally {
    await file.close();
  }
}

/** Reads parts of the files of external weights, each opened once. */
function openReader(placeOf: (path: string) => string): { read: ReadExternal; close(): void } {
  const opened = new Map<string, number>();
  return {
    read(location, { offset, length }) {
      const file = opened.get(location) ?? openSync(placeOf(location), 'r');
      opened.set(location, file);
      const bytes = new Uint8Array(length);
      for (let filled = 0; filled < length;) {
        const count = readSync(file, bytes, filled, Math.min(pieceBytes, length - filled), offset + filled);
        if (count === 0) throw new InvariantError(`${location} ends before byte ${offset + length}.`);
        filled += count;
      }
      return bytes;
    },
    close() {
      for (const file of opened.values()) closeSync(file);
      opened.clear();
    },
  };
}
