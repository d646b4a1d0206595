import { fromHex, type Manifest } from '@seedfleet/ledger';
import { frozenA } from '@seedfleet/numerics';
import { buildLanguageGraph, buildTrainingGraph, buildVerbalizerGraph, type LanguagePlan, type OnnxModel } from '@seedfleet/onnx';
import { type Precision } from './compute-options.js';
import { biasEnding, graphInputOf, headInputs } from './graph-input.js';

export interface PlannedGraph {
  manifest: Manifest;
  precision: Precision;
  /** Token id of each label's word; a verbalizer's only. */
  answers: readonly number[];
}

/** The training graph that a manifest describes: every LoRA site with its frozen A, grown from the run key, every bias, and what the task reads. @throws FleetError `model.*` */
export function buildGraphOf(model: OnnxModel, { manifest, precision, answers }: PlannedGraph): OnnxModel {
  const plan = sitesPlanOf(manifest, { precision });
  const { task, model: { pool } } = manifest;
  switch (task.type) {
    case 'classification': return buildTrainingGraph(model, { ...plan, classes: task.labels.length, head: headInputs, ...(pool === undefined ? {} : { pool }) });
    case 'verbalizer': return buildVerbalizerGraph(model, { ...plan, answers });
    case 'language': return buildLanguageGraph(model, plan);
  }
}

function sitesPlanOf(manifest: Manifest, { precision }: { precision: Precision }): LanguagePlan {
  const { rank, alpha, sites } = manifest.adapter;
  const runKey = fromHex(manifest.runKey);
  return {
    output: manifest.model.output,
    inputs: manifest.model.inputs,
    // The index counts all sites of the manifest, as it does for the perturbations.
    adapters: sites.flatMap((site, index) => site.kind !== 'lora' ? [] : [{
      site: site.name, input: graphInputOf(site), a: frozenA({ runKey, site: index, inputs: site.inputs, rank }), rank, alpha,
    }]),
    biases: sites.flatMap((site) => site.kind !== 'bias' ? [] : [{ site: site.name.slice(0, -biasEnding.length), input: graphInputOf(site) }]),
    precision,
  };
}
