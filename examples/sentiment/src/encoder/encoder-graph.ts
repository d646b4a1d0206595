import { float, type GraphBuilder, graphBuilder, type OnnxModel } from '@seedfleet/onnx';
import { type TfjsWeights, type Weight } from './tfjs-weights.js';

const heads = 4;
const embeddingWidth = 256;
const width = 512;
const ffnWidth = 1_536;
const layerNormEpsilon = 1e-6;
/** Added to the score of a masked position: its softmax is then exactly 0 in float32. */
const masked = -1e9;

/**
 * Universal Sentence Encoder Lite as plain ONNX (opset 17): two transformer layers over pieces of words, mean pooling, a tanh layer.
 * In: `input_ids`, `attention_mask`, int64 [batch, seq]. Out: `last_hidden_state` [batch, seq, 512], `sentence_embedding` [batch, 512]
 * of length 1. Ten linears have names of their own, `encoder.layer.1.attn.qkv` and the like; these are the sites that can be adapted.
 * Source of the architecture: the TensorFlow.js graph of the package; largest difference of an output to it: 5.8e-7.
 */
export function encoderGraph(weights: TfjsWeights): OnnxModel {
  const graph = graphBuilder({ name: 'use_lite', producer: 'use-lite' });
  graph.input('input_ids', 'int64', ['batch', 'seq']);
  graph.input('attention_mask', 'int64', ['batch', 'seq']);
  constants(graph);
  maskTensors(graph);
  const embedded = embed(graph, weights);
  const first = transformerLayer(graph, weights, { layer: 0, input: embedded, output: 'encoder.layer.0.out' });
  const last = transformerLayer(graph, weights, { layer: 1, input: first, output: 'last_hidden_state' });
  pool(graph, weights, last);
  graph.output('last_hidden_state', 'float32', ['batch', 'seq', width]);
  graph.output('sentence_embedding', 'float32', ['batch', width]);
  return graph.build();
}

function constants(graph: GraphBuilder): void {
  graph.integers('c0', [0], []);
  graph.integers('c1', [1], []);
  graph.integers('ax1', [1]);
  graph.integers('ax2', [2]);
  graph.integers('ax02', [0, 2]);
  graph.integers('ax12', [1, 2]);
  graph.weight('one', Float32Array.of(1), []);
  graph.weight('neg', Float32Array.of(masked), []);
  graph.weight('eps', Float32Array.of(1e-12), []);
}

/** `maskf` [b, T], `mask3` [b, T, 1] and `attn_bias` [b, 1, 1, T]. */
function maskTensors(graph: GraphBuilder): void {
  graph.node('Cast', ['attention_mask'], 'maskf', { to: 1 });
  graph.node('Unsqueeze', ['maskf', 'ax2'], 'mask3');
  graph.node('Unsqueeze', ['maskf', 'ax12'], 'mask4');
  graph.node('Sub', ['one', 'mask4'], 'invmask');
  graph.node('Mul', ['invmask', 'neg'], 'attn_bias');
}

/** Twice the embedding of the token plus sines and cosines of its position. */
function embed(graph: GraphBuilder, weights: TfjsWeights): string {
  initializer(graph, 'embeddings.word.weight', weights.find(/Embeddings_en$/));
  graph.node('Gather', ['embeddings.word.weight', 'input_ids'], 'emb', { axis: 0 });
  graph.weight('embeddings.inv_timescales', weights.find(/TimingSignal\/ExpandDims_1$/).values, [1, 1, embeddingWidth / 2]);
  graph.node('Shape', ['input_ids'], 'shape');
  graph.node('Gather', ['shape', 'c1'], 'seqlen', { axis: 0 });
  graph.node('Range', ['c0', 'seqlen', 'c1'], 'pos');
  graph.node('Cast', ['pos'], 'posf', { to: 1 });
  graph.node('Unsqueeze', ['posf', 'ax02'], 'posu');
  graph.node('Mul', ['posu', 'embeddings.inv_timescales'], 'ang');
  graph.node('Concat', [graph.node('Sin', ['ang'], 'sin'), graph.node('Cos', ['ang'], 'cos')], 'timing', { axis: -1 });
  graph.node('Add', ['emb', 'emb'], 'emb2');
  return graph.node('Add', ['emb2', 'timing'], 'x0');
}

