import { type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute, integersAttribute } from '../graph/attributes.js';
import { type Fact } from './fact.js';

/** The integers of a fact where all are known constants. */
export function knownIntegers(fact: Fact | undefined): number[] | undefined {
  const values = fact?.content?.map((d) => (d?.batch === 0 && d.size !== null ? d.size : undefined));
  return values?.every((v) => v !== undefined) ? values : undefined;
}

/** An axis counted from the front. */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The attribute `axis` of a node, counted from the front. */
export function axisOf(node: NodeProto, { rank, otherwise }: { rank: number; otherwise: number }): number {
  return fromFront(integerAttribute(node, 'axis', otherwise), rank);
}

/** Axes as an attribute (older operator sets) or as an input (newer), counted from the front; undefined where not known. */
export function axesOf(node: NodeProto, { input, rank }: { input: Fact | undefined; rank: number }): number[] | undefined {
  return (integersAttribute(node, 'axes') ?? knownIntegers(input))?.map((axis) => fromFront(axis, rank));
}
