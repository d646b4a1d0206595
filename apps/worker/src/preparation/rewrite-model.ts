import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sha256, toHex } from '@seedfleet/ledger';
import { embedWeights, readModel, splitTrainingGraph, weightBytes, writeModel, type OnnxModel, type ReadExternal } from '@seedfleet/onnx';
import { writeFileAtomically } from '../vault/atomic-file.js';
import { type Precision } from './compute-options.js';
import { buildGraphOf } from './build-graph-of.js';
import { type RewriteRequest } from './rewrite-request.js';
import { stepMemoryOf } from './step-memory.js';
import { type WrittenGraph } from './written-graph.js';

/** Operators that make it worth to compute the part before the frontier once, and to keep what it gives: the rest of a graph is cheaper than a disk. */
const products = /MatMul|Gemm|Attention|Conv|LSTM|GRU/;

/**
 * Reads the base model and writes its training graph beside it, where its external weights are found: in two parts where something costly
 * depends on the text alone. The base is only read.
 * @throws FleetError `model.*`
 */
export function rewriteModel({ manifest, modelPath, precision, answers, name }: RewriteRequest): WrittenGraph {
  const folder = dirname(modelPath);
  const model = readBase(modelPath, { precision });
  const whole = buildGraphOf(model, { manifest, precision, answers });
  const split = splitTrainingGraph(whole, { inputs: manifest.model.inputs });
  const write = (part: OnnxModel, ending: string) => {
    const bytes = writeModel(part);
    writeFileAtomically(join(folder, `${name}${ending}`), bytes);
    return { name: `${name}${ending}`, sha256: toHex(sha256(bytes)) };
  };
  if (split === undefined || !split.prefix.graph.node.some(({ opType }) => products.test(opType))) {
    return { graph: write(whole, '.onnx'), prefix: null, memory: stepMemoryOf(model, { manifest, weights: weightBytes(whole) }) };
  }
  return {
    graph: write(split.suffix, '-suffix.onnx'), prefix: { ...write(split.prefix, '-prefix.onnx'), activations: split.activations },
    memory: stepMemoryOf(model, { manifest, weights: weightBytes(split.prefix) + weightBytes(split.suffix) }),
  };
}

/** Weights in files of their own stay there, unless they become others: int8 ones are made from their values. */
function readBase(modelPath: string, { precision }: { precision: Precision }): OnnxModel {
  const pathOf = (location: string) => join(dirname(modelPath), location);
  const model = readModel(readFileSync(modelPath), { file: basename(modelPath), external: (location) => existsSync(pathOf(location)) });
  return precision === 'w8a8' ? embedWeights(model, (location, range) => readRange(pathOf(location), range)) : model;
}

function readRange(path: string, { offset, length }: Parameters<ReadExternal>[1]): Uint8Array {
  const bytes = new Uint8Array(length);
  const file = openSync(path, 'r');
  try {
    let read = 0;
    for (let got = -1; got !== 0 && read < length; read += got) got = readSync(file, bytes, read, length - read, offset + read);
    return bytes.subarray(0, read);
  } finally {
    closeSync(file);
  }
}
