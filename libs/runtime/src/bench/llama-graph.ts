import { graphBuilder, type GraphBuilder, type OnnxModel } from '@seedfleet/onnx';

export interface LlamaShape { layers: number; width: number; inner: number; heads: number; keyHeads: number; vocabulary: number }

/** TinyLlama's layers; fewer of them, and fewer words: an embedding is a look-up and costs no time. */
export const tinyLlamaLayers: LlamaShape = { layers: 6, width: 2048, inner: 5632, heads: 32, keyHeads: 4, vocabulary: 2048 };

/**
 * A causal decoder of Llama's shape with **random weights**: RMS norm, rotary positions, grouped key and value heads, gated MLP.
 * ids and mask [b, T] -> `features` [b, width], the last position's (padding on the left). Nothing can be learnt from its losses; its time is that of a real one.
 */
export function llamaGraph(shape: LlamaShape): OnnxModel {
  const { layers, width, inner, heads, keyHeads, vocabulary } = shape;
  const size = width / heads;
  const g = graphBuilder({ name: 'llama' });
  const random = uniform(1);
  const weight = (name: string, rows: number, columns: number) => {
    const bound = Math.sqrt(3 / rows);
    return g.weight(`${name}.weight`, Float32Array.from({ length: rows * columns }, () => bound * random()), [rows, columns]);
  };
  const linear = (x: string, name: string, inputs: number, outputs: number) => g.node('MatMul', [x, weight(name, inputs, outputs)], `${name}/y`);
  g.input('ids', 'int64', ['batch', 'sequence']);
  g.input('mask', 'int64', ['batch', 'sequence']);
  const { cos, sin, bias } = positions(g, size);
  const rotated = (x: string, name: string, count: number) => {
    const split = g.node('Reshape', [x, g.integers(`${name}.heads`, [0, 0, count, size])], `${name}/heads`);
    const [low, high] = g.nodes('Split', [split, g.integers(`${name}.halves`, [size / 2, size / 2])], [`${name}/low`, `${name}/high`], { axis: -1 });
    const turned = g.node('Concat', [g.node('Neg', [high ?? ''], `${name}/negated`), low ?? ''], `${name}/turned`, { axis: -1 });
    return g.node('Add', [g.node('Mul', [split, cos], `${name}/cos`), g.node('Mul', [turned, sin], `${name}/sin`)], `${name}/rotated`);
  };
  let x = g.node('Gather', [weight('embed_tokens', vocabulary, width), 'ids'], 'embedded', { axis: 0 });
  for (let i = 0; i < layers; i++) {
    const n = `layers.${i}`;
    const normed = rmsNorm(g, x, `${n}.input_layernorm`, width);
    const query = g.node('Transpose', [rotated(linear(normed, `${n}.self_attn.q_proj`, width, width), `${n}.q`, heads)], `${n}/query`, { perm: [0, 2, 1, 3] });
    const key = repeated(rotated(linear(normed, `${n}.self_attn.k_proj`, width, keyHeads * size), `${n}.k`, keyHeads), `${n}.key`, [0, 2, 3, 1]);
    const valueHeads = g.node('Reshape', [linear(normed, `${n}.self_attn.v_proj`, width, keyHeads * size), g.integers(`${n}.v.heads`, [0, 0, keyHeads, size])], `${n}/v/heads`);
    const value = repeated(valueHeads, `${n}.value`, [0, 2, 1, 3]);
    const scores = g.node('Mul', [g.node('MatMul', [query, key], `${n}/products`), g.weight(`${n}.scale`, Float32Array.of(1 / Math.sqrt(size)), [])], `${n}/scores`);
    const shares = g.node('Softmax', [g.node('Add', [scores, bias], `${n}/masked`)], `${n}/shares`, { axis: -1 });
    const context = g.node('Transpose', [g.node('MatMul', [shares, value], `${n}/context`)], `${n}/joined4`, { perm: [0, 2, 1, 3] });
    const joined = g.node('Reshape', [context, g.integers(`${n}.join`, [0, 0, width])], `${n}/joined`);
    x = g.node('Add', [x, linear(joined, `${n}.self_attn.o_proj`, width, width)], `${n}/attended`);
    const again = rmsNorm(g, x, `${n}.post_attention_layernorm`, width);
    const gate = linear(again, `${n}.mlp.gate_proj`, width, inner);
    const gated = g.node('Mul', [g.node('Mul', [gate, g.node('Sigmoid', [gate], `${n}/sigmoid`)], `${n}/silu`), linear(again, `${n}.mlp.up_proj`, width, inner)], `${n}/gated`);
    x = g.node('Add', [x, linear(gated, `${n}.mlp.down_proj`, inner, width)], `${n}/y`);
  }
  const last = g.node('Gather', [rmsNorm(g, x, 'norm', width), g.integers('last', [-1], [])], 'features', { axis: 1 });
  g.output(last, 'float32', ['batch', width]);
  return g.build();

  /** Key and value heads, each repeated for its group of query heads: [b, T, keyHeads, size] -> [b, heads, ...]. */
  function repeated(x: string, name: string, perm: readonly number[]): string {
    const column = g.node('Unsqueeze', [x, g.integers(`${name}.axis`, [3])], `${name}/column`);
    const tiled = g.node('Tile', [column, g.integers(`${name}.repeats`, [1, 1, 1, heads / keyHeads, 1])], `${name}/tiled`);
    return g.node('Transpose', [g.node('Reshape', [tiled, g.integers(`${name}.shape`, [0, 0, heads, size])], `${name}/repeated`)], `${name}/t`, { perm });
  }
}

