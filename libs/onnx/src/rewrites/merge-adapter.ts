import { create } from '@bufbuild/protobuf';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { StringStringEntryProtoSchema, type GraphProto, type NodeProto, type TensorProto } from '../generated/onnx_pb.js';
import { floatAttribute } from '../graph/attributes.js';
import { constantsOf } from '../graph/constants.js';
import { withGraph, type OnnxModel } from '../graph/model.js';
import { type ReadExternal } from '../graph/pending-tensor.js';
import { revise } from '../graph/revise.js';
import { readsOf, validate } from '../graph/validate.js';
import { linearsOf, type Linear } from '../sites/linears.js';
import { parseSlice, type Slice } from '../sites/slice.js';
import { additionsTo } from './additions.js';
import { declareAttention } from './declare-attention.js';
import { freeBuilderNames } from './free-builder-names.js';
import { addBranch } from './merge-adapter-branch.js';
import { addMergedHead, type MergedHead } from './merge-adapter-head.js';
import { foldableWeightFinder, foldedTensor, isVectorOf, shiftedVector, type Delta } from './merge-adapter-weights.js';
import { prune } from './prune.js';
import { quantiseLinears } from './quantise-linears.js';
import { scaleByToken } from './scale-by-token.js';
import { withoutCache } from './without-cache.js';

/** A trained adapter at one site: what `AdapterPlan` is while it is trained. */
export interface MergedAdapter {
  /** As `inspectSites` lists it, or a slice of it: `qkv[0:64]`. */
  site: string;
  /** [d_in, r] row-major. */
  a: ArrayLike<number>;
  /** [r, d_out] row-major. */
  b: ArrayLike<number>;
  rank: number;
  alpha: number;
}

/** What is added to the output of a linear, [d_out]. */
export interface MergedBias { site: string; values: ArrayLike<number> }

export interface MergePlan {
  adapters: readonly MergedAdapter[];
  biases: readonly MergedBias[];
  /** Classification only. */
  head?: MergedHead | undefined;
  /** What the model's linears compute in: as they are (default), or int8 weights and activations. */
  precision?: 'fp32' | 'w8a8' | undefined;
  /** Texts about the file; `metadata_props` of the same key are replaced. */
  metadata?: Readonly<Record<string, string>>;
  /** For a model with weights in other files: the bytes of vectors that change. Matrices are pending in the result. */
  read?: ReadExternal;
}

/**
 * A model to use: its own inputs and outputs, with what a run trained inside, and for a head one more output. Never changes its argument.
 *
 * Where the weight is float32, or float16 or bfloat16 that the graph casts to float32, W becomes W + (alpha / r) A B, summed in float64 and rounded
 * once; a weight that something else reads too (a tied embedding) is copied first. Elsewhere, and everywhere under W8A8, the adapter stays a
 * constant branch in float32: folded into integers it would be rounded away. Dynamic quantisation takes its scales token by token, as in training.
 * A merged decoder (`If` on a cache flag) becomes the decoder of its branch without cache.
 * @returns the model, and the name of the head's output, null without a head
 * @throws FleetError `model.site-unknown`, `model.output-unknown`, `model.input-unknown`, `model.not-quantisable`
 */
export function mergeAdapter(model: OnnxModel, plan: MergePlan): { model: OnnxModel; logits: string | null } {
  const base = plainBase(withGraph(model, freeBuilderNames(model.graph)));
  const merged = mergeSites(base, plan);
  const headed = plan.head ? addMergedHead(merged, plan.head) : { graph: merged, logits: null };
  const byToken = scaleByToken(headed.graph, { opset: model.opset });
  const computed = plan.precision === 'w8a8' ? quantiseLinears(byToken, { opset: model.opset }) : byToken;
  const pruned = prune(computed, { keep: computed.output.map(({ name }) => name) });
  const before = new Set(base.graph.initializer.map(({ name }) => name));
  const after = new Set(pruned.initializer.map(({ name }) => name));
  // Inputs that nothing reads any more are still the model's; a weight that was also listed as an input is none once it is gone.
  const input = computed.input.filter(({ name }) => !before.has(name) || after.has(name));
  const result = withGraph(model, validate(declareAttention(revise(pruned, { input }), base.graph), 'mergeAdapter'));
  return { model: { ...result, proto: revise(result.proto, { metadataProps: withTexts(result, plan.metadata ?? {}) }) }, logits: headed.logits };
}

