import { TensorProto_DataType, type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { integerAttribute } from '../graph/attributes.js';
import { dynamicLinearsOf, type DynamicLinear } from './dynamic-linears.js';
import { siteName } from './site-name.js';
import { producersOf, weightFinder, type Weight } from './weights.js';

/** A linear layer that an adapter can stand beside: y = x W (+ bias), W stored in the model. */
export interface Linear {
  site: string;
  node: NodeProto;
  /** The tensor that holds the weight. */
  weight: string;
  /** Name of x, with `inputs` values on its last axis, or on its first where a Gemm has transA. */
  x: string;
  /** Name of y; its last axis has `outputs` values. */
  y: string;
  inputs: number;
  outputs: number;
  precision: string;
  /** ONNX type of y. */
  valueType: number;
}
export interface NotAdaptable { node: string; reason: string }

/** Operators with linears inside that an adapter cannot reach, because the product never appears as a value. */
const fused = new Set(['Attention', 'QAttention', 'DecoderAttention', 'LongformerAttention', 'PackedAttention', 'QOrderedAttention', 'EmbedLayerNormalization',
  'MoE', 'QMoE', 'LSTM', 'GRU', 'RNN', 'DynamicQuantizeLSTM', 'GemmFastGelu', 'FusedMatMulActivation', 'TransposeMatMul']);
const quantised: Record<string, string> = {
  MatMulInteger: 'its input is already quantised to integers, and the adapter needs the float one',
  MatMulIntegerToFloat: 'its input is already quantised to integers, and the adapter needs the float one',
  QLinearMatMul: 'its input is already quantised to integers, and the adapter needs the float one',
  DynamicQuantizeMatMul: 'its scales are computed, not stored in the model',
};

/** All linears of a graph in graph order, and what looks like one but cannot be adapted, with the reason. */
export function linearsOf(graph: GraphProto): { linears: Linear[]; notAdaptable: NotAdaptable[] } {
  const findWeight = weightFinder(graph);
  const dynamic = dynamicLinearsOf(graph, { producers: producersOf(graph), findWeight });
  const linears: Linear[] = [];
  const notAdaptable: NotAdaptable[] = [];
  const taken = new Set<string>();
  for (const node of graph.node) {
    const last = dynamic.byLast.get(node);
    if (!last && dynamic.products.has(node)) continue;
    const found = last ? readDynamic(last) : read(node, findWeight);
    if (found === undefined) continue;
    if (typeof found === 'string') {
      notAdaptable.push({ node: node.name || node.output[0] || node.opType, reason: found });
      continue;
    }
    const site = siteName({ weight: found.weight, node: last?.product ?? node, taken });
    taken.add(site);
    linears.push({ site, node, y: node.output[0] ?? '', ...found });
  }
  return { linears, notAdaptable };
}

type Read = Pick<Linear, 'weight' | 'x' | 'inputs' | 'outputs' | 'precision' | 'valueType'>;

function readDynamic({ x, weight }: DynamicLinear): Read {
  const [inputs = 0, outputs = 0] = weight.shape;
  return { x, weight: weight.name, inputs, outputs, precision: weight.precision, valueType: TensorProto_DataType.FLOAT };
}

/** A linear, the reason why this node is none, or undefined where it does not look like one. */
function read(node: NodeProto, findWeight: (value: string) => Weight | undefined): Read | string | undefined {
  const [x = '', w = ''] = node.input;
  switch (node.opType) {
    case 'MatMul': return product({ x, w, transposedWeight: false }, findWeight);
    case 'Gemm': case 'FusedMatMul': case 'FusedGemm': {
      const flag = (name: string) => integerAttribute(node, name, 0) !== 0;
      if (flag('transBatchA') || flag('transBatchB')) return 'its batch axes are transposed';
      if (node.opType === 'FusedMatMul' && flag('transA')) return 'its rows are turned (transA)';
      return product({ x, w, transposedWeight: flag('transB') }, findWeight);
    }
    case 'MatMulNBits': {
      const weight = findWeight(w);
      return weight ? { x, weight: weight.name, inputs: integerAttribute(node, 'K', 0), outputs: integerAttribute(node, 'N', 0),
        precision: `int${integerAttribute(node, 'bits', 4)}`, valueType: findWeight(node.input[2] ?? '')?.valueType ?? TensorProto_DataType.FLOAT } : 'its weight is computed, not stored in the model';
    }
    default: {
      const reason = quantised[node.opType];
      if (reason) return `${node.opType}: ${reason}`;
      return hidesLinear(node, findWeight) ? `the linear is hidden inside the fused node ${node.opType}; export without this fusion` : undefined;
    }
  }
}

function hidesLinear(node: NodeProto, findWeight: (value: string) => Weight | undefined): boolean {
  // ONNX's own Attention holds no weights: a matrix that it reads is a mask.
  if (!fused.has(node.opType) || (node.opType === 'Attention' && node.domain === '')) return false;
  return node.input.some((name) => (findWeight(name)?.shape.length ?? 0) >= 2);
}

function product({ x, w, transposedWeight }: { x: string; w: string; transposedWeight: boolean }, findWeight: (value: string) => Weight | undefined): Read | string {
  const weight = findWeight(w);
  if (!weight) return findWeight(x) ? 'its weight is the left factor' : 'it multiplies two computed values: no weight is stored in the model';
  if (weight.shape.length !== 2) return `its weight has ${weight.shape.length} axes, a linear has 2`;
  const [rows = 0, columns = 0] = weight.shape;
  return { x, weight: weight.name, precision: weight.precision, valueType: weight.valueType, inputs: transposedWeight ? columns : rows, outputs: transposedWeight ? rows : columns };
}