/** Rotary angles [1, T, 1, size], and what hides the future and padding, [b, 1, T, T]. */
function positions(g: GraphBuilder, size: number): { cos: string; sin: string; bias: string } {
  const [zero, one] = [g.integers('zero', [0], []), g.integers('one', [1], [])];
  const length = g.node('Gather', [g.node('Shape', ['ids'], 'ids/shape'), one], 'length', { axis: 0 });
  const at = g.node('Cast', [g.node('Range', [zero, length, one], 'range')], 'positions', { to: 1 });
  const column = g.node('Unsqueeze', [at, g.integers('column.axes', [0, 2, 3])], 'positions/column');
  const frequencies = Float32Array.from({ length: size }, (_, i) => 10_000 ** (-2 * (i % (size / 2)) / size));
  const angles = g.node('Mul', [column, g.weight('frequencies', frequencies, [1, 1, 1, size])], 'angles');
  const later = g.node('Greater', [g.node('Unsqueeze', [at, g.integers('row.axes', [0])], 'positions/row'), g.node('Unsqueeze', [at, g.integers('line.axes', [1])], 'positions/line')], 'later');
  const future = g.node('Mul', [g.node('Cast', [later], 'later/float', { to: 1 }), g.weight('hidden', Float32Array.of(-1e4), [])], 'future');
  const padding = g.node('Sub', [g.weight('shown', Float32Array.of(1), []), g.node('Cast', ['mask'], 'mask/float', { to: 1 })], 'padding');
  const padded = g.node('Unsqueeze', [g.node('Mul', [padding, 'hidden'], 'padding/bias'), g.integers('padding.axes', [1, 2])], 'padding/column');
  return { cos: g.node('Cos', [angles], 'cos'), sin: g.node('Sin', [angles], 'sin'), bias: g.node('Add', [padded, future], 'bias') };
}

function rmsNorm(g: GraphBuilder, x: string, name: string, width: number): string {
  const mean = g.node('ReduceMean', [g.node('Mul', [x, x], `${name}/square`)], `${name}/mean`, { axes: [-1] });
  const root = g.node('Sqrt', [g.node('Add', [mean, g.weight(`${name}.eps`, Float32Array.of(1e-5), [])], `${name}/safe`)], `${name}/root`);
  return g.node('Mul', [g.node('Div', [x, root], `${name}/unit`), g.weight(`${name}.weight`, new Float32Array(width).fill(1), [width])], `${name}/y`);
}

/** Numbers in (-1, 1) from a linear congruence: the same in every run. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
