import { FleetError } from '@seedfleet/errors';
import { makeNode, valueInfo } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto } from '../generated/onnx_pb.js';
import { type AttributeValue } from '../graph/attributes.js';
import { revise } from '../graph/revise.js';
import { int64Tensor } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { additionsTo } from './additions.js';

/** How one vector an example is made of one a token: mean over the tokens of the mask, the first position, or the last token of the mask. */
export type Pool = 'mean' | 'first' | 'last';

/** Name of the pooled value, [batch, width] float32. */
export const pooledName = 'pool/features';

/**
 * Pools a value [batch, time, width] inside of the graph. `last` finds the last token wherever the padding stands; `first` is position 0, the
 * classification token of encoders, which pad on the right.
 * @throws FleetError `model.output-unknown` where the value is known to have other than three axes
 */
export function addPool(graph: GraphProto, { output, mask, pool }: { output: string; mask: string; pool: Pool }): GraphProto {
  const shape = inferLayouts(graph).get(output)?.shape;
  if (shape && shape.length !== 3) throw new FleetError('model.output-unknown', { field: 'output', problem: `Pooling reads one vector a token, [batch, time, width], and "${output}" has ${shape.length} axes.`, fix: 'Name a value of three axes, or leave the pooling out.' });
  const added = additionsTo(graph);
  added.nodes.push(...graph.node);
  const scalar = (name: string, value: number) => added.initializer(int64Tensor({ name: `pool/${name}`, values: [value], shape: [] }));
  // Nodes like any of the model, so that they are tiled like them: their names are not ours.
  const step = (operator: string, inputs: string[], part: string, attributes: Record<string, AttributeValue> = {}) => {
    added.nodes.push(makeNode({ operator, inputs, outputs: [part === 'features' ? pooledName : `pool/${part}`], attributes }));
    return part === 'features' ? pooledName : `pool/${part}`;
  };
  if (pool === 'first') {
    step('Cast', [step('Gather', [output, scalar('zero', 0)], 'chosen', { axis: 1 })], 'features', { to: TensorProto_DataType.FLOAT });
  } else if (pool === 'mean') {
    const weights = step('Cast', [mask], 'mask', { to: TensorProto_DataType.FLOAT });
    const masked = step('Mul', [step('Cast', [output], 'tokens', { to: TensorProto_DataType.FLOAT }), step('Unsqueeze', [weights, added.integers(2)], 'column')], 'masked');
    const sum = step('ReduceSum', [masked, added.integers(1)], 'sum', { keepdims: 0 });
    step('Div', [sum, step('ReduceSum', [weights, added.integers(1)], 'count', { keepdims: 1 })], 'features');
  } else {
    // The greatest position whose mask is 1. As floats: ONNX Runtime finds no greatest int64.
    const length = step('Gather', [step('Shape', [mask], 'shape'), scalar('one', 1)], 'length', { axis: 0 });
    const positions = step('Mul', [step('Range', [scalar('zero', 0), length, scalar('one', 1)], 'positions'), mask], 'marked');
    const last = step('ArgMax', [step('Cast', [positions], 'markedFloat', { to: TensorProto_DataType.FLOAT })], 'last', { axis: 1, keepdims: 1 });
    const width = step('Slice', [step('Shape', [output], 'tokenShape'), added.integers(2), added.integers(3)], 'width');
    const wide = step('Expand', [step('Unsqueeze', [last, added.integers(2)], 'index'), step('Concat', [added.integers(1, 1), width], 'wideShape', { axis: 0 })], 'wide');
    step('Cast', [step('Squeeze', [step('GatherElements', [output, wide], 'chosen', { axis: 1 }), added.integers(1)], 'single')], 'features', { to: TensorProto_DataType.FLOAT });
  }
  const known = graph.input.some(({ name }) => name === mask) || pool === 'first';
  return validate(revise(added.applyTo(graph), { input: known ? graph.input : [...graph.input, valueInfo(mask, 'int64', ['batch', 'sequence'])] }), 'addPool');
}
