import { type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { attributesFrom, hasSubgraph, integerAttribute } from '../graph/attributes.js';
import { constantsOf } from '../graph/constants.js';
import { revise } from '../graph/revise.js';
import { readsOf, validate } from '../graph/validate.js';
import { dynamicLinearsOf, type DynamicLinear } from '../sites/dynamic-linears.js';
import { linearsOf, type Linear } from '../sites/linears.js';
import { parseSlice } from '../sites/slice.js';
import { producersOf, weightFinder } from '../sites/weights.js';
import { additionsTo } from './additions.js';
import { narrowRows, narrowVector, narrowWeight, type Narrowing } from './narrow-tensors.js';

/** Operators between the output head and the logits that work value by value, on one value or on one and a constant. */
const between = new Set(['Add', 'Sub', 'Mul', 'Div', 'Cast', 'Identity', 'Tanh', 'Clip', 'Neg']);

export interface ColumnsPlan {
  /** Value whose last axis is narrowed. */
  output: string;
  /** Which of its columns are left, in this order. */
  columns: readonly number[];
  /** A linear at one of these sites keeps its columns: what is trained there counts on them. */
  sites: readonly string[];
}

/**
 * Multiplies only the columns of an output head that are read: gathers them from its weight and bias, wherever these are stored (float, half, quantised by
 * column behind DequantizeLinear or dynamically, in blocks, transposed as a tied embedding is). A tensor that something else reads, too, stays for that.
 * @returns undefined where the value is not a linear with nothing but constants and value-by-value nodes behind it
 */
export function narrowColumns(graph: GraphProto, { output, columns, sites }: ColumnsPlan): GraphProto | undefined {
  const producers = producersOf(graph);
  const constants = constantsOf(graph);
  const linears = new Map(linearsOf(graph).linears.map((linear) => [linear.node, linear]));
  const adapted = new Set(sites.flatMap((site) => [site, parseSlice(site).site]));
  const added = additionsTo(graph);
  const dynamic = dynamicLinearsOf(graph, { producers, findWeight: weightFinder(graph) }).byLast;
  const context: Narrowing = { added, producers, constants, columns };
  const patched = new Map<NodeProto, NodeProto>();
  // What something else reads cannot change its width.
  const readers = (value: string) => graph.node.filter((node) => readsOf(node).includes(value)).length;
  for (let value = output; ;) {
    const node = producers.get(value);
    if (!node || (value !== output && readers(value) !== 1)) return undefined;
    const linear = linears.get(node);
    if (linear) {
      const parts = dynamic.get(node);
      // Two linears may share the product of their scales.
      if (adapted.has(linear.site) || parts?.nodes.some((each) => each !== node && readers(each.output[0] ?? '') !== 1)) return undefined;
      const narrow = narrowLinear(linear, parts, context);
      if (!narrow) return undefined;
      for (const [each, replaced] of narrow) patched.set(each, replaced);
      break;
    }
    const next = narrowBetween(node, context);
    if (!next) return undefined;
    patched.set(node, next.node);
    value = next.from;
  }
  // What the weights are gathered by stands first: it reads nothing but constants and what unpacks them.
  const gathers = added.nodes.splice(0);
  const unpacking = gathers.length === 0 ? new Set<NodeProto>() : constantNodes(graph);
  added.nodes.push(...graph.node.filter((node) => unpacking.has(node)), ...gathers, ...graph.node.filter((node) => !unpacking.has(node)).map((node) => patched.get(node) ?? node));
  return validate(added.applyTo(graph), 'narrowColumns');
}

/** A node that works value by value, its constant narrowed, and the value that it is computed from. */
function narrowBetween(node: NodeProto, context: Narrowing): { node: NodeProto; from: string } | undefined {
  if (!between.has(node.opType) || node.domain !== '' || hasSubgraph(node)) return undefined;
  const computed = readsOf(node).filter((name) => !context.constants.has(name));
  const [from = ''] = computed;
  if (computed.length !== 1) return undefined;
  const input = node.input.map((name) => (name === from || name === '' ? name : narrowVector(name, context)));
  return input.every((name) => name !== undefined) ? { node: revise(node, { input }), from } : undefined;
}

/** The linear with the chosen columns only: what takes the place of each of its nodes. */
function narrowLinear({ node }: Linear, dynamic: DynamicLinear | undefined, context: Narrowing): Map<NodeProto, NodeProto> | undefined {
  if (dynamic) return narrowDynamic(dynamic, context);
  const narrow = node.opType === 'MatMulNBits' ? narrowBlocks(node, context) : narrowProduct(node, context);
  return narrow && new Map([[node, narrow]]);
}

function narrowProduct(node: NodeProto, context: Narrowing): NodeProto | undefined {
  const [x = '', w = '', bias = ''] = node.input;
  if (node.opType !== 'MatMul' && node.opType !== 'Gemm' && node.opType !== 'FusedMatMul') return undefined;
  const weight = narrowWeight(w, integerAttribute(node, 'transB', 0) === 0 ? 1 : 0, context);
  const vector = bias === '' ? '' : narrowVector(bias, context);
  return weight === undefined || vector === undefined ? undefined : revise(node, { input: bias === '' ? [x, weight] : [x, weight, vector] });
}

/** Weight, scales and zero points are stored output by output, each in blocks of inputs; the bias is one value an output. */
function narrowBlocks(node: NodeProto, context: Narrowing): NodeProto | undefined {
  const [x = '', ...stored] = node.input;
  const outputs = integerAttribute(node, 'N', 0);
  // The fourth says which block an input belongs to.
  const input = stored.map((name, i) => (name === '' || i === 3 ? name : narrowRows(name, outputs, context)));
  if (!input.every((name) => name !== undefined)) return undefined;
  return revise(node, { input: [x, ...input], attribute: [...node.attribute.filter(({ name }) => name !== 'N'), ...attributesFrom({ N: context.columns.length })] });
}

/** Weight, scale, zero point and bias, wherever among the nodes of the linear they are read. */
function narrowDynamic({ nodes, integers, scale, zeroPoint, bias }: DynamicLinear, context: Narrowing): Map<NodeProto, NodeProto> | undefined {
  const narrow = new Map([[integers, narrowWeight(integers, 1, context)], ...[scale, zeroPoint, bias].filter((name) => name !== '').map((name): [string, string | undefined] => [name, narrowVector(name, context)])]);
  if ([...narrow.values()].some((name) => name === undefined)) return undefined;
  return new Map(nodes.map((node) => [node, revise(node, { input: node.input.map((name) => narrow.get(name) ?? name) })]));
}

/** Nodes that depend on constants alone. */
function constantNodes(graph: GraphProto): Set<NodeProto> {
  const known = new Set(graph.initializer.map(({ name }) => name));
  const nodes = graph.node.filter((node) => {
    const constant = !hasSubgraph(node) && node.input.every((name) => name === '' || known.has(name));
    if (constant) for (const name of node.output) known.add(name);
    return constant;
  });
  return new Set(nodes);
}
