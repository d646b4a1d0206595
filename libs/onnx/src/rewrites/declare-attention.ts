import { valueInfo } from '../builder/graph-builder.js';
import { type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { elementTypesOf } from '../graph/element-types.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { elementTypes } from '../graph/tensor.js';
import { inferLayouts } from '../layout/infer-layouts.js';

/** ONNX's own, of operator set 23 and newer. */
const isAttention = ({ opType, domain }: NodeProto) => opType === 'Attention' && domain === '';

/**
 * Says of query, key and value of each `Attention` how wide they are, as the model does by its shapes: ONNX Runtime takes a width that it does not know for
 * 0, and behind a reshape of ours it knows none.
 * @param model the graph that the training graph was made from
 */
export function declareAttention(graph: GraphProto, model: GraphProto): GraphProto {
  const read = new Set(graph.node.filter(isAttention).flatMap(({ input }) => input.slice(0, 3)));
  if (read.size === 0) return graph;
  const facts = inferLayouts(model);
  const types = elementTypesOf(graph);
  const declared = [...facts].flatMap(([value, { shape }]) => [value, names.tiled(value)].flatMap((name) => {
    if (!shape || !read.has(name) || types.get(name) !== elementTypes.float32) return [];
    return [valueInfo(name, 'float32', shape.map((d, axis) => (d?.batch === 0 && d.size !== null ? d.size : `${name}/${axis}`)))];
  }));
  return revise(graph, { valueInfo: declared });
}
