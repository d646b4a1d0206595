import { create } from '@bufbuild/protobuf';
import { OperatorSetIdProtoSchema, type GraphProto, type ModelProto } from '../generated/onnx_pb.js';
import { revise } from './revise.js';

/** An ONNX model in memory. Nothing in it is ever changed: a rewrite makes a new model that shares what stayed the same. */
export interface OnnxModel {
  /** Version of the default operator set; 13 or newer. */
  readonly opset: number;
  readonly graph: GraphProto;
  /** The whole file, unknown fields included. */
  readonly proto: ModelProto;
}

/** The same model with another graph. */
export function withGraph(model: OnnxModel, graph: GraphProto): OnnxModel {
  return { opset: model.opset, graph, proto: revise(model.proto, { graph }) };
}

/** Operators of ONNX Runtime itself. */
export const contribDomain = 'com.microsoft';

/** The same model, with leave to use them. */
export function withContribDomain(model: OnnxModel): OnnxModel {
  const { opsetImport } = model.proto;
  if (opsetImport.some(({ domain }) => domain === contribDomain)) return model;
  return { ...model, proto: revise(model.proto, { opsetImport: [...opsetImport, create(OperatorSetIdProtoSchema, { domain: contribDomain, version: 1n })] }) };
}
