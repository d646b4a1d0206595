import { dirname, join } from 'node:path';
import { openDataset, type Dataset } from '@seedfleet/dataset';
import { FleetError } from '@seedfleet/errors';
import { sha256, utf8, type Manifest } from '@seedfleet/ledger';
import { layoutOf } from '@seedfleet/numerics';
import { openEngine, type Engine } from '@seedfleet/runtime';
import { downloadFile, requireInside, type OpenRange } from '../download/download-file.js';
import { type RunFolder } from '../vault/run-folder.js';
import { type DataSource } from './data-source.js';
import { graphInputOf } from './rewrite-request.js';
import { trainingGraph } from './training-graph.js';

/**
 * P * b * T of one pass of the engine. Every further pass computes again what stands before the first adapter: 8 rows of 32 examples took
 * 200 ms of processor time in two passes, and 78 ms in one (adapter on the pooling layer of the demo's encoder, 25 tokens on average).
 */
const positionsPerPass = 16_384;

/** What a device with data needs to evaluate: its examples and an engine with the run's training graph. */
export interface Workbench {
  engine: Engine;
  dataset: Dataset;
  /** Peak memory of the process that rewrote the model, 0 if nothing was rewritten. */
  rewritePeakMegabytes: number;
}

export interface PreparationParts {
  manifest: Manifest;
  folder: RunFolder;
  data: DataSource;
  /** Ed25519 seed of the device: the order of its batches grows from it, so that nobody else can tell which examples a round used. */
  privateKey: Uint8Array;
  threads: number;
  /** Range request for one file of the run's model. */
  openModelFile(path: string): OpenRange;
}

/** Fetches what is missing, rewrites, reads the data, builds the session. @throws FleetError `download.*`, `model.*`, `dataset.*`, `preparation.failed`, those of the engine */
export async function prepareRun({ manifest, folder, data, privateKey, threads, openModelFile }: PreparationParts): Promise<Workbench> {
  const { files, inputs } = manifest.model;
  const pathOf = (path: string) => join(folder.modelPath, requireInside(path));
  const fetchFile = (file: ModelFile) => downloadFile({ target: pathOf(file.path), bytes: file.bytes, sha256: file.sha256 }, openModelFile(file.path));
  const model = requireFile(manifest, 'model');
  const tokenizer = requireFile(manifest, 'tokenizer');
  // The data first: a broken line should be heard of before minutes are spent on a model.
  for (const file of files) if (file.role === 'tokenizer') await fetchFile(file);
  const dataset = await openDataset({
    ...data, labels: manifest.task.labels, tokenizer: { path: pathOf(tokenizer.path) }, tokensMax: manifest.task.tokensMax,
    salt: sha256(utf8('seedfleet/batches/v1'), privateKey),
  });
  for (const file of files) if (file.role !== 'tokenizer') await fetchFile(file);
  const modelPath = pathOf(model.path);
  const graph = await trainingGraph({ manifest, modelPath, folder: dirname(modelPath) });
  const { sites } = manifest.adapter;
  const engine = await openEngine({ modelPath: graph.path, layout: layoutOf(sites), inputs: sites.map(graphInputOf), modelInputs: inputs, threads, positionsPerPass });
  return { engine, dataset, rewritePeakMegabytes: graph.peakMegabytes };
}

type ModelFile = Manifest['model']['files'][number];

function requireFile(manifest: Manifest, role: 'model' | 'tokenizer'): ModelFile {
  const file = manifest.model.files.find((candidate) => candidate.role === role);
  if (file === undefined) throw new FleetError('manifest.invalid', { field: 'model.files', problem: `The manifest names no file with the role ${role}.` });
  return file;
}
