import { type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { constantsOf } from '../graph/constants.js';
import { isOwn } from '../graph/names.js';
import { shapeOf } from '../graph/tensor.js';
import { readsOf } from '../graph/validate.js';
import { linearsOf } from './linears.js';
import { producersOf } from './weights.js';

/** Operators behind the output head that work value by value, on one value or on one and a vector of constants. */
const between = new Set(['Add', 'Sub', 'Mul', 'Div', 'Cast', 'Identity', 'Tanh', 'Clip', 'Neg']);

/**
 * The linear that logits [batch, time, vocabulary] come from, if it is a `MatMul` with nothing but constants and value-by-value nodes behind it that nothing
 * else reads: it may then be given fewer positions. Undefined otherwise, and where an adapter stands beside it.
 */
export function outputHeadOf(graph: GraphProto, output: string): NodeProto | undefined {
  const producers = producersOf(graph);
  const constants = constantsOf(graph);
  const linears = new Set(linearsOf(graph).linears.map(({ node }) => node));
  const isVector = (name: string) => { const tensor = constants.get(name); return tensor !== undefined && shapeOf(tensor).length <= 1; };
  const onlyOne = (value: string) => graph.node.filter((node) => readsOf(node).includes(value)).length === 1;
  let node = producers.get(output);
  while (node && !linears.has(node)) {
    const [from = '', ...others] = node.input.filter((name) => !isVector(name));
    if (!between.has(node.opType) || isOwn(node.name) || others.length > 0 || !onlyOne(from)) return undefined;
    node = producers.get(from);
  }
  return node?.opType === 'MatMul' ? node : undefined;
}
