import { create } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType, AttributeProtoSchema, type AttributeProto, type GraphProto, type NodeProto, type TensorProto } from '../generated/onnx_pb.js';

/** Marks a number as a float attribute: `{ epsilon: float(1e-6) }`. A bare number is an integer. */
export interface FloatAttribute { readonly float: number }
export type AttributeValue = number | readonly number[] | string | FloatAttribute | TensorProto | GraphProto;

export function float(value: number): FloatAttribute {
  return { float: value };
}

export function attributesFrom(values: Record<string, AttributeValue>): AttributeProto[] {
  return Object.entries(values).map(([name, value]) => attribute(name, value));
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  if (typeof value === 'string') return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s: new TextEncoder().encode(value) });
  if ('float' in value) return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value.float });
  if ('node' in value) return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.GRAPH, g: value });
  if ('dims' in value) return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.TENSOR, t: value });
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) });
}

/** An integer attribute, or the default that the operator's specification states. */
export function integerAttribute(node: NodeProto, name: string, otherwise: number): number {
  const found = node.attribute.find((a) => a.name === name);
  return found === undefined ? otherwise : Number(found.i);
}

/** The same for a float attribute. */
export function floatAttribute(node: NodeProto, name: string, otherwise: number): number {
  return node.attribute.find((a) => a.name === name)?.f ?? otherwise;
}

export function integersAttribute(node: NodeProto, name: string): number[] | undefined {
  return node.attribute.find((a) => a.name === name)?.ints.map(Number);
}

export function tensorAttribute(node: NodeProto, name: string): TensorProto | undefined {
  return node.attribute.find((a) => a.name === name)?.t;
}

/** Whether a node holds a graph of its own (If, Loop, Scan): such a node reads outer values that its inputs do not name. */
export function hasSubgraph(node: NodeProto): boolean {
  return node.attribute.some((a) => a.g !== undefined || a.graphs.length > 0);
}
