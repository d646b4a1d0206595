import { TensorProto_DataType, type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute } from '../graph/attributes.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { float32Tensor } from '../graph/tensor.js';
import { type Linear } from '../sites/linears.js';
import { sliceName } from '../sites/slice.js';
import { type Additions } from './additions.js';
import { type Delta } from './merge-adapter-weights.js';

/**
 * Stands what a run trained beside a linear whose weight stays as it is: y = base(x) + (alpha / r) (x A) B + bias, A, B and bias constant. The same products
 * in the same order as in the training graph (`insertAdapters`), so that W8A8 rounds the same numbers to the same integers.
 * @param node the linear, its weight changed or not
 */
export function addBranch(added: Additions, { linear, node, deltas, bias }: { linear: Linear; node: NodeProto; deltas: readonly Delta[]; bias: ArrayLike<number> | undefined }): void {
  const part = (name: string) => names.inAdapter(linear.site, name);
  const half = linear.valueType === TensorProto_DataType.FLOAT ? undefined : linear.valueType;
  const inModelType = (value: string, output: string) => (half === undefined ? value : added.node('Cast', [value], output, { to: half }));
  const summands = [part('base')];
  added.nodes.push(revise(node, { output: [part('base'), ...node.output.slice(1)] }));
  if (deltas.length > 0) {
    const turned = integerAttribute(node, 'transA', 0) === 0 ? linear.x : added.node('Transpose', [linear.x], part('x'), { perm: [1, 0] });
    const x = half === undefined ? turned : added.node('Cast', [turned], part('x32'), { to: TensorProto_DataType.FLOAT });
    const products = deltas.map((delta) => addDelta(added, { x, delta, linear }));
    summands.push(inModelType(products.reduce((sum, product, i) => added.node('Add', [sum, product], part(`sum${i}`))), part('productHalf')));
  }
  if (bias !== undefined) {
    const constant = added.initializer(float32Tensor({ name: part('bias'), values: Float32Array.from(bias), shape: [linear.outputs] }));
    summands.push(inModelType(constant, part('biasHalf')));
  }
  const last = summands.length - 1;
  summands.reduce((sum, summand, i) => added.node('Add', [sum, summand], i === last ? linear.y : part('adapted')));
}

/** (alpha / r) (x A) B, zero outside the slice. */
function addDelta(added: Additions, { x, delta: { a, b, rank, alpha, slice }, linear: { site, inputs, outputs } }: { x: string; delta: Delta; linear: Linear }): string {
  const width = slice.to - slice.from;
  const part = (name: string) => names.inAdapter(width === outputs ? site : sliceName(site, slice), name);
  const constant = (name: string, values: ArrayLike<number>, shape: number[]) => added.initializer(float32Tensor({ name: part(name), values: Float32Array.from(values), shape }));
  const factor = constant('scale', [alpha / rank], []);
  const scaled = added.node('Mul', [added.node('MatMul', [x, constant('A', a, [inputs, rank])], part('xA')), factor], part('scaled'));
  if (width === outputs) return added.node('MatMul', [scaled, constant('B', b, [rank, width])], part('product'));
  // Zero columns around the slice: the output may have any number of axes, and Pad would have to know it.
  const wide = new Float32Array(rank * outputs);
  for (let k = 0; k < rank; k++) for (let o = 0; o < width; o++) wide[k * outputs + slice.from + o] = b[k * width + o] as number;
  return added.node('MatMul', [scaled, constant('B', wide, [rank, outputs])], part('product'));
}
