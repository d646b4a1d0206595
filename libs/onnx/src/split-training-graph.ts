import { valueInfo } from './builder/graph-builder.js';
import { type GraphProto } from './generated/onnx_pb.js';
import { dependentsOf } from './graph/dependents.js';
import { elementTypesOf } from './graph/element-types.js';
import { withGraph, type OnnxModel } from './graph/model.js';
import { names } from './graph/names.js';
import { revise } from './graph/revise.js';
import { elementTypes, shapeOf } from './graph/tensor.js';
import { readsOf } from './graph/validate.js';
import { inferLayouts } from './layout/infer-layouts.js';
import { type RowsFact } from './layout/fact.js';
import { type TextInputs } from './rewrites/fill-inputs.js';
import { prune } from './rewrites/prune.js';
import { producersOf } from './sites/weights.js';

/** A training graph in two: what depends on the text alone, and what depends on adapters and head, too. */
export interface SplitGraph {
  /** ids, mask and, for a verbalizer, `answer` to activations, each float32 with the examples on axis 0: [b, ...], or [b*T, ...]. */
  prefix: OnnxModel;
  /** Activations, adapters, head, labels (ids, mask and answer where it needs them) to the outputs of the graph. */
  suffix: OnnxModel;
  /** Names of the activations, outputs of the one and inputs of the other. */
  activations: string[];
}

/** Operators that are worth keeping the result of, besides all that read a stored matrix. */
const costly = new Set(['MatMul', 'FusedMatMul', 'Gemm', 'MatMulInteger', 'MatMulIntegerToFloat', 'MatMulNBits', 'Conv', 'Attention', 'MultiHeadAttention', 'GroupQueryAttention', 'QAttention', 'LSTM', 'GRU']);

/**
 * Splits a training graph (`buildTrainingGraph`) at the frontier: the activations of an example before the first adapter never change in a
 * run, so that a device may compute them once. Values that cost little (masks, sizes, other shapes of an activation) are computed again
 * behind the frontier, as is what no text enters (rotary angles, products of positions); they never cross it.
 * @param inputs as in the graph's plan
 * @returns undefined where a costly value has its examples on no axis of its own or is not float32
 */
export function splitTrainingGraph(model: OnnxModel, { inputs }: { inputs: TextInputs }): SplitGraph | undefined {
  const { graph } = model;
  // The answer's position is the text's, and says which of its rows are kept.
  const ofText = new Set([inputs.ids, inputs.mask ?? '', names.answer]);
  const behind = dependentsOf(graph, graph.input.map(({ name }) => name).filter((name) => !ofText.has(name)));
  const weights = new Set(graph.initializer.filter((tensor) => shapeOf(tensor).length > 1).map(({ name }) => name));
  const expensive = dependentsOf(graph, graph.node.filter((node) => costly.has(node.opType) || readsOf(node).some((name) => weights.has(name))).flatMap(({ output }) => output));
  const layouts = inferLayouts(graph);
  const types = elementTypesOf(graph);
  const producers = producersOf(graph);
  const suffixNodes = new Set(graph.node.filter(({ output }) => output.some((name) => behind.has(name))));
  const activations = new Map<string, RowsFact>();
  const open = [...suffixNodes].flatMap(readsOf);
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const producer = producers.get(value);
    if (!producer || suffixNodes.has(producer) || activations.has(value)) continue;
    const fact = layouts.get(value);
    const crosses = fact?.layout === 'rows' && fact.axis === 0 && types.get(value) === elementTypes.float32;
    if (expensive.has(value) && crosses) {
      activations.set(value, fact);
    } else if (costly.has(producer.opType) && fact?.layout !== 'free') {
      return undefined;
    } else {
      suffixNodes.add(producer);
      open.push(...readsOf(producer));
    }
  }
  const infos = [...activations].map(([name, { shape }]) => valueInfo(name, 'float32', shape.map((d, i) => (d?.batch === 0 && d.size !== null ? d.size : `${name}/${i}`))));
  const part = (changes: Partial<GraphProto>, keep: readonly string[]) => {
    const pruned = prune(revise(graph, changes), { keep });
    const made = new Set(pruned.node.flatMap(({ output }) => output));
    return withGraph(model, revise(pruned, { valueInfo: graph.valueInfo.filter(({ name }) => made.has(name)) }));
  };
  return {
    prefix: part({ output: infos }, [...activations.keys()]),
    suffix: part({ node: graph.node.filter((node) => suffixNodes.has(node)), input: [...graph.input, ...infos] }, graph.output.map(({ name }) => name)),
    activations: [...activations.keys()],
  };
}
