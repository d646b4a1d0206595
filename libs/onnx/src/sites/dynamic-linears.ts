import { TensorProto_DataType, type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute } from '../graph/attributes.js';
import { type Weight } from './weights.js';

/**
 * A linear as dynamic quantisation writes it: x becomes integers while the graph runs, with one scale for the whole batch.
 * Either spread over nodes (`DynamicQuantizeLinear`, `MatMulInteger`, `Cast`, `Mul`) or fused by ONNX Runtime (`MatMulIntegerToFloat`, `DynamicQuantizeMatMul`).
 */
export interface DynamicLinear {
  /** The node that makes y, float32. */
  last: NodeProto;
  /** The node that multiplies: it carries the name of the module. */
  product: NodeProto;
  /** All its nodes from the product on, in any order, and the one that multiplies the scales with each other. */
  nodes: readonly NodeProto[];
  /** Float32 input, before it is quantised. */
  x: string;
  weight: Weight;
  /** Values of the model: integers [inputs, outputs], their scale and zero point (one, or one an output; zero point and bias may be ''). */
  integers: string;
  scale: string;
  zeroPoint: string;
  bias: string;
}

export interface DynamicLinears {
  /** By the node that makes y. */
  byLast: ReadonlyMap<NodeProto, DynamicLinear>;
  /** Nodes that multiply inside one of them. */
  products: ReadonlySet<NodeProto>;
}

interface Surroundings { producers: ReadonlyMap<string, NodeProto>; readers: ReadonlyMap<string, NodeProto[]>; findWeight: (value: string) => Weight | undefined }

export function dynamicLinearsOf(graph: GraphProto, { producers, findWeight }: Omit<Surroundings, 'readers'>): DynamicLinears {
  const surroundings = { producers, findWeight, readers: readersOf(graph) };
  const found = graph.node.flatMap((node) => read(node, surroundings) ?? []);
  return { byLast: new Map(found.map((linear) => [linear.last, linear])), products: new Set(found.map(({ product }) => product)) };
}

/** The nodes that read each value; a graph output has one more reader than nodes, and is left out. */
function readersOf(graph: GraphProto): Map<string, NodeProto[]> {
  const readers = new Map<string, NodeProto[]>();
  for (const node of graph.node) for (const name of node.input) readers.set(name, [...readers.get(name) ?? [], node]);
  for (const { name } of graph.output) readers.delete(name);
  return readers;
}

function read(node: NodeProto, surroundings: Surroundings): DynamicLinear | undefined {
  switch (node.opType) {
    case 'MatMulInteger': return spread(node, surroundings);
    case 'MatMulIntegerToFloat': {
      const [integers = '', w = '', xScale = '', scale = '', xZero = '', zeroPoint = '', bias = ''] = node.input;
      const source = sourceOf({ integers, scale: xScale, zero: xZero }, surroundings);
      return source === undefined ? undefined : checked({ last: node, product: node, nodes: [node], x: source, integers: w, scale, zeroPoint, bias }, surroundings);
    }
    case 'DynamicQuantizeMatMul': {
      const [x = '', w = '', scale = '', zeroPoint = '', bias = ''] = node.input;
      return checked({ last: node, product: node, nodes: [node], x, integers: w, scale, zeroPoint, bias }, surroundings);
    }
    default: return undefined;
  }
}

/** MatMulInteger, then Cast, then the product with both scales, in either order. */
function spread(node: NodeProto, surroundings: Surroundings): DynamicLinear | undefined {
  const { producers } = surroundings;
  const [integers = '', w = '', zero = '', zeroPoint = ''] = node.input;
  const cast = onlyReader(node, surroundings);
  if (cast?.opType !== 'Cast' || integerAttribute(cast, 'to', 0) !== TensorProto_DataType.FLOAT) return undefined;
  const first = onlyReader(cast, surroundings);
  if (first?.opType !== 'Mul') return undefined;
  const xScale = producers.get(integers)?.output[1] ?? '';
  const x = sourceOf({ integers, scale: xScale, zero }, surroundings);
  if (x === undefined) return undefined;
  const factor = otherInput(first, cast.output[0] ?? '');
  const combined = producers.get(factor);
  if (combined?.opType === 'Mul' && combined.input.includes(xScale)) return checked({ last: first, product: node, nodes: [node, cast, first, combined], x, integers: w, scale: otherInput(combined, xScale), zeroPoint, bias: '' }, surroundings);
  const second = onlyReader(first, surroundings);
  if (second?.opType !== 'Mul') return undefined;
  const factors = [factor, otherInput(second, first.output[0] ?? '')];
  return factors.includes(xScale) ? checked({ last: second, product: node, nodes: [node, cast, first, second], x, integers: w, scale: factors.find((name) => name !== xScale) ?? '', zeroPoint, bias: '' }, surroundings) : undefined;
}

/** The float value behind integers that a DynamicQuantizeLinear made, if it made their scale and zero point, too. */
function sourceOf({ integers, scale, zero }: { integers: string; scale: string; zero: string }, { producers }: Surroundings): string | undefined {
  const quantiser = producers.get(integers);
  if (quantiser?.opType !== 'DynamicQuantizeLinear') return undefined;
  const [q, s, z] = quantiser.output;
  return q === integers && s === scale && z === zero ? quantiser.input[0] : undefined;
}

function checked(linear: Omit<DynamicLinear, 'weight'>, { findWeight }: Surroundings): DynamicLinear | undefined {
  const weight = findWeight(linear.integers);
  const stored = [linear.scale, linear.zeroPoint, linear.bias].every((name, i) => (i > 0 && name === '') || findWeight(name) !== undefined);
  return weight?.shape.length === 2 && stored ? { ...linear, weight } : undefined;
}

function onlyReader(node: NodeProto, { readers }: Surroundings): NodeProto | undefined {
  const found = readers.get(node.output[0] ?? '');
  return found?.length === 1 ? found[0] : undefined;
}

function otherInput({ input: [a = '', b = ''] }: NodeProto, known: string): string {
  return a === known ? b : a;
}
