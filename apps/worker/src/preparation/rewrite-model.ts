import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fromHex, sha256, toHex, type Manifest } from '@seedfleet/ledger';
import { frozenA } from '@seedfleet/numerics';
import { buildTrainingGraph, readModel, writeModel, type TrainingPlan } from '@seedfleet/onnx';
import { writeFileAtomically } from '../vault/atomic-file.js';
import { graphInputOf, headInputs, type RewriteRequest } from './rewrite-request.js';

/** The plan of a manifest: every LoRA site with its frozen A, grown from the run key, and the head. */
export function trainingPlanOf(manifest: Manifest): TrainingPlan {
  const { rank, alpha, sites } = manifest.adapter;
  const runKey = fromHex(manifest.runKey);
  return {
    output: manifest.model.output,
    inputs: manifest.model.inputs,
    classes: manifest.task.labels.length,
    // The index counts all sites of the manifest, as it does for the perturbations.
    adapters: sites.flatMap((site, index) => site.kind !== 'lora' ? [] : [{
      site: site.name, input: graphInputOf(site), a: frozenA({ runKey, site: index, inputs: site.inputs, rank }), rank, alpha,
    }]),
    head: headInputs,
  };
}

/**
 * Reads the base model and writes its training graph beside it, where its external weights are found. The base is only read.
 * @returns hex SHA-256 of the written file
 * @throws FleetError `model.*`
 */
export function rewriteModel({ manifest, modelPath, target }: RewriteRequest): string {
  const model = readModel(readFileSync(modelPath), { file: basename(modelPath), external: (location) => existsSync(join(dirname(modelPath), location)) });
  const bytes = writeModel(buildTrainingGraph(model, trainingPlanOf(manifest)));
  writeFileAtomically(target, bytes);
  return toHex(sha256(bytes));
}
