import { FleetError } from '@seedfleet/errors';
import { type GraphProto } from './generated/onnx_pb.js';
import { withContribDomain, withGraph, type OnnxModel } from './graph/model.js';
import { names } from './graph/names.js';
import { revise } from './graph/revise.js';
import { addAnswer, answerName } from './rewrites/add-answer.js';
import { addHead } from './rewrites/add-head.js';
import { addLanguageLoss } from './rewrites/add-language-loss.js';
import { addLogits } from './rewrites/add-logits.js';
import { addLoss } from './rewrites/add-loss.js';
import { addPool, pooledName, type Pool } from './rewrites/add-pool.js';
import { declareAttention } from './rewrites/declare-attention.js';
import { fillInputs, type TextInputs } from './rewrites/fill-inputs.js';
import { freedName, freeNames } from './rewrites/free-names.js';
import { insertAdapters, trainedInputs, type AdapterPlan, type BiasPlan, type SitePlans } from './rewrites/insert-adapters.js';
import { leaveLastOut } from './rewrites/leave-last-out.js';
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
  inputs: TextInputs;
  classes: number;
  /** May be empty, as may the biases: then only the head is trained, and everything before it is computed once for all rows. */
  adapters: readonly AdapterPlan[];
  biases?: readonly BiasPlan[];
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
 * Inputs: ids and mask [b, T] and `labels` [b], int64; B of each adapter [P, r, d_out], beta of each bias [P, d_out]; head weight [P, d, classes] and
 * bias [P, classes], float32. Outputs: `losses` [P, b] and `logits` [P, b, classes]. Never changes its argument.
 * docs/graph.md says what is rewritten and how.
 * @throws FleetError `model.output-unknown`, `model.input-unknown`, `model.batch-fixed`, `model.site-unknown`, `model.not-tileable`, `model.batch-coupled`, `model.not-quantisable`
 */
export function buildTrainingGraph(model: OnnxModel, plan: TrainingPlan): OnnxModel {
  const { classes, head, pool, inputs: { mask } } = plan;
  if (pool !== undefined && pool !== 'first' && mask === undefined) throw new FleetError('model.input-unknown', { field: 'inputs.mask', problem: `Pooling by ${pool} reads the mask, and no input is named for it.` });
  const { graph, output } = adapt(model, {
    ...plan, taken: [head.weight, head.bias],
    read: (whole, value) => (pool === undefined ? { graph: whole, output: value } : { graph: addPool(whole, { output: value, mask: mask ?? '', pool }), output: pooledName }),
  });
  return finish(model, { ...plan, graph: addLoss(addHead(graph, { output, classes, ...head, adapters: trainedInputs(plan) })) });
}

/** A causal language model that is asked for a word, `output` being its logits [batch, time, vocabulary]: no head, nothing but adapters and biases is trained. */
export interface VerbalizerPlan extends Omit<TrainingPlan, 'pool' | 'classes' | 'head'> {
  /** Token id of each class's word, at least two. Of these C tokens the likeliest is the model's answer; all others do not count. */
  answers: readonly number[];
}

/**
 * The same for classification by a causal language model. Inputs as above without those of a head, and `answer` [b] int64: the position whose logits
 * foretell the answer. `logits` [P, b, C] are those of the C words there, `losses` [P, b] their cross entropy.
 * @throws FleetError the codes of `buildTrainingGraph`
 */
export function buildVerbalizerGraph(model: OnnxModel, plan: VerbalizerPlan): OnnxModel {
  const { answers } = plan;
  const { graph, output } = adapt(model, { ...plan, taken: [], read: (whole, value) => ({ graph: addAnswer(whole, { output: value, answers, sites: sitesOf(plan) }), output: answerName }) });
  const [input] = requireTrained(plan);
  return finish(model, { ...plan, graph: addLoss(addLogits(graph, { output, input })) });
}

/** A causal language model trained on what follows what: no head, `output` is its logits [batch, time, vocabulary]. At least one adapter or bias. */
export type LanguagePlan = Omit<TrainingPlan, 'pool' | 'classes' | 'head'>;

/**
 * The same for a causal language model. `labels` [b, T] int64 are token ids where the loss counts, negative elsewhere; `losses` [P, b] is the mean over
 * those of an example, and `predicted` int64 is the token held likeliest behind each position: [b, T'] for one row, [0, T'] for more.
 * T' is T, or T - 1 where the last position could be left out. The logits are no output.
 * @throws FleetError the codes of `buildTrainingGraph`
 */
export function buildLanguageGraph(model: OnnxModel, plan: LanguagePlan): OnnxModel {
  const { graph, output } = adapt(model, { ...plan, taken: [], read: (whole, value) => ({ graph: plan.positions === 'all' ? whole : leaveLastOut(whole, { output: value }), output: value }) });
  const [input] = requireTrained(plan);
  return finish(model, { ...plan, graph: addLanguageLoss(graph, { output, input }) });
}

/** Without a head there must be something else to train. */
function requireTrained(plan: SitePlans): [string, ...string[]] {
  const [first, ...others] = trainedInputs(plan);
  if (first === undefined) throw new FleetError('model.site-unknown', { field: 'adapters', problem: 'Nothing is trained: the plan has neither adapters nor biases.' });
  return [first, ...others];
}

function sitesOf({ adapters, biases = [] }: SitePlans): string[] {
  return [...adapters, ...biases].map(({ site }) => site);
}

/** A graph, and the value in it that the loss starts from. */
interface Reading { graph: GraphProto; output: string }

interface AdaptedPlan extends Pick<TrainingPlan, 'output' | 'inputs' | 'adapters' | 'biases' | 'positions'> {
  /** Names that the graph needs beside those of the adapters. */
  taken: readonly string[];
  /** What the task adds to the model's output before anything is adapted. */
  read(graph: GraphProto, output: string): Reading;
}

/** The model up to what the task reads, adapters in place, not yet tiled. */
function adapt(model: OnnxModel, { output, inputs, positions = 'needed', taken: others, read, ...sites }: AdaptedPlan): Reading {
  const { graph } = withoutCache(model);
  const made = new Set(graph.node.flatMap((node) => node.output));
  if (!made.has(output)) throw new FleetError('model.output-unknown', { field: 'output', problem: `The model computes no value "${output}".` });
  const taken = new Set([...trainedInputs(sites), ...others]);
  const named = freeNames(prune(graph, { keep: [output] }), { taken });
  const reading = read(fillInputs(named, inputs), freedName(output, { taken }));
  const alone = revise(reading.graph, { output: reading.graph.output.filter(({ name }) => name === reading.output) });
  const narrowed = positions === 'needed' ? pruneRows(alone) : reading.graph;
  const adapted = insertAdapters(revise(narrowed, { output: [] }), sites);
  // What quantised the whole batch is no longer read, and must not be taken for a node behind an adapter.
  return { graph: prune(scaleByToken(adapted, { opset: model.opset }), { keep: [reading.output, names.rows] }), output: reading.output };
}

function finish(model: OnnxModel, { graph, precision = 'fp32', ...sites }: SitePlans & { graph: GraphProto; precision?: TrainingPlan['precision'] | undefined }): OnnxModel {
  const tiled = tileFrontier(graph, { adapters: trainedInputs(sites) });
  const inBytes = precision === 'w8a8';
  const computed = inBytes ? quantiseLinears(tiled, { opset: model.opset, fused: true }) : tiled;
  const pruned = prune(computed, { keep: computed.output.map(({ name }) => name) });
  return withGraph(inBytes ? withContribDomain(model) : model, declareAttention(pruned, withoutCache(model).graph));
}
