import { makeNode } from '../builder/graph-builder.js';
import { type GraphProto } from '../generated/onnx_pb.js';
import { type AttributeValue } from '../graph/attributes.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { outputHeadOf } from '../sites/output-head.js';
import { additionsTo } from './additions.js';

/**
 * Leaves the last position out of what the output head of a language model multiplies: nothing is known to follow it. At least two positions stay, as a product
 * of one row is another routine of ONNX Runtime. Where the head is no linear over [batch, time, width], or something else reads what is behind it, all is as it was.
 * @param output logits [batch, time, vocabulary]; afterwards maybe one position shorter
 */
export function leaveLastOut(graph: GraphProto, { output }: { output: string }): GraphProto {
  const head = outputHeadOf(graph, output);
  const [x = ''] = head?.input ?? [];
  if (!head || inferLayouts(graph).get(x)?.shape?.length !== 3) return graph;
  const added = additionsTo(graph);
  // Nodes like any of the model, so that they are tiled like them: their names are not ours.
  const step = (operator: string, inputs: string[], part: string, attributes: Record<string, AttributeValue> = {}) => {
    added.nodes.push(makeNode({ operator, inputs, outputs: [names.followed(part)], attributes }));
    return names.followed(part);
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
