import { TensorProto_DataType, type GraphProto, type TensorProto, type ValueInfoProto } from '../generated/onnx_pb.js';
import { type OnnxModel } from '../graph/model.js';
import { shapeOf } from '../graph/tensor.js';
import { withoutCache } from '../rewrites/without-cache.js';
import { inspectSites, type AdapterSite, type SiteInspection } from './inspect-sites.js';
import { linearsOf } from './linears.js';

/** An input or output of a model. A size that is not fixed has the exporter's name for it, or `?`. */
export interface ValueDescription { name: string; type: string; shape: (number | string)[] }

export interface InspectedSite extends AdapterSite {
  /** Values of the weight: inputs x outputs. */
  parameters: number;
  /** What the weight takes where it is stored, without scales. */
  bytes: number;
  /** Values of B for each unit of rank: rank r trains r times as many. */
  trainablePerRank: number;
}

export interface ModelInspection {
  opset: number;
  inputs: ValueDescription[];
  outputs: ValueDescription[];
  /** Of all tensors that training needs, those that linears share once. */
  parameters: number;
  bytes: number;
  sites: InspectedSite[];
  notAdaptable: SiteInspection['notAdaptable'];
}

/** What a model is, as training reads it: without cache, past and present. Reads no weights. */
export function inspectModel(model: OnnxModel): ModelInspection {
  const { sites, notAdaptable } = inspectSites(model);
  const { graph, opset } = withoutCache(model);
  const tensors = new Map(tensorsOf(graph).map((tensor) => [tensor.name, tensor]));
  const weights = new Map(linearsOf(graph).linears.map(({ site, weight }) => [site, weight]));
  const inspected = sites.map((site): InspectedSite => {
    const stored = tensors.get(weights.get(site.name) ?? '');
    return { ...site, parameters: site.inputs * site.outputs, bytes: stored ? bytesOf(stored) : 0, trainablePerRank: site.outputs };
  });
  const all = [...tensors.values()];
  // Several values of a weight share a byte where it has fewer than 8 bits: the sizes of the linear count, not the bytes.
  const packed = new Map(inspected.map((site) => [weights.get(site.name) ?? '', site.parameters]));
  const parameters = all.reduce((sum, tensor) => sum + (packed.get(tensor.name) ?? elementsOf(tensor)), 0);
  const stored = new Set(graph.initializer.map(({ name }) => name));
  return {
    opset, parameters, bytes: all.reduce((sum, tensor) => sum + bytesOf(tensor), 0), sites: inspected, notAdaptable,
    inputs: graph.input.filter(({ name }) => !stored.has(name)).map(described), outputs: graph.output.map(described),
  };
}

/** Initializers, and tensors of Constant nodes under the name of the value. */
function tensorsOf(graph: GraphProto): TensorProto[] {
  return [...graph.initializer, ...graph.node.flatMap((node) => (node.opType === 'Constant' ? node.attribute.flatMap(({ t }) => (t ? [{ ...t, name: node.output[0] ?? '' }] : [])) : []))];
}

function elementsOf(tensor: TensorProto): number {
  return shapeOf(tensor).reduce((product, size) => product * size, 1);
}

const bits: Partial<Record<TensorProto_DataType, number>> = {
  [TensorProto_DataType.FLOAT]: 32, [TensorProto_DataType.DOUBLE]: 64, [TensorProto_DataType.FLOAT16]: 16, [TensorProto_DataType.BFLOAT16]: 16,
  [TensorProto_DataType.INT64]: 64, [TensorProto_DataType.UINT64]: 64, [TensorProto_DataType.INT32]: 32, [TensorProto_DataType.UINT32]: 32,
  [TensorProto_DataType.INT16]: 16, [TensorProto_DataType.UINT16]: 16, [TensorProto_DataType.INT4]: 4, [TensorProto_DataType.UINT4]: 4,
};

function bytesOf(tensor: TensorProto): number {
  return Math.ceil((elementsOf(tensor) * (bits[tensor.dataType as TensorProto_DataType] ?? 8)) / 8);
}

function described({ name, type }: ValueInfoProto): ValueDescription {
  if (type?.value.case !== 'tensorType') return { name, type: 'unknown', shape: [] };
  const { elemType, shape } = type.value.value;
  return { name, type: (TensorProto_DataType[elemType] ?? `type ${elemType}`).toLowerCase(), shape: (shape?.dim ?? []).map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : value.case === 'dimParam' ? value.value : '?')) };
}
