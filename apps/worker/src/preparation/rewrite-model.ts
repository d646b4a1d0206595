import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fromHex, sha256, toHex, type Manifest } from '@seedfleet/ledger';
import { frozenA } from '@seedfleet/numerics';
import { buildTrainingGraph, embedWeights, readModel, splitTrainingGraph, weightBytes, writeModel, type OnnxModel, type ReadExternal, type TrainingPlan } from '@seedfleet/onnx';
import { writeFileAtomically } from '../vault/atomic-file.js';
import { type Precision } from './compute-options.js';
import { graphInputOf, headInputs } from './graph-input.js';
import { type RewriteRequest } from './rewrite-request.js';
import { inputsOf, labelsOf } from './supported.js';
import { stepMemoryOf } from './step-memory.js';
import { type WrittenGraph } from './written-graph.js';

/** Operators that make it worth to compute the part before the frontier once, and to keep what it gives: the rest of a graph is cheaper than a disk. */
const products = /MatMul|Gemm|Attention|Conv|LSTM|GRU/;

/** The plan of a manifest: every LoRA site with its frozen A, grown from the run key, and the head. */
export function trainingPlanOf(manifest: Manifest, { precision }: { precision: Precision }): TrainingPlan {
  const { rank, alpha, sites } = manifest.adapter;
  const runKey = fromHex(manifest.runKey);
  return {
    output: manifest.model.output,
    inputs: inputsOf(manifest),
    classes: labelsOf(manifest).length,
    // The index counts all sites of the manifest, as it does for the perturbations.
    adapters: sites.flatMap((site, index) => site.kind !== 'lora' ? [] : [{
      site: site.name, input: graphInputOf(site), a: frozenA({ runKey, site: index, inputs: site.inputs, rank }), rank, alpha,
    }]),
    head: headInputs,
    precision,
  };
}

/**
 * Reads the base model and writes its training graph beside it, where its external weights are found: in two parts where something costly
 * depends on the text alone. The base is only read.
 * @throws FleetError `model.*`
 */
export function rewriteModel({ manifest, modelPath, precision, name }: RewriteRequest): WrittenGraph {
  const folder = dirname(modelPath);
  const model = readBase(modelPath, { precision });
  const whole = buildTrainingGraph(model, trainingPlanOf(manifest, { precision }));
  const split = splitTrainingGraph(whole, { inputs: inputsOf(manifest) });
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
