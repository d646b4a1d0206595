import { makeNode } from '../builder/graph-builder.js';
import { type GraphProto } from '../generated/onnx_pb.js';
import { type AttributeValue } from '../graph/attributes.js';
import { constantsOf } from '../graph/constants.js';
import { revise } from '../graph/revise.js';
import { shapeOf } from '../graph/tensor.js';
import { readsOf, validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { linearsOf } from '../sites/linears.js';
import { producersOf } from '../sites/weights.js';
import { additionsTo } from './additions.js';

/** Operators behind the output head that work value by value, on one value or on one and a vector of constants. */
const between = new Set(['Add', 'Sub', 'Mul', 'Div', 'Cast', 'Identity', 'Tanh', 'Clip', 'Neg']);

/**
 * Leaves the last position out of what the output head of a language model multiplies: nothing is known to follow it. At least two positions stay, as a product
 * of one row is another routine of ONNX Runtime. Where the head is no linear over [batch, time, width], or something else reads what is behind it, all is as it was.
 * @param output logits [batch, time, vocabulary]; afterwards maybe one position shorter
 */
export function leaveLastOut(graph: GraphProto, { output }: { output: string }): GraphProto {
  const producers = producersOf(graph);
  const constants = constantsOf(graph);
  const linears = new Map(linearsOf(graph).linears.map((linear) => [linear.node, linear]));
  const isVector = (name: string) => { const tensor = constants.get(name); return tensor !== undefined && shapeOf(tensor).length <= 1; };
  const onlyOne = (value: string) => graph.node.filter((node) => readsOf(node).includes(value)).length === 1;
  let node = producers.get(output);
  while (node && !linears.has(node)) {
    const [from = '', ...others] = node.input.filter((name) => !isVector(name));
    if (!between.has(node.opType) || others.length > 0 || !onlyOne(from)) return graph;
    node = producers.get(from);
  }
  const [x = ''] = node?.input ?? [];
  if (!node || node.opType !== 'MatMul' || inferLayouts(graph).get(x)?.shape?.length !== 3) return graph;
  const head = node;
  const added = additionsTo(graph);
  // Nodes like any of the model, so that they are tiled like them: their names are not ours.
  const step = (operator: string, inputs: string[], part: string, attributes: Record<string, AttributeValue> = {}) => {
    added.nodes.push(makeNode({ operator, inputs, outputs: [`followed/${part}`], attributes }));
    return `followed/${part}`;
  };
  for (const each of graph.node) {
    if (each !== head) {
      added.nodes.push(each);
      continue;
    }
    const positions = step('Slice', [step('Shape', [x], 'shape'), added.integers(1), added.integers(2)], 'positions');
    const end = step('Max', [step('Sub', [positions, added.integers(1)], 'others'), added.integers(2)], 'end');
    added.nodes.push(revise(each, { input: [step('Slice', [x, added.integers(0), end, added.integers(1)], 'x'), ...each.input.slice(1)] }));
  }
  return validate(added.applyTo(graph), 'leaveLastOut');
}
