import { fromBinary } from '@bufbuild/protobuf';
import { FleetError } from '@seedfleet/errors';
import { ModelProtoSchema, type GraphProto, type ModelProto, type TensorProto } from '../generated/onnx_pb.js';
import { type OnnxModel } from '../graph/model.js';
import { isPending } from '../graph/pending-tensor.js';
import { isExternal } from '../graph/tensor.js';
import { defectOf } from '../graph/validate.js';

const opsetMin = 13;

export interface ReadModelOptions {
  /** Whether the file that holds external weights is there; `location` is relative to the model file. Without it nothing is checked. */
  external?: (location: string) => boolean;
  /** What to call the file in an error. */
  file?: string;
}

/**
 * Reads an ONNX file. Tensor data are views of `bytes` (keep them unchanged); weights in external files stay there.
 * @throws FleetError `model.not-onnx`, `model.opset-too-old` (below 13), `model.external-missing`
 */
export function readModel(bytes: Uint8Array, { external, file = 'The model file' }: ReadModelOptions = {}): OnnxModel {
  const proto = decode(bytes, file);
  const { graph } = proto;
  if (!graph || graph.node.length === 0 || proto.irVersion === 0n) {
    throw new FleetError('model.not-onnx', { field: 'graph', problem: `${file} holds no ONNX graph.` });
  }
  const opset = Number(proto.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0n);
  if (opset < opsetMin) {
    throw new FleetError('model.opset-too-old', { field: 'opset_import', problem: `${file} uses ONNX operator set ${opset}; ${opsetMin} is the oldest that can be rewritten.` });
  }
  const defect = defectOf(graph);
  if (defect !== undefined) throw new FleetError('model.not-onnx', { field: 'graph', problem: `${file} holds a broken graph: ${defect}.` });
  if (external) requireExternalFiles(graph, { external, file });
  return { opset, graph, proto };
}

/** Paths of the files beside the model that hold its external weights, each once, in the order of first use. */
export function externalLocations(model: OnnxModel): string[] {
  return [...new Set(storedTensors(model.graph).flatMap((tensor) => isExternal(tensor) && !isPending(tensor) ? [locationOf(tensor)] : []))];
}

function decode(bytes: Uint8Array, file: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new FleetError('model.not-onnx', { field: 'model', problem: `${file} is not an ONNX protobuf.`, cause });
  }
}

function requireExternalFiles(graph: GraphProto, { external, file }: Required<Pick<ReadModelOptions, 'external' | 'file'>>): void {
  const seen = new Map<string, boolean>();
  for (const tensor of storedTensors(graph)) {
    if (!isExternal(tensor)) continue;
    const location = locationOf(tensor);
    const exists = seen.get(location) ?? external(location);
    seen.set(location, exists);
    if (!exists) {
      throw new FleetError('model.external-missing', { field: tensor.name,
        problem: `${file} keeps the weight "${tensor.name}" in "${location}", and that file is not beside it.` });
    }
  }
}

/** All tensors that a file stores: initializers, Constant nodes, and those of the graphs inside nodes. */
function storedTensors(graph: GraphProto): TensorProto[] {
  const inNodes = graph.node.flatMap((node) => node.attribute.flatMap((a) => [
    ...(a.t ? [a.t] : []), ...a.tensors, ...(a.g ? storedTensors(a.g) : []), ...a.graphs.flatMap(storedTensors),
  ]));
  return [...graph.initializer, ...inNodes];
}

function locationOf(tensor: TensorProto): string {
  return tensor.externalData.find(({ key }) => key === 'location')?.value ?? '';
}