/** The graph that stays, and the linears by the names that training knows them by. */
interface Base { graph: GraphProto; linears: Linear[] }

function plainBase(model: OnnxModel): Base {
  const { graph } = withoutCache(model);
  const nodes = new Set(model.graph.node);
  // A decoder with a cache beside its text keeps it: its linears are the same nodes. Those inside of an If are not.
  return { linears: linearsOf(graph).linears, graph: graph.node.every((node) => nodes.has(node)) ? model.graph : graph };
}

/** What was trained at one linear. */
interface Trained { linear: Linear; deltas: Delta[]; bias: ArrayLike<number> | undefined }

function mergeSites({ graph, linears }: Base, { adapters, biases, precision, read = noExternal }: MergePlan): GraphProto {
  const trained = trainedByNode(linears, { adapters, biases });
  const added = additionsTo(graph);
  const folds = precision !== 'w8a8';
  const weightOf = foldableWeightFinder(graph);
  const constants = constantsOf(graph);
  const reads = countReads(graph);
  const taken = new Set([...graph.initializer.map(({ name }) => name), ...graph.input.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)]);
  /** New tensors by name; one with the name of an old tensor takes its place. */
  const tensors = new Map<string, TensorProto>();
  const patched = new Map<NodeProto, NodeProto>();
  /** The name of a tensor for what takes its place: its own where nothing else reads it. */
  const nameFor = (path: readonly string[], otherwise: string): string => {
    const [own = ''] = path;
    if (path.every((value) => reads.get(value) === 1)) return own;
    let name = otherwise;
    for (let copy = 2; taken.has(name); copy++) name = `${otherwise}~${copy}`;
    taken.add(name);
    return name;
  };
  const withInput = (node: NodeProto, at: number, name: string) => revise(node, { input: node.input.map((value, i) => (i === at ? name : value)) });
  const foldWeight = (node: NodeProto, { linear, deltas }: Trained): NodeProto | undefined => {
    const weight = folds && deltas.length > 0 ? weightOf(linear) : undefined;
    if (!weight) return undefined;
    const name = nameFor(weight.path, `${linear.site}.weight`);
    tensors.set(name, foldedTensor(weight, { name, linear, deltas }));
    return withInput(node, 1, name);
  };
  /** Changes the constant that is added to a linear already; whether there was one. */
  const foldBias = (node: NodeProto, { linear, bias }: Trained): NodeProto | undefined => {
    if (!folds || bias === undefined) return undefined;
    const gemm = node.opType === 'Gemm' && node.domain === '';
    const adding = gemm ? node : onlyReader(graph, { value: linear.y, reads });
    const at = gemm ? 2 : adding?.opType === 'Add' ? adding.input.findIndex((value) => value !== linear.y) : -1;
    const constant = adding && constants.get(adding.input[at] ?? '');
    const factor = gemm ? floatAttribute(node, 'beta', 1) : 1;
    if (!adding || at < 0 || factor === 0 || !isVectorOf(constant, linear.outputs)) return undefined;
    const name = nameFor([adding.input[at] ?? ''], `${linear.site}.bias`);
    tensors.set(name, shiftedVector(constant, { name, by: Array.from(bias, (value) => value / factor), read }));
    if (gemm) return withInput(node, at, name);
    patched.set(adding, withInput(adding, at, name));
    return node;
  };
  for (const node of graph.node) {
    const place = trained.get(node);
    if (!place) {
      added.nodes.push(patched.get(node) ?? node);
      continue;
    }
    const weighted = foldWeight(node, place);
    const biased = foldBias(weighted ?? node, place);
    const deltas = weighted ? [] : place.deltas;
    const bias = biased ? undefined : place.bias;
    const linear = biased ?? weighted ?? node;
    if (deltas.length === 0 && bias === undefined) added.nodes.push(linear);
    else addBranch(added, { linear: place.linear, node: linear, deltas, bias });
  }
  const whole = added.applyTo(graph);
  const old = new Set(whole.initializer.map(({ name }) => name));
  return validate(revise(whole, {
    // A Constant node gives way to the initializer of its name.
    node: whole.node.filter(({ opType, output }) => opType !== 'Constant' || !tensors.has(output[0] ?? '')),
    initializer: [...whole.initializer.map((tensor) => tensors.get(tensor.name) ?? tensor), ...[...tensors.values()].filter(({ name }) => !old.has(name))],
  }), 'mergeSites');
}

