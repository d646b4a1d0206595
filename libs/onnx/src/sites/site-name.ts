import { type NodeProto } from '../generated/onnx_pb.js';

/** Names that exporters invent for weights that they transposed or folded: they say nothing about the module. */
const invented = /^(onnx::|\/|_|\d|val_|const|initializer)/i;
const weightSuffix = /[./](weight|kernel|weight_quantized|weight_scale|MatMul\.weight_\w+|weight_Q4|weight_transposed)$/i;

/**
 * Name of a site: of the weight without `.weight` where that is the module's own name, else of the node in module notation
 * (`/encoder/layer.0/query/MatMul` is `encoder.layer.0.query`). Taken names get `~2`, `~3`: a shared weight is several sites.
 */
export function siteName({ weight, node, taken }: { weight: string; node: NodeProto; taken: ReadonlySet<string> }): string {
  const fromNode = (node.name || node.output[0] || '').replace(/\/(MatMul|Gemm|FusedMatMul|FusedGemm|MatMulNBits|MatMulInteger|MatMulIntegerToFloat|DynamicQuantizeMatMul)(_\w+)?$/, '').replace(/^\//, '').replaceAll('/', '.');
  const base = invented.test(weight) || !weightSuffix.test(weight) ? fromNode || weight : weight.replace(weightSuffix, '');
  let name = base;
  for (let copy = 2; taken.has(name); copy++) name = `${base}~${copy}`;
  return name;
}
