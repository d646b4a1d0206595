import { FleetError } from '@seedfleet/errors';
import { type GraphProto } from './generated/onnx_pb.js';
import { withGraph, type OnnxModel } from './graph/model.js';
import { names } from './graph/names.js';
import { revise } from './graph/revise.js';
import { addHead } from './rewrites/add-head.js';
import { addLanguageLoss } from './rewrites/add-language-loss.js';
import { addLoss } from './rewrites/add-loss.js';
import { addPool, pooledName, type Pool } from './rewrites/add-pool.js';
import { fillInputs } from './rewrites/fill-inputs.js';
import { freedName, freeNames } from './rewrites/free-names.js';
import { insertAdapters, type AdapterPlan } from './rewrites/insert-adapters.js';
import { prune } from './rewrites/prune.js';
import { pruneRows } from './rewrites/prune-rows.js';
import { quantiseLinears } from './rewrites/quantise-linears.js';
import { scaleByToken } from './rewrites/scale-by-token.js';
import { tileFrontier } from './rewrites/tile-frontier.js';
import { withoutCache } from './rewrites/without-cache.js';

/** What is trained in a model, and what its inputs and output are called. */
export interface TrainingPlan {
  /** Value that the head reads, [batch, width], or [batch, time, width] with a `pool`: a graph output or any other value. */
  output: string;
  /** Makes one vector an example of one a token, before the head. */
  pool?: Pool;
  inputs: { ids: string; mask: string };
  classes: number;
  /** May be empty: then only the head is trained, and everything before it is computed once for all rows. */
  adapters: readonly AdapterPlan[];
  /** Names of the graph inputs of the head. */
  head: { weight: string; bias: string };
  /** What the model's linears compute in: as they are (default), or int8 weights and activations. Adapters and head are float32 always. */
  precision?: 'fp32' | 'w8a8';
  /** Which positions are computed where the model takes one of them for its output: the needed ones (default), or all. */
  positions?: 'needed' | 'all';
}

/** Name of the graph input that B of a site becomes. */
export const adapterInput = names.adapterInput;

/**
 * The MP-LoRA graph of a model: P perturbed losses for each of b examples in one forward pass, for any P, b and T.
 * Inputs: ids and mask [b, T] and `labels` [b], int64; B of each adapter [P, r, d_out]; head weight [P, d, classes] and
 * bias [P, classes], float32. Outputs: `losses` [P, b] and `logits` [P, b, classes]. Never changes its argument.
 * docs/graph.md says what is rewritten and how.
 * @throws FleetError `model.output-unknown`, `model.input-unknown`, `model.batch-fixed`, `model.site-unknown`, `model.not-tileable`, `model.batch-coupled`, `model.not-quantisable`
 */
export function buildTrainingGraph(model: OnnxModel, plan: TrainingPlan): OnnxModel {
  const { classes, adapters, head, precision } = plan;
  const { graph, output } = adapt(model, { ...plan, taken: [head.weight, head.bias] });
  const headed = addHead(graph, { output, classes, ...head, adapters: adapters.map(({ input }) => input) });
  return finish(model, { graph: addLoss(headed), adapters, precision });
}

/** A causal language model trained on what follows what: no head, `output` is its logits [batch, time, vocabulary]. */
export interface LanguagePlan extends Omit<TrainingPlan, 'pool' | 'classes' | 'head'> {
  /** At least one: nothing else is trained. */
  adapters: readonly [AdapterPlan, ...AdapterPlan[]];
}

/**
 * The same for a causal language model. `labels` [b, T] int64 are token ids where the loss counts, negative elsewhere; `losses` [P, b] is the mean over
 * those of an example, `logits` [P, b, T, vocabulary].
 * @throws FleetError the codes of `buildTrainingGraph`
 */
export function buildLanguageGraph(model: OnnxModel, plan: LanguagePlan): OnnxModel {
  const { adapters, precision } = plan;
  const { graph, output } = adapt(model, { ...plan, taken: [] });
  return finish(model, { graph: addLanguageLoss(graph, { output, input: adapters[0].input }), adapters, precision });
}

interface AdaptedPlan extends Pick<TrainingPlan, 'output' | 'pool' | 'inputs' | 'adapters' | 'positions'> {
  /** Names that the graph needs beside those of the adapters. */
  taken: readonly string[];
}

/** The model up to its output, adapters in place, not yet tiled; and what the output is called in it. */
function adapt(model: OnnxModel, { output, pool, inputs, adapters, positions = 'needed', taken: others }: AdaptedPlan): { graph: GraphProto; output: string } {
  const { graph } = withoutCache(model);
  const made = new Set(graph.node.flatMap((node) => node.output));
  if (!made.has(output)) throw new FleetError('model.output-unknown', { field: 'output', problem: `The model computes no value "${output}".` });
  const taken = new Set([...adapters.map(({ input }) => input), ...others]);
  const read = freedName(output, { taken });
  const features = pool === undefined ? read : pooledName;
  const named = freeNames(prune(graph, { keep: [output] }), { taken });
  const filled = fillInputs(named, inputs);
  const plain = pool === undefined ? filled : addPool(filled, { output: read, mask: inputs.mask, pool });
  const narrowed = positions === 'needed' ? pruneRows(revise(plain, { output: plain.output.filter(({ name }) => name === features) })) : plain;
  const adapted = insertAdapters(revise(narrowed, { output: [] }), adapters);
  // What quantised the whole batch is no longer read, and must not be taken for a node behind an adapter.
  return { graph: prune(scaleByToken(adapted, { opset: model.opset }), { keep: [features, names.rows] }), output: features };
}

function finish(model: OnnxModel, { graph, adapters, precision = 'fp32' }: { graph: GraphProto; adapters: readonly AdapterPlan[]; precision?: TrainingPlan['precision'] | undefined }): OnnxModel {
  const tiled = tileFrontier(graph, { adapters: adapters.map(({ input }) => input) });
  const computed = precision === 'w8a8' ? quantiseLinears(tiled, { opset: model.opset }) : tiled;
  return withGraph(model, prune(computed, { keep: [names.losses, names.logits] }));
}
