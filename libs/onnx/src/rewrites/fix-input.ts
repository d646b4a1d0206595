import { FleetError } from '@seedfleet/errors';
import { makeNode } from '../builder/graph-builder.js';
import { withGraph, type OnnxModel } from '../graph/model.js';
import { revise } from '../graph/revise.js';
import { float32Tensor } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { additionsTo } from './additions.js';

/** An input that is to have the same value for every example. */
export interface FixedInput {
  input: string;
  /** The input whose first axis counts the examples: token ids. */
  ids: string;
  /** Of one example, row-major: everything behind the batch axis. */
  values: Float32Array;
  /** Without the batch axis. */
  shape: readonly number[];
}

/**
 * The model with a float32 input replaced by a constant, repeated for every example: what an encoder makes of silence, say, so that a decoder
 * that attends to an encoder becomes a language model.
 * @throws FleetError `model.input-unknown`
 */
export function fixInput(model: OnnxModel, { input, ids, values, shape }: FixedInput): OnnxModel {
  const { graph } = model;
  for (const name of [input, ids]) {
    if (!graph.input.some((given) => given.name === name)) throw new FleetError('model.input-unknown', { field: name, problem: `The model has no input "${name}".` });
  }
  const part = (name: string) => `fixed/${input}/${name}`;
  const added = additionsTo(graph);
  const constant = added.initializer(float32Tensor({ name: part('value'), values, shape: [1, ...shape] }));
  // Not `added.node`: these nodes are the model's own from here on, and tiled as such.
  const node = (operator: string, inputs: string[], output: string, attributes = {}) => {
    added.nodes.push(makeNode({ operator, inputs, outputs: [output], attributes }));
    return output;
  };
  const examples = node('Gather', [node('Shape', [ids], part('ids')), added.integers(0)], part('examples'), { axis: 0 });
  node('Expand', [constant, node('Concat', [examples, added.integers(...shape)], part('shape'), { axis: 0 })], input);
  added.nodes.push(...graph.node);
  return withGraph(model, validate(revise(added.applyTo(graph), { input: graph.input.filter(({ name }) => name !== input) }), 'fixInput'));
}
