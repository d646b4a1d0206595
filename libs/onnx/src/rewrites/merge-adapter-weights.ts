import { type GraphProto, type NodeProto, TensorProto_DataType, type TensorProto } from '../generated/onnx_pb.js';
import { floatAttribute, integerAttribute, integersAttribute } from '../graph/attributes.js';
import { embedded } from '../bytes/place-weights.js';
import { constantsOf } from '../graph/constants.js';
import { pendingTensor, type ReadExternal } from '../graph/pending-tensor.js';
import { float32Tensor, floatsOf, isExternal, shapeOf } from '../graph/tensor.js';
import { type Linear } from '../sites/linears.js';
import { type Slice } from '../sites/slice.js';
import { producersOf } from '../sites/weights.js';

/** (alpha / r) A B for some outputs of a linear. A [d_in, r] and B [r, d_out of the slice], row-major. */
export interface Delta { a: ArrayLike<number>; b: ArrayLike<number>; rank: number; alpha: number; slice: Slice }

/** A weight that can be changed in place of an adapter: float values that the graph multiplies with as they are stored, or turned. */
export interface FoldableWeight {
  tensor: TensorProto;
  /** Whether the stored matrix is [outputs, inputs]. */
  storedTurned: boolean;
  /** Whether the node reads the matrix as [outputs, inputs]. */
  readTurned: boolean;
  /** What the node multiplies its product with. */
  factor: number;
  /** Values from the tensor to the node, the tensor's own name first. */
  path: string[];
}

const stored = new Set<number>([TensorProto_DataType.FLOAT, TensorProto_DataType.FLOAT16, TensorProto_DataType.BFLOAT16]);
/** Not FusedGemm: what its activation does to the sum of base and adapter is not what it does to the base. */
const foldable = new Set(['MatMul', 'Gemm', 'FusedMatMul']);

/** Finds the weight of a linear that an adapter can be folded into, or undefined: quantised, half precision throughout, or inside of an activation. */
export function foldableWeightFinder(graph: GraphProto): (linear: Linear) => FoldableWeight | undefined {
  const constants = constantsOf(graph);
  const producers = producersOf(graph);
  return ({ node, valueType }) => {
    // A product in half precision would round what was trained away.
    if (valueType !== TensorProto_DataType.FLOAT || !foldable.has(node.opType)) return undefined;
    const path: string[] = [];
    let turned = false;
    for (let value = node.input[1] ?? ''; ;) {
      path.unshift(value);
      const tensor = constants.get(value);
      if (tensor) {
        const factor = node.opType === 'MatMul' ? 1 : floatAttribute(node, 'alpha', 1);
        const readTurned = integerAttribute(node, 'transB', 0) !== 0;
        return stored.has(tensor.dataType) && factor !== 0 ? { tensor, storedTurned: turned !== readTurned, readTurned, factor, path } : undefined;
      }
      const producer = producers.get(value);
      if (!producer || !onlyRewritten(producer)) return undefined;
      turned = turned !== (producer.opType === 'Transpose');
      value = producer.input[0] ?? '';
    }
  };
}

function onlyRewritten(node: NodeProto): boolean {
  switch (node.opType) {
    case 'Identity': return true;
    case 'Cast': return integerAttribute(node, 'to', 0) === TensorProto_DataType.FLOAT;
    case 'Transpose': return (integersAttribute(node, 'perm') ?? [1, 0]).join() === '1,0';
    default: return false;
  }
}

interface Folding { name: string; linear: Linear; deltas: readonly Delta[] }

/** W + sum of (alpha / r) A B as the node reads it; of a weight outside of the file pending. */
export function foldedTensor(weight: FoldableWeight, folding: Folding): TensorProto {
  const { tensor, readTurned } = weight;
  const { name, linear: { inputs, outputs } } = folding;
  const shape = readTurned ? [outputs, inputs] : [inputs, outputs];
  if (!isExternal(tensor)) return float32Tensor({ name, shape, values: foldedValues(weight, { ...folding, base: valuesOf(tensor) }) });
  return pendingTensor({ name, shape, dataType: TensorProto_DataType.FLOAT, make: (read) => new Uint8Array(foldedValues(weight, { ...folding, base: valuesOf(embedded(tensor, read)) }).buffer) });
}

/** Summed in float64 and rounded once to float32. */
function foldedValues({ storedTurned, readTurned, factor }: FoldableWeight, { linear: { inputs, outputs }, deltas, base }: Folding & { base: Float32Array }): Float32Array {
  const values = new Float32Array(inputs * outputs);
  const [fromInput, fromOutput] = storedTurned ? [1, inputs] : [outputs, 1];
  const [toInput, toOutput] = readTurned ? [1, inputs] : [outputs, 1];
  const row = new Float64Array(outputs);
  for (let i = 0; i < inputs; i++) {
    row.fill(0);
    for (const delta of deltas) addRow(row, { delta, input: i });
    for (let o = 0; o < outputs; o++) values[i * toInput + o * toOutput] = (base[i * fromInput + o * fromOutput] as number) + (row[o] as number) / factor;
  }
  return values;
}

function addRow(row: Float64Array, { delta: { a, b, rank, alpha, slice: { from, to } }, input }: { delta: Delta; input: number }): void {
  const width = to - from;
  for (let k = 0; k < rank; k++) {
    const scaled = (alpha / rank) * (a[input * rank + k] as number);
    for (let o = 0; o < width; o++) row[from + o] = (row[from + o] as number) + scaled * (b[k * width + o] as number);
  }
}

function valuesOf(tensor: TensorProto): Float32Array {
  const floats = floatsOf(tensor);
  if (floats) return floats;
  const { rawData } = tensor;
  // Without raw data, the 16 bits of each value stand in an int32.
  const halves = rawData.length === 0 ? Uint16Array.from(tensor.int32Data) : new Uint16Array(new Uint8Array(rawData).buffer);
  return Float32Array.from(halves, tensor.dataType === TensorProto_DataType.BFLOAT16 ? fromBfloat16 : fromFloat16);
}

function fromBfloat16(half: number): number {
  return new Float32Array(Uint32Array.of(half * 0x10000).buffer)[0] as number;
}

/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
function fromFloat16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Sizes of a constant vector of one value an output, or undefined. */
export function isVectorOf(tensor: TensorProto | undefined, outputs: number): tensor is TensorProto {
  if (tensor?.dataType !== TensorProto_DataType.FLOAT) return false;
  const shape = shapeOf(tensor);
  return shape.at(-1) === outputs && shape.slice(0, -1).every((size) => size === 1);
}

/** A constant vector plus what a run trained, rounded once. */
export function shiftedVector(tensor: TensorProto, { name, by, read }: { name: string; by: ArrayLike<number>; read: ReadExternal }): TensorProto {
  const base = floatsOf(embedded(tensor, read)) ?? new Float32Array(0);
  return float32Tensor({ name, values: base.map((value, i) => value + (by[i] as number)), shape: shapeOf(tensor) });
}