function transformerLayer(graph: GraphBuilder, weights: TfjsWeights, { layer, input, output }: { layer: number; input: string; output: string }): string {
  const scope = `Encode/Layer_${layer}/TransformerLayer`;
  const name = `encoder.layer.${layer}`;
  const inputs = layer === 0 ? embeddingWidth : width;
  const find = (path: string): Weight => weights.find(new RegExp(`${scope}/${path}`));
  // These two were folded into constants, under another scope than the rest.
  const ffnKernel = (number: 1 | 2): Weight => weights.find(new RegExp(`Layer_${layer}/TransformerLayer/FFN/conv${number}/Tensordot/Reshape_1$`));
  const norm = (x: string, part: string, site: string): string => {
    initializer(graph, `${site}.weight`, find(`${part}layer_prepostprocess/layer_norm/layer_norm_scale/`));
    initializer(graph, `${site}.bias`, find(`${part}layer_prepostprocess/layer_norm/layer_norm_bias/`));
    return graph.node('LayerNormalization', [x, `${site}.weight`, `${site}.bias`], `${site}/y`, { axis: -1, epsilon: float(layerNormEpsilon) });
  };

  const qkv = linear(graph, {
    site: `${name}.attn.qkv`, input: norm(input, '', `${name}.ln1`), shape: [inputs, 3 * inputs],
    weight: find('MultiheadAttention/qkv_transform_single/kernel'), bias: find('MultiheadAttention/qkv_transform_single/bias'),
  });
  const attended = linear(graph, {
    site: `${name}.attn.out`, input: attention(graph, { name, qkv, inputs }), shape: [inputs, width],
    weight: find('MultiheadAttention/output_transform_single/kernel'), bias: find('MultiheadAttention/output_transform_single/bias'),
  });
  // Layer 0 widens 256 to 512 values a token, so that its residual needs a projection.
  const residual = layer > 0 ? input : linear(graph, {
    site: `${name}.residual_proj`, input, shape: [inputs, width], weight: find('dense/kernel'), bias: find('dense/bias'),
  });
  const middle = graph.node('Add', [attended, residual], `${name}.y1`);

  const inner = linear(graph, {
    site: `${name}.ffn.in`, input: norm(middle, 'FFN/', `${name}.ln2`), shape: [width, ffnWidth],
    weight: ffnKernel(1), bias: find('FFN/conv1/bias'),
  });
  const outer = linear(graph, {
    site: `${name}.ffn.out`, input: graph.node('Relu', [inner], `${name}.ffn_act`), shape: [ffnWidth, width],
    weight: ffnKernel(2), bias: find('FFN/conv2/bias'),
  });
  return graph.node('Add', [outer, middle], output);
}

/** Scaled dot-product attention over `heads` heads. @param qkv [b, T, 3 * inputs] */
function attention(graph: GraphBuilder, { name, qkv, inputs }: { name: string; qkv: string; inputs: number }): string {
  const of = (part: string): string => `${name}.${part}`;
  const headWidth = inputs / heads;
  graph.integers(of('sp'), [inputs, inputs, inputs]);
  graph.nodes('Split', [qkv, of('sp')], [of('q'), of('k'), of('v')], { axis: -1 });
  graph.integers(of('hs'), [0, 0, heads, headWidth]);
  const byHead = (part: string, perm: number[]): string => graph.node('Transpose', [graph.node('Reshape', [of(part), of('hs')], `${of(part)}r`)], `${of(part)}t`, { perm });
  const q = byHead('q', [0, 2, 1, 3]);
  const k = byHead('k', [0, 2, 3, 1]);
  const v = byHead('v', [0, 2, 1, 3]);
  graph.weight(of('scale'), Float32Array.of(1 / Math.sqrt(headWidth)), []);
  graph.node('Mul', [q, of('scale')], of('qs'));
  graph.node('MatMul', [of('qs'), k], of('scores'));
  graph.node('Add', [of('scores'), 'attn_bias'], of('scoresb'));
  graph.node('Softmax', [of('scoresb')], of('probs'), { axis: -1 });
  graph.node('MatMul', [of('probs'), v], of('ctx'));
  graph.node('Transpose', [of('ctx')], of('ctxt'), { perm: [0, 2, 1, 3] });
  graph.integers(of('cs'), [0, 0, inputs]);
  return graph.node('Reshape', [of('ctxt'), of('cs')], of('ctxr'));
}

/** Mean over the tokens of the text, a tanh layer, length 1. */
function pool(graph: GraphBuilder, weights: TfjsWeights, hidden: string): void {
  graph.node('Mul', [hidden, 'mask3'], 'xm');
  graph.node('ReduceSum', ['xm', 'ax1'], 'sum', { keepdims: 0 });
  graph.node('ReduceSum', ['maskf', 'ax1'], 'len', { keepdims: 1 });
  graph.node('Max', ['len', 'one'], 'len1');
  graph.node('Div', ['sum', 'len1'], 'mean');
  const dense = linear(graph, {
    site: 'pooler.dense', input: 'mean', shape: [width, width], weight: weights.find(/tanh_layer_0\/weights/), bias: weights.find(/tanh_layer_0\/bias/),
  });
  graph.node('Tanh', [dense], 'pooled');
  graph.node('Mul', ['pooled', 'pooled'], 'sq');
  graph.node('ReduceSum', ['sq', 'ax1'], 'ssq', { keepdims: 1 });
  graph.node('Max', ['ssq', 'eps'], 'ssq1');
  graph.node('Sqrt', ['ssq1'], 'nrm');
  graph.node('Div', ['pooled', 'nrm'], 'sentence_embedding');
}

/** `input` times `SITE.weight` plus `SITE.bias`; the product is the value `SITE/mm`, the sum `SITE/y`. */
function linear(graph: GraphBuilder, { site, input, shape, weight, bias }: { site: string; input: string; shape: readonly number[]; weight: Weight; bias: Weight }): string {
  initializer(graph, `${site}.weight`, { values: weight.values, shape });
  graph.node('MatMul', [input, `${site}.weight`], `${site}/mm`);
  initializer(graph, `${site}.bias`, bias);
  return graph.node('Add', [`${site}/mm`, `${site}.bias`], `${site}/y`);
}

function initializer(graph: GraphBuilder, name: string, { values, shape }: Weight): string {
  return graph.weight(name, values, shape);
}
