import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '../generated/onnx_pb.js';
import { type OnnxModel } from '../graph/model.js';

/**
 * The bytes of a model. References to external weights are kept as they are: relative to the folder of the file, so a
 * rewritten model belongs beside the model that it was made from. Unknown fields are written back.
 */
export function writeModel(model: OnnxModel): Uint8Array {
  return toBinary(ModelProtoSchema, model.proto);
}
