import { type NodeProto, type TensorProto } from '../generated/onnx_pb.js';
import { integerAttribute, integersAttribute } from '../graph/attributes.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { gatheredTensor, shapeOf } from '../graph/tensor.js';
import { type Additions } from './additions.js';

/** Which columns of what is stored are left, and what is added for that. */
export interface Narrowing { added: Additions; producers: ReadonlyMap<string, NodeProto>; constants: ReadonlyMap<string, TensorProto>; columns: readonly number[] }

/** A constant that is added to or multiplies the columns: [.., outputs] is narrowed, one value for all stays. */
export function narrowVector(name: string, context: Narrowing): string | undefined {
  const tensor = context.constants.get(name);
  const size = tensor && (shapeOf(tensor).at(-1) ?? 1);
  return size === undefined ? undefined : size === 1 ? name : gathered(name, shapeOf(tensor as TensorProto).length - 1, context);
}

/** Columns of a stored matrix, through the nodes that only unpack it. @param axis of the columns */
export function narrowWeight(value: string, axis: number, context: Narrowing): string | undefined {
  const { added, producers, constants } = context;
  if (constants.has(value)) return gathered(value, axis, context);
  const node = producers.get(value);
  const source = node?.input[0] ?? '';
  const again = (input: (string | undefined)[]): string | undefined => {
    if (!node || input.some((name) => name === undefined)) return undefined;
    const output = names.columns(value);
    added.nodes.push(revise(node, { name: `${output}/${node.opType}`, input: input as string[], output: [output] }));
    return output;
  };
  switch (node?.opType) {
    case 'Identity': case 'Cast': return again([narrowWeight(source, axis, context)]);
    case 'Transpose': return again([narrowWeight(source, (integersAttribute(node, 'perm') ?? [1, 0])[axis] ?? axis, context)]);
    case 'DequantizeLinear': {
      if (integerAttribute(node, 'block_size', 0) !== 0) return undefined;
      const along = integerAttribute(node, 'axis', 1);
      // One scale for all, one a column, or one a row, of which all stay.
      const ofColumns = (along < 0 ? along + 2 : along) === axis;
      const scales = node.input.slice(1).map((name) => (name === '' || !ofColumns ? name : narrowVector(name, context)));
      return again([narrowWeight(source, axis, context), ...scales]);
    }
    default: return undefined;
  }
}

/** The columns of a constant: as a tensor where its bytes are at hand, else by a node that the runtime computes once, as it loads the graph. */
function gathered(name: string, axis: number, { added, constants, columns }: Narrowing): string {
  const tensor = constants.get(name);
  const output = names.columns(name);
  const narrow = tensor && gatheredTensor(tensor, { name: output, axis, indices: columns });
  return narrow ? added.initializer(narrow) : added.node('Gather', [name, added.integers(...columns)], output, { axis });
}

/**
 * Rows of a tensor that stands for a matrix [rows, ..], whether it is stored so or flat; flat again where it was.
 * @returns undefined where its bytes are not at hand
 */
export function narrowRows(name: string, rows: number, { added, constants, columns }: Narrowing): string | undefined {
  const tensor = constants.get(name);
  const shape = tensor ? shapeOf(tensor) : [];
  const size = shape.reduce((product, count) => product * count, 1);
  if (!tensor || size % rows !== 0) return undefined;
  const narrow = gatheredTensor(revise(tensor, { dims: [BigInt(rows), BigInt(size / rows)] }), { name: names.columns(name), axis: 0, indices: columns });
  const dims = shape.length > 1 ? [columns.length, ...shape.slice(1)] : [columns.length * size / rows];
  return narrow && added.initializer(revise(narrow, { dims: dims.map(BigInt) }));
}
