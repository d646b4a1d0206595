import { FleetError } from '@seedfleet/errors';
import { makeNode, valueInfo } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto, type NodeProto, type TensorShapeProto_Dimension, type ValueInfoProto } from '../generated/onnx_pb.js';
import { revise } from '../graph/revise.js';
import { int64Tensor } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { additionsTo, type Additions } from './additions.js';

/** Inputs that are zero for a single text, as BERT's tokenizers would fill them. */
const zeroInputs = new Set(['token_type_ids', 'segment_ids']);
const positionInputs = new Set(['position_ids']);
/** Keys and values of earlier texts, [batch, heads, length, width]. */
const pastInput = /^past(_key_values?)?[._]/;

/** What the text's inputs of a model are called. A causal model that reads texts padded on the right may do without a mask. */
export interface TextInputs { ids: string; mask?: string | undefined }
type Filling = 'zeros' | 'positions' | 'past';

/**
 * Leaves token ids and mask as the only inputs: segment ids become zeros of the shape of the ids, position ids count the tokens of the mask (so that
 * padding may stand on either side) or, without one, all positions, keys and values of the past are empty.
 * @throws FleetError `model.input-unknown` for any other input, or if ids is not an input; `model.batch-fixed`
 */
export function fillInputs(graph: GraphProto, { ids, mask }: TextInputs): GraphProto {
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !stored.has(name));
  const filled = new Map<ValueInfoProto, Filling>();
  for (const input of inputs) {
    const { name } = input;
    const [batch] = axesOf(input);
    if (batch?.value.case === 'dimValue') throw new FleetError('model.batch-fixed', { field: name, problem: `The model's input "${name}" takes exactly ${batch.value.value} examples.` });
    if (name === ids || name === mask) continue;
    const filling = fillingOf(input);
    if (!filling) throw new FleetError('model.input-unknown', { field: name, problem: `The model needs an input "${name}", and nothing says what to put there.` });
    filled.set(input, filling);
  }
  if (!inputs.some(({ name }) => name === ids)) throw new FleetError('model.input-unknown', { field: 'inputs.ids', problem: `The model has no input "${ids}" that its output depends on.` });
  if (filled.size === 0) return graph;
  const added = additionsTo(graph);
  const shape = step(added, makeNode({ operator: 'Shape', inputs: [ids], outputs: ['seedfleet/inputs/shape'] }));
  for (const [input, filling] of filled) fill(added, { input, filling, shape, mask });
  added.nodes.push(...graph.node);
  const left = graph.input.filter((input) => !filled.has(input));
  const counted = mask !== undefined && [...filled.values()].includes('positions') && !left.some(({ name }) => name === mask);
  return validate(revise(added.applyTo(graph), { input: counted ? [...left, valueInfo(mask, 'int64', ['batch', 'sequence'])] : left }), 'fillInputs');
}

function fillingOf(input: ValueInfoProto): Filling | undefined {
  if (zeroInputs.has(input.name)) return 'zeros';
  if (positionInputs.has(input.name)) return 'positions';
  return pastInput.test(input.name) && axesOf(input).length >= 3 ? 'past' : undefined;
}

function fill(added: Additions, { input, filling, shape, mask }: { input: ValueInfoProto; filling: Filling; shape: string; mask: string | undefined }): void {
  const { name } = input;
  const part = (suffix: string) => `inputs/${name}/${suffix}`;
  const node = (operator: string, inputs: string[], output: string, attributes = {}) => step(added, makeNode({ operator, inputs, outputs: [output], attributes }));
  if (filling === 'past') {
    // What is not fixed but the batch is the length of the past.
    const rest = axesOf(input).slice(1).map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : 0));
    const batch = node('Gather', [shape, added.integers(0)], part('batch'), { axis: 0 });
    const zero = revise(int64Tensor({ name: '', values: [0], shape: [1] }), { dataType: TensorProto_DataType.FLOAT, rawData: new Uint8Array(4) });
    const empty = node('ConstantOfShape', [node('Concat', [batch, added.integers(...rest)], part('shape'), { axis: 0 })], typeOf(input) === TensorProto_DataType.FLOAT ? name : part('float'), { value: zero });
    if (empty !== name) node('Cast', [empty], name, { to: typeOf(input) });
    return;
  }
  const cast = typeOf(input) === TensorProto_DataType.INT64 ? undefined : part('int64');
  if (filling === 'zeros') {
    node('ConstantOfShape', [shape], cast ?? name, { value: int64Tensor({ name: '', values: [0], shape: [1] }) });
  } else {
    const axis = added.initializer(int64Tensor({ name: part('axis'), values: [1], shape: [] }));
    const tokens = mask ?? node('ConstantOfShape', [shape], part('tokens'), { value: int64Tensor({ name: '', values: [1], shape: [1] }) });
    const counted = node('Sub', [node('CumSum', [tokens, axis], part('counted')), added.integers(1)], part('fromZero'));
    // Padding before the text has no position; it must have one that the model knows.
    node('Max', [counted, added.integers(0)], cast ?? name);
  }
  if (cast !== undefined) node('Cast', [cast], name, { to: typeOf(input) });
}

/** A node that is tiled as nodes of the model are: its name is not one of ours. */
function step(added: Additions, node: NodeProto): string {
  added.nodes.push(revise(node, { name: `inputs/${node.output[0] ?? ''}` }));
  return node.output[0] ?? '';
}

function axesOf({ type }: ValueInfoProto): TensorShapeProto_Dimension[] {
  return type?.value.case === 'tensorType' ? type.value.value.shape?.dim ?? [] : [];
}

function typeOf({ type }: ValueInfoProto): number {
  return type?.value.case === 'tensorType' ? type.value.value.elemType : TensorProto_DataType.INT64;
}