function trainedByNode(linears: readonly Linear[], { adapters, biases }: Pick<MergePlan, 'adapters' | 'biases'>): Map<NodeProto, Trained> {
  const trained = new Map<NodeProto, Trained>();
  const at = (linear: Linear): Trained => {
    const known = trained.get(linear.node) ?? { linear, deltas: [], bias: undefined };
    trained.set(linear.node, known);
    return known;
  };
  for (const { site, a, b, rank, alpha } of adapters) {
    const { linear, slice } = placeOf(site, linears);
    requireLength(`A of "${site}"`, { values: a, expected: linear.inputs * rank });
    requireLength(`B of "${site}"`, { values: b, expected: rank * (slice.to - slice.from) });
    at(linear).deltas.push({ a, b, rank, alpha, slice });
  }
  for (const { site, values } of biases) {
    const { linear } = placeOf(site, linears);
    requireLength(`The bias of "${site}"`, { values, expected: linear.outputs });
    at(linear).bias = values;
  }
  return trained;
}

function placeOf(name: string, linears: readonly Linear[]): { linear: Linear; slice: Slice } {
  const { site, slice } = parseSlice(name);
  // A name with brackets may be that of a module.
  const whole = linears.find((linear) => linear.site === name);
  const linear = whole ?? linears.find((known) => known.site === site);
  const part = whole || !slice ? { from: 0, to: linear?.outputs ?? 0 } : slice;
  if (linear && part.from < part.to && part.to <= linear.outputs) return { linear, slice: part };
  throw new FleetError('model.site-unknown', { field: 'adapters', problem: `The model has no adapter site "${name}": it is not the model that the run trained.` });
}

function requireLength(what: string, { values, expected }: { values: ArrayLike<number>; expected: number }): void {
  if (values.length !== expected) throw new InvariantError(`${what} has ${values.length} values, the model takes ${expected}.`);
}

/** How often each value is read, by nodes, by graphs inside of them, as an output. */
function countReads(graph: GraphProto): Map<string, number> {
  const reads = new Map<string, number>();
  for (const name of [...graph.node.flatMap(readsOf), ...graph.output.map((output) => output.name)]) reads.set(name, (reads.get(name) ?? 0) + 1);
  return reads;
}

function onlyReader(graph: GraphProto, { value, reads }: { value: string; reads: ReadonlyMap<string, number> }): NodeProto | undefined {
  return reads.get(value) === 1 ? graph.node.find((node) => node.input.includes(value)) : undefined;
}

function withTexts({ proto }: OnnxModel, metadata: Readonly<Record<string, string>>): OnnxModel['proto']['metadataProps'] {
  return [...proto.metadataProps.filter(({ key }) => !Object.hasOwn(metadata, key)), ...Object.entries(metadata).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }))];
}

const noExternal: ReadExternal = (location) => {
  throw new InvariantError(`Nothing reads the external weights in ${location}.`);
};
