import { type GraphProto, type ModelProto } from '../generated/onnx_pb.js';
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
