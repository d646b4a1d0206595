import { type GraphProto, type NodeProto, type TensorProto } from '../generated/onnx_pb.js';
import { hasSubgraph, integerAttribute, integersAttribute } from '../graph/attributes.js';
import { constantsOf } from '../graph/constants.js';
import { gatheredTensor, shapeOf } from '../graph/tensor.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { readsOf, validate } from '../graph/validate.js';
import { linearsOf, type Linear } from '../sites/linears.js';
import { parseSlice } from '../sites/slice.js';
import { producersOf } from '../sites/weights.js';
import { additionsTo, type Additions } from './additions.js';

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
 * column behind DequantizeLinear, transposed as a tied embedding is). A tensor that something else reads, too, stays for that.
 * @returns undefined where the value is not a linear with nothing but constants and value-by-value nodes behind it
 */
export function narrowColumns(graph: GraphProto, { output, columns, sites }: ColumnsPlan): GraphProto | undefined {
  const producers = producersOf(graph);
  const constants = constantsOf(graph);
  const linears = new Map(linearsOf(graph).linears.map((linear) => [linear.node, linear]));
  const adapted = new Set(sites.flatMap((site) => [site, parseSlice(site).site]));
  const added = additionsTo(graph);
  const context: Context = { added, producers, constants, columns };
  const patched = new Map<NodeProto, NodeProto>();
  // What something else reads cannot change its width.
  const readers = (value: string) => graph.node.filter((node) => readsOf(node).includes(value)).length;
  for (let value = output; ;) {
    const node = producers.get(value);
    if (!node || (value !== output && readers(value) !== 1)) return undefined;
    const linear = linears.get(node);
    if (linear) {
      const narrow = adapted.has(linear.site) ? undefined : narrowLinear(linear, context);
      if (!narrow) return undefined;
      patched.set(node, narrow);
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

interface Context { added: Additions; producers: ReadonlyMap<string, NodeProto>; constants: ReadonlyMap<string, TensorProto>; columns: readonly number[] }

/** A node that works value by value, its constant narrowed, and the value that it is computed from. */
function narrowBetween(node: NodeProto, context: Context): { node: NodeProto; from: string } | undefined {
  if (!between.has(node.opType) || node.domain !== '' || hasSubgraph(node)) return undefined;
  const computed = readsOf(node).filter((name) => !context.constants.has(name));
  const [from = ''] = computed;
  if (computed.length !== 1) return undefined;
  const input = node.input.map((name) => (name === from || name === '' ? name : narrowVector(name, context)));
  return input.every((name) => name !== undefined) ? { node: revise(node, { input }), from } : undefined;
}

/** A constant that is added to or multiplies the columns: [.., outputs] is narrowed, one value for all stays. */
function narrowVector(name: string, context: Context): string | undefined {
  const tensor = context.constants.get(name);
  const size = tensor && (shapeOf(tensor).at(-1) ?? 1);
  return size === undefined ? undefined : size === 1 ? name : gathered(name, shapeOf(tensor as TensorProto).length - 1, context);
}

function narrowLinear({ node }: Linear, context: Context): NodeProto | undefined {
  const [x = '', w = '', bias = ''] = node.input;
  if (node.opType !== 'MatMul' && node.opType !== 'Gemm' && node.opType !== 'FusedMatMul') return undefined;
  const weight = narrowWeight(w, integerAttribute(node, 'transB', 0) === 0 ? 1 : 0, context);
  const vector = bias === '' ? '' : narrowVector(bias, context);
  return weight === undefined || vector === undefined ? undefined : revise(node, { input: bias === '' ? [x, weight] : [x, weight, vector] });
}

/** Columns of a stored matrix, through the nodes that only unpack it. @param axis of the columns */
function narrowWeight(value: string, axis: number, context: Context): string | undefined {
  const { added, producers, constants } = context;
  if (constants.has(value)) return gathered(value, axis, context);
  const node = producers.get(value);
  const source = node?.input[0] ?? '';
  const again = (input: (string | undefined)[]): string | undefined => {
    if (!node || input.some((name) => name === undefined)) return undefined;
    const output = names.columns(value);
    added.nodes.push(revise(node, { name: `${output}/${node.opType}`, input: input as string[], output: [output] }));
    return output;
  };
  switch (node?.opType) {
    case 'Identity': case 'Cast': return again([narrowWeight(source, axis, context)]);
    case 'Transpose': return again([narrowWeight(source, (integersAttribute(node, 'perm') ?? [1, 0])[axis] ?? axis, context)]);
    case 'DequantizeLinear': {
      if (integerAttribute(node, 'block_size', 0) !== 0) return undefined;
      const along = integerAttribute(node, 'axis', 1);
      // One scale for all, one a column, or one a row, of which all stay.
      const ofColumns = (along < 0 ? along + 2 : along) === axis;
      const scales = node.input.slice(1).map((name) => (name === '' || !ofColumns ? name : narrowVector(name, context)));
      return again([narrowWeight(source, axis, context), ...scales]);
    }
    default: return undefined;
  }
}

/** The columns of a constant: as a tensor where its bytes are at hand, else by a node that the runtime computes once, as it loads the graph. */
function gathered(name: string, axis: number, { added, constants, columns }: Context): string {
  const tensor = constants.get(name);
  const output = names.columns(name);
  const narrow = tensor && gatheredTensor(tensor, { name: output, axis, indices: columns });
  return narrow ? added.initializer(narrow) : added.node('Gather', [name, added.integers(...columns)], output, { axis });
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
