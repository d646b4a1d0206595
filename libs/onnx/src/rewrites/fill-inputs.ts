import { FleetError } from '@seedfleet/errors';
import { type GraphProto } from '../generated/onnx_pb.js';
import { revise } from '../graph/revise.js';
import { int64Tensor } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { additionsTo } from './additions.js';

/** Inputs that are zero for a single text, as BERT's tokenizers would fill them. */
const zeroInputs = new Set(['token_type_ids', 'segment_ids']);

/**
 * Leaves token ids and mask as the only inputs: segment ids become zeros of the shape of the ids.
 * @throws FleetError `model.input-unknown` for any other input, or if ids is not an input; `model.batch-fixed`
 */
export function fillInputs(graph: GraphProto, { ids, mask }: { ids: string; mask: string }): GraphProto {
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !stored.has(name));
  for (const { name, type } of inputs) {
    const [batch] = type?.value.case === 'tensorType' ? type.value.value.shape?.dim ?? [] : [];
    if (batch?.value.case === 'dimValue') throw new FleetError('model.batch-fixed', { field: name, problem: `The model's input "${name}" takes exactly ${batch.value.value} examples.` });
    if (name !== ids && name !== mask && !zeroInputs.has(name)) throw new FleetError('model.input-unknown', { field: name, problem: `The model needs an input "${name}", and nothing says what to put there.` });
  }
  if (!inputs.some(({ name }) => name === ids)) throw new FleetError('model.input-unknown', { field: 'inputs.ids', problem: `The model has no input "${ids}" that its output depends on.` });
  const filled = inputs.filter(({ name }) => zeroInputs.has(name) && name !== ids && name !== mask);
  if (filled.length === 0) return graph;
  const added = additionsTo(graph);
  const shape = added.node('Shape', [ids], 'seedfleet/inputs/shape');
  for (const { name } of filled) added.node('ConstantOfShape', [shape], name, { value: int64Tensor({ name: '', values: [0], shape: [1] }) });
  added.nodes.push(...graph.node);
  return validate(revise(added.applyTo(graph), { input: graph.input.filter((input) => !filled.includes(input)) }), 'fillInputs');
}
