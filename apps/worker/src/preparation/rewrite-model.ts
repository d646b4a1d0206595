import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sha256, toHex } from '@seedfleet/ledger';
import { readModel, separateWeights, splitTrainingGraph, tensorBytes, weightBytes, writeModel, type OnnxModel, type PlacedTensor, type ReadExternal } from '@seedfleet/onnx';
import { writeFileAtomically } from '../vault/atomic-file.js';
import { buildGraphOf } from './build-graph-of.js';
import { type RewriteRequest } from './rewrite-request.js';
import { stepMemoryOf } from './step-memory.js';
import { type WrittenGraph } from './written-graph.js';

/** What one call of the operating system takes: it refuses more than 2 GB, and a tensor may be larger. */
const pieceBytes = 2 ** 28;
/** Operators that make it worth to compute the part before the frontier once, and to keep what it gives: the rest of a graph is cheaper than a disk. */
const products = /MatMul|Gemm|Attention|Conv|LSTM|GRU/;

/**
 * Reads the base model and writes its training graph beside it, where its external weights are found: in two parts where something costly
 * depends on the text alone. The base is only read.
 * @throws FleetError `model.*`
 */
export function rewriteModel({ manifest, modelPath, precision, answers, name }: RewriteRequest): WrittenGraph {
  const folder = dirname(modelPath);
  const pathOf = (location: string) => join(folder, location);
  const read: ReadExternal = (location, range) => readRange(pathOf(location), range);
  const model = readModel(readFileSync(modelPath), { file: basename(modelPath), external: (location) => existsSync(pathOf(location)) });
  const whole = buildGraphOf(model, { manifest, precision, answers });
  const split = splitTrainingGraph(whole, { inputs: manifest.model.inputs });
  const write = (part: OnnxModel, ending: string) => {
    // Weights in files of their own stay there, unless they become others: int8 ones are made from their values, one tensor in memory at a time.
    const { model: written, placed } = separateWeights(part, { location: `${name}${ending}.data`, which: 'pending' });
    const weights = placed.length === 0 ? {} : { weights: writeWeights(pathOf(`${name}${ending}.data`), { placed, read }) };
    const bytes = writeModel(written);
    writeFileAtomically(pathOf(`${name}${ending}`), bytes);
    return { name: `${name}${ending}`, sha256: toHex(sha256(bytes)), ...weights };
  };
  if (split === undefined || !split.prefix.graph.node.some(({ opType }) => products.test(opType))) {
    return { graph: write(whole, '.onnx'), prefix: null, memory: stepMemoryOf(model, { manifest, weights: weightBytes(whole) }) };
  }
  return {
    graph: write(split.suffix, '-suffix.onnx'), prefix: { ...write(split.prefix, '-prefix.onnx'), activations: split.activations },
    memory: stepMemoryOf(model, { manifest, weights: weightBytes(split.prefix) + weightBytes(split.suffix) }),
  };
}

/** Not atomically: it counts once the record names its hash, and that is written after it. @returns the file as the record says it */
function writeWeights(path: string, { placed, read }: { placed: readonly PlacedTensor[]; read: ReadExternal }): { name: string; sha256: string } {
  const hash = createHash('sha256');
  const file = openSync(path, 'w', 0o600);
  try {
    let end = 0;
    for (const part of placed) {
      const bytes = tensorBytes(part, read);
      hash.update(new Uint8Array(part.offset - end)).update(bytes);
      end = part.offset + bytes.length;
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written, Math.min(pieceBytes, bytes.length - written), part.offset + written);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return { name: basename(path), sha256: hash.digest('hex') };
}

function readRange(path: string, { offset, length }: Parameters<ReadExternal>[1]): Uint8Array {
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
