import { makeNode } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto, type NodeProto, type TensorProto } from '../generated/onnx_pb.js';
import { constantsOf } from '../graph/constants.js';
import { withGraph, type OnnxModel } from '../graph/model.js';
import { revise } from '../graph/revise.js';
import { validate } from '../graph/validate.js';
import { producersOf } from '../sites/weights.js';
import { prune } from './prune.js';

/** The input by which merged decoders of Optimum and transformers.js choose between generating with a cache and reading a whole text. */
const cacheFlags = new Set(['use_cache_branch', 'use_cache']);
const presentOutput = /^present(_key_values)?[._]/;

/**
 * A decoder as training reads it: whole texts, nothing generated. A top-level `If` on `use_cache_branch` (or on a constant) gives way to the nodes
 * of its branch without cache, and outputs called `present...` are dropped, with what only they and the other branch needed. A model without these stays as it is.
 */
export function withoutCache(model: OnnxModel): OnnxModel {
  let graph = model.graph;
  for (let next = takeBranch(graph); next; next = takeBranch(graph)) graph = next;
  const output = graph.output.filter(({ name }) => !presentOutput.test(name));
  if (graph === model.graph && output.length === graph.output.length) return model;
  const kept = output.length === 0 ? graph.output : output;
  // A present may also be read inside: it is an output no longer, and a value still.
  return withGraph(model, prune(revise(graph, { output: kept }), { keep: kept.map(({ name }) => name) }));
}

/** The graph with the first `If` of a known outcome replaced by its branch; undefined where there is none. */
function takeBranch(graph: GraphProto): GraphProto | undefined {
  const outcomeOf = outcomeFinder(graph);
  for (const node of graph.node) {
    const outcome = node.opType === 'If' && node.domain === '' ? outcomeOf(node.input[0] ?? '') : undefined;
    const branch = outcome === undefined ? undefined : node.attribute.find(({ name }) => name === (outcome ? 'then_branch' : 'else_branch'))?.g;
    if (branch) return inline(graph, node, branch);
  }
  return undefined;
}

/** Whether a condition is true when nothing is cached; undefined where it depends on anything else. */
function outcomeFinder(graph: GraphProto): (value: string) => boolean | undefined {
  const constants = constantsOf(graph);
  const producers = producersOf(graph);
  const flags = new Set(graph.input.map(({ name }) => name).filter((name) => cacheFlags.has(name)));
  const find = (value: string): boolean | undefined => {
    if (flags.has(value)) return false;
    const tensor = constants.get(value);
    if (tensor) return booleanOf(tensor);
    const producer = producers.get(value);
    switch (producer?.opType) {
      case 'Identity': case 'Cast': case 'Squeeze': case 'Unsqueeze': case 'Reshape': return find(producer.input[0] ?? '');
      case 'Not': { const inner = find(producer.input[0] ?? ''); return inner === undefined ? undefined : !inner; }
      default: return undefined;
    }
  };
  return find;
}

function booleanOf(tensor: TensorProto): boolean | undefined {
  if (tensor.dataType !== TensorProto_DataType.BOOL) return undefined;
  const values = tensor.rawData.length > 0 ? [...tensor.rawData] : tensor.int32Data;
  return values.length === 1 ? values[0] !== 0 : undefined;
}

/** Names inside a branch may be used outside of it or in another branch; what the branch returns gets the names that the `If` gave it. */
function inline(graph: GraphProto, node: NodeProto, branch: GraphProto): GraphProto {
  const used = new Set([...graph.input, ...graph.initializer, ...graph.output].map(({ name }) => name).concat(graph.node.flatMap(({ output }) => output)));
  const made = new Set(branch.node.flatMap(({ output }) => output).filter((name) => name !== ''));
  const renamed = new Map<string, string>();
  const copies: NodeProto[] = [];
  branch.output.forEach(({ name }, i) => {
    const target = node.output[i] ?? '';
    if (target === '') return;
    if (made.has(name) && !renamed.has(name)) renamed.set(name, target);
    else copies.push(makeNode({ operator: 'Identity', inputs: [name], outputs: [target] }));
  });
  for (const name of [...made, ...branch.initializer.map((tensor) => tensor.name)]) {
    if (!renamed.has(name) && used.has(name)) renamed.set(name, freshName(name, used));
    used.add(renamed.get(name) ?? name);
  }
  const nodes = [...branch.node, ...copies].map((inner) => rename(inner, renamed));
  return validate(revise(graph, {
    node: graph.node.flatMap((outer) => (outer === node ? nodes : [outer])),
    initializer: [...graph.initializer, ...branch.initializer.map((tensor) => revise(tensor, { name: renamed.get(tensor.name) ?? tensor.name }))],
    sparseInitializer: [...graph.sparseInitializer, ...branch.sparseInitializer],
    valueInfo: [],
  }), 'withoutCache');
}

function freshName(name: string, used: ReadonlySet<string>): string {
  let fresh = `branch/${name}`;
  while (used.has(fresh)) fresh = `branch/${fresh}`;
  return fresh;
}

/** A node with other names for values, in the graphs inside of it as well. */
function rename(node: NodeProto, renamed: ReadonlyMap<string, string>): NodeProto {
  const of = (name: string) => renamed.get(name) ?? name;
  const within = (graph: GraphProto): GraphProto => revise(graph, {
    node: graph.node.map((inner) => rename(inner, renamed)),
    output: graph.output.map((output) => revise(output, { name: of(output.name) })),
  });
  const attribute = node.attribute.map((a) => (a.g || a.graphs.length > 0 ? revise(a, { ...(a.g ? { g: within(a.g) } : {}), graphs: a.graphs.map(within) }) : a));
  return revise(node, { input: node.input.map(of), output: node.output.map(of), attribute });
}
