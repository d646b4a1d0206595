import { dirname, join } from 'node:path';
import { openDataset, type Dataset } from '@seedfleet/dataset';
import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { layoutOf } from '@seedfleet/numerics';
import { openEngine, type Engine, type EngineOptions } from '@seedfleet/runtime';
import { downloadFile, requireInside, type OpenRange } from '../download/download-file.js';
import { type RunFolder } from '../vault/run-folder.js';
import { type RunCompute } from './compute-options.js';
import { type DataSource } from './data-source.js';
import { graphInputOf } from './graph-input.js';
import { positionsByDefault, positionsWithin } from './step-memory.js';
import { trainingGraph } from './training-graph.js';
import { type WrittenGraph } from './written-graph.js';

/** What a device with data needs to evaluate: its examples and an engine with the run's training graph. */
export interface Workbench {
  engine: Engine;
  dataset: Dataset;
  /** P * b * T of one pass of the engine. */
  positionsPerPass: number;
  /** Peak memory of the process that rewrote the model, 0 if nothing was rewritten. */
  rewritePeakMegabytes: number;
}

export interface PreparationParts {
  manifest: Manifest;
  folder: RunFolder;
  data: DataSource;
  /** Known to this device alone: the order of its batches grows from it, so that nobody else can tell which examples a round used. */
  batchSalt: Uint8Array;
  compute: RunCompute;
  /** Range request for one file of the run's model. */
  openModelFile(path: string): OpenRange;
}

/** Fetches what is missing, rewrites, reads the data, builds the session. @throws FleetError `download.*`, `model.*`, `dataset.*`, `policy.forbids`, `preparation.failed`, those of the engine */
export async function prepareRun({ manifest, folder, data, batchSalt, compute, openModelFile }: PreparationParts): Promise<Workbench> {
  const { files } = manifest.model;
  const pathOf = (path: string) => join(folder.modelPath, requireInside(path));
  const fetchFile = (file: ModelFile) => downloadFile({ target: pathOf(file.path), bytes: file.bytes, sha256: file.sha256 }, openModelFile(file.path));
  const model = requireFile(manifest, 'model');
  const tokenizer = requireFile(manifest, 'tokenizer');
  // The data first: a broken line should be heard of before minutes are spent on a model.
  for (const file of files) if (file.role === 'tokenizer') await fetchFile(file);
  const dataset = await openDataset({
    ...data, task: manifest.task, tokenizer: { path: pathOf(tokenizer.path) }, tokensMax: manifest.task.tokensMax,
    salt: batchSalt,
  });
  for (const file of files) if (file.role !== 'tokenizer') await fetchFile(file);
  const modelPath = pathOf(model.path);
  const { written, peakMegabytes } = await trainingGraph({ manifest, modelPath, precision: compute.precision, answers: dataset.answers ?? [] });
  const byDefault = positionsByDefault(written.memory, manifest);
  const positionsPerPass = compute.memoryMegabytes === null ? byDefault
    : Math.min(byDefault, positionsWithin(written.memory, { megabytes: compute.memoryMegabytes, manifest }));
  const engine = await openEngine({ ...engineOptionsOf({ manifest, folder, written, compute }), positionsPerPass });
  return { engine, dataset, positionsPerPass, rewritePeakMegabytes: peakMegabytes };
}

function engineOptionsOf({ manifest, folder, written, compute }: Pick<PreparationParts, 'manifest' | 'folder' | 'compute'> & { written: WrittenGraph }): EngineOptions {
  const { sites } = manifest.adapter;
  const { graph, prefix } = written;
  const modelFolder = dirname(join(folder.modelPath, requireFile(manifest, 'model').path));
  if (prefix === null || compute.cacheMegabytes === 0) folder.removeActivations();
  return {
    task: manifest.task.type, modelPath: join(modelFolder, graph.name), layout: layoutOf(sites), inputs: sites.map(graphInputOf), modelInputs: manifest.model.inputs, threads: compute.threads,
    ...(prefix === null ? {} : { prefix: {
      modelPath: join(modelFolder, prefix.name), activations: prefix.activations,
      ...(compute.cacheMegabytes === 0 ? {} : { cache: { folder: folder.activationsOf(prefix.sha256), bytesMax: compute.cacheMegabytes * 2 ** 20 } }),
    } }),
  };
}

type ModelFile = Manifest['model']['files'][number];

function requireFile(manifest: Manifest, role: 'model' | 'tokenizer'): ModelFile {
  const file = manifest.model.files.find((candidate) => candidate.role === role);
  if (file === undefined) throw new FleetError('manifest.invalid', { field: 'model.files', problem: `The manifest names no file with the role ${role}.` });
  return file;
}
