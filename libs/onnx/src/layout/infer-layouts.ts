import { type GraphProto, type NodeProto, type ValueInfoProto } from '../generated/onnx_pb.js';
import { hasSubgraph } from '../graph/attributes.js';
import { constantsOf } from '../graph/constants.js';
import { integersOf, shapeOf } from '../graph/tensor.js';
import { readsOf } from '../graph/validate.js';
import { anySize, batchSize, fixed, type Dimension } from './dimension.js';
import { free, integers, rows, unknown, type Fact } from './fact.js';
import { integerFact } from './integer-rules.js';
import { exampleAxis } from './row-rules.js';
import { shapesOf } from './shape-rules.js';

const contentMax = 64;

/**
 * Where the batch is in every value of a graph whose inputs have the examples on axis 0. Never guesses: what no rule
 * covers is `other`, which costs time (it is recomputed for the tiled batch) and never correctness.
 */
export function inferLayouts(graph: GraphProto): ReadonlyMap<string, Fact> {
  const facts = new Map<string, Fact>();
  const constants = constantsOf(graph);
  const hints = new Map(graph.valueInfo.map((info) => [info.name, axesOf(info)]));
  for (const input of graph.input) facts.set(input.name, inputFact(input));
  for (const [name, tensor] of constants) {
    const shape = shapeOf(tensor);
    const values = shape.length <= 1 && (shape[0] ?? 1) <= contentMax ? integersOf(tensor) : undefined;
    facts.set(name, values ? integers(values.map(fixed), shape.length === 0 ? 0 : 1) : free(shape.map(fixed)));
  }
  for (const node of graph.node) {
    const outputs = node.opType === 'Constant' ? [] : outputFacts(node, facts, hints);
    outputs.forEach((fact, i) => facts.set(node.output[i] ?? '', fact));
  }
  return facts;
}

function inputFact(input: ValueInfoProto): Fact {
  const axes = axesOf(input);
  if (axes === undefined || axes.length === 0) return unknown;
  return rows([batchSize, ...axes.slice(1)], 0);
}

/** Declared axes; a size that is not fixed is any size: whether it counts examples is not to be read from a name. */
function axesOf(info: ValueInfoProto): Dimension[] | undefined {
  const { value } = info.type ?? {};
  const dimensions = value?.case === 'tensorType' ? value.value.shape?.dim : undefined;
  return dimensions?.map(({ value: size }) => (size.case === 'dimValue' ? fixed(Number(size.value)) : anySize));
}

function outputFacts(node: NodeProto, facts: ReadonlyMap<string, Fact>, hints: ReadonlyMap<string, Dimension[] | undefined>): readonly Fact[] {
  // A missing optional input is `''`: it aligns with anything, like a constant scalar.
  const inputs = node.input.map((name) => (name === '' ? free([]) : facts.get(name) ?? unknown));
  const allFree = readsOf(node).every((name) => facts.get(name)?.layout === 'free');
  if (hasSubgraph(node)) return node.output.map(() => (allFree ? free() : unknown));
  const computed = integerFact(node, inputs);
  const shapes = shapesOf(node, inputs);
  return node.output.map((name, i) => {
    const known = i === 0 ? computed : undefined;
    // Declared shapes say how many axes there are where no rule does, but never where the batch is.
    const shape = known?.shape ?? shapes[i] ?? (allFree ? hints.get(name) : undefined);
    if (allFree) return { layout: 'free', shape, content: known?.content };
    if (known) return known;
    if (node.opType === 'DynamicQuantizeLinear' && i > 0) return free([]);  // one scale for the tensor: it belongs to no example
    const axis = exampleAxis(node, inputs, { shape, output: i });
    return axis !== undefined && shape ? rows(shape, axis) : { layout: 'other', shape };
  });
}
