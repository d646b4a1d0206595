import { FleetError } from '@seedfleet/errors';
import { valueInfo } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto } from '../generated/onnx_pb.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { float32Tensor } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { addPool, pooledName, type Pool } from './add-pool.js';
import { additionsTo } from './additions.js';

/** The trained classification head. */
export interface MergedHead {
  /** Value that it reads, [batch, d], or [batch, time, d] with a `pool`. */
  output: string;
  pool?: Pool | undefined;
  /** The model's input that a pool reads. */
  mask?: string | undefined;
  /** [d, classes] row-major. */
  weight: ArrayLike<number>;
  /** [classes]; their number is that of the classes. */
  bias: ArrayLike<number>;
}

/**
 * The trained head as one more output, [batch, classes]: `logits`, or `head_logits` where the model computes a value called `logits` of its own.
 * @throws FleetError `model.output-unknown`
 */
export function addMergedHead(graph: GraphProto, { output, pool, mask, weight, bias }: MergedHead): { graph: GraphProto; logits: string } {
  const made = new Set(graph.node.flatMap((node) => node.output));
  if (!made.has(output)) throw new FleetError('model.output-unknown', { field: 'output', problem: `The model computes no value "${output}".` });
  if (pool !== undefined && pool !== 'first' && mask === undefined) throw new FleetError('model.input-unknown', { field: 'inputs.mask', problem: `Pooling by ${pool} reads the mask, and the model has no input for it.` });
  const pooled = pool === undefined ? graph : addPool(graph, { output, mask: mask ?? '', pool });
  const features = pool === undefined ? output : pooledName;
  const axes = inferLayouts(pooled).get(features)?.shape?.length;
  if (axes !== undefined && axes !== 2) throw new FleetError('model.output-unknown', { field: 'output', problem: `The head reads one vector an example, and "${output}" has ${axes} axes.` });
  const classes = bias.length;
  const constant = (name: string, values: ArrayLike<number>, shape: number[]) => added.initializer(float32Tensor({ name: names.inHead(name), values: Float32Array.from(values), shape }));
  const logits = made.has(names.logits) ? 'head_logits' : names.logits;
  const added = additionsTo(pooled);
  added.nodes.push(...pooled.node);
  const h = added.node('Cast', [features], names.inHead('h'), { to: TensorProto_DataType.FLOAT });
  const product = added.node('MatMul', [h, constant('W', weight, [weight.length / classes, classes])], names.inHead('product'));
  added.node('Add', [product, constant('b', bias, [classes])], logits);
  return { logits, graph: validate(revise(added.applyTo(pooled), { output: [...pooled.output, valueInfo(logits, 'float32', ['batch', classes])] }), 'addMergedHead') };
}
