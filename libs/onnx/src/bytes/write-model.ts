import { toBinary } from '@bufbuild/protobuf';
import { InvariantError } from '@seedfleet/errors';
import { ModelProtoSchema } from '../generated/onnx_pb.js';
import { isPending } from '../graph/pending-tensor.js';
import { type OnnxModel } from '../graph/model.js';

/**
 * The bytes of a model. References to external weights are kept as they are: relative to the folder of the file, so a
 * rewritten model belongs beside the model that it was made from. Unknown fields are written back. Pending tensors have to be placed or embedded before.
 */
export function writeModel(model: OnnxModel): Uint8Array {
  const pending = model.graph.initializer.find(isPending);
  if (pending) throw new InvariantError(`Tensor ${pending.name} has no bytes yet.`);
  return toBinary(ModelProtoSchema, model.proto);
}
