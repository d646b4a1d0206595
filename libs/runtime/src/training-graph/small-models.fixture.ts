import { graphBuilder, type GraphBuilder, type OnnxModel } from '@seedfleet/onnx';

/** Pieces of transformers as exporters write them, small enough to run in a millisecond. A block turns x [b, T, width] into the same. */
export const width = 8;
export const vocabulary = 11;
const heads = 2;

/** Changes the values of a weight by its name. */
export type Adjust = (weight: string, values: Float32Array) => Float32Array;
export interface Draft { g: GraphBuilder; opset: number; random: () => number; adjust: Adjust; count: number }
export type Block = (draft: Draft, x: string) => string;

export const blocks = {
  /** MatMul and Add. */
  linear: (d, x) => linear(d, x, name(d, 'linear')),
  /** Gemm with transB over [b*T, width], back by the shape of the ids, which no adapter changes. */
  foldedGemm(d, x) {
    const n = name(d, 'gemm');
    const flat = d.g.node('Reshape', [x, d.g.integers(`${n}.flat`, [-1, width])], `${n}/flat`);
    const y = d.g.node('Gemm', [flat, weight(d, `${n}.weight`, [width, width]), weight(d, `${n}.bias`, [width])], `${n}/y`, { transB: 1 });
    const shape = d.g.node('Concat', [d.g.node('Shape', ['ids'], `${n}/shape`), d.g.integers(`${n}.width`, [width])], `${n}/target`, { axis: 0 });
    return d.g.node('Reshape', [y, shape], `${n}/back`);
  },
  /** Gemm with transA over the transpose of [b*T, width]. */
  transposedGemm(d, x) {
    const n = name(d, 'turned');
    const flat = d.g.node('Reshape', [x, d.g.integers(`${n}.flat`, [-1, width])], `${n}/flat`);
    const turned = d.g.node('Transpose', [flat], `${n}/turned`, { perm: [1, 0] });
    const y = d.g.node('Gemm', [turned, weight(d, `${n}.weight`, [width, width])], `${n}/y`, { transA: 1 });
    return d.g.node('Reshape', [y, d.g.node('Shape', [x], `${n}/shape`)], `${n}/back`);
  },
  residual: (d, x) => d.g.node('Add', [linear(d, d.g.node('Tanh', [x], `${name(d, 'branch')}/tanh`), name(d, 'residual')), x], `${name(d, 'sum')}/y`),
  norm(d, x) {
    const n = name(d, 'norm');
    if (d.opset >= 17) return d.g.node('LayerNormalization', [x, weight(d, `${n}.weight`, [width]), weight(d, `${n}.bias`, [width])], `${n}/y`, { axis: -1 });
    const mean = reduceMean(d, x, `${n}/mean`);
    const centred = d.g.node('Sub', [x, mean], `${n}/centred`);
    const variance = reduceMean(d, d.g.node('Mul', [centred, centred], `${n}/square`), `${n}/variance`);
    return d.g.node('Div', [centred, d.g.node('Sqrt', [d.g.node('Add', [variance, scalar(d, `${n}.eps`, 1e-5)], `${n}/safe`)], `${n}/root`)], `${n}/y`);
  },
  /** Heads by constant shapes [0, 0, H, w], mask [b, 1, 1, T] made before any adapter. */
  attention: (d, x) => attention(d, x, { fold: false, mask: broadcastMask }),
  /** Heads by shapes read from x, stacked as [b*H, T, w]; mask repeated for the heads in the same way. */
  foldedAttention: (d, x) => attention(d, x, { fold: true, mask: foldedMask }),
  /** A mask expanded to [b, 1, T, T] by computed shapes, joined with a causal one. */
  causalAttention: (d, x) => attention(d, x, { fold: false, mask: expandedMask }),
  /** Sequence-first in between, with one value a position that depends on no example. */
  timeMajor(d, x) {
    const n = name(d, 'time');
    const first = d.g.node('Transpose', [x], `${n}/first`, { perm: [1, 0, 2] });
    const scaled = d.g.node('Mul', [first, d.g.node('Unsqueeze', [positions(d, n), d.g.integers(`${n}.axes`, [1, 2])], `${n}/column`)], `${n}/scaled`);
    return d.g.node('Transpose', [scaled], `${n}/back`, { perm: [1, 0, 2] });
  },
  /** Sequence-first values of the mask, [T, b, 1], meet sequence-first rows. */
  timeMajorMask(d, x) {
    const n = name(d, 'timemask');
    const first = d.g.node('Transpose', [x], `${n}/first`, { perm: [1, 0, 2] });
    const mask = d.g.node('Unsqueeze', [d.g.node('Transpose', ['maskf'], `${n}/mask`, { perm: [1, 0] }), d.g.integers(`${n}.axes`, [2])], `${n}/mask3`);
    return d.g.node('Transpose', [d.g.node('Mul', [first, mask], `${n}/masked`)], `${n}/back`, { perm: [1, 0, 2] });
  },
  positions(d, x) {
    const n = name(d, 'position');
    const grid = d.g.node('Mul', [d.g.node('Unsqueeze', [positions(d, n), d.g.integers(`${n}.axes`, [0, 2])], `${n}/column`), weight(d, `${n}.frequency`, [1, 1, width])], `${n}/angle`);
    return d.g.node('Add', [x, d.g.node('Sin', [grid], `${n}/sin`)], `${n}/y`);
  },
} as const satisfies Record<string, Block>;

export const pools = {
  first: (d, x) => d.g.node('Gather', [x, d.g.integers('pool.zero', [0], [])], 'features', { axis: 1 }),
  /** The last position of each example, for texts padded on the left. */
  final: (d, x) => d.g.node('Gather', [x, d.g.integers('pool.minusOne', [-1], [])], 'features', { axis: 1 }),
  mean(d, x) {
    const mask = d.g.node('Unsqueeze', ['maskf', d.g.integers('pool.axis', [2])], 'pool/mask');
    const axis = d.g.integers('pool.time', [1]);
    const sum = d.g.node('ReduceSum', [d.g.node('Mul', [x, mask], 'pool/masked'), axis], 'pool/sum', { keepdims: 0 });
    return d.g.node('Div', [sum, d.g.node('ReduceSum', ['maskf', axis], 'pool/length', { keepdims: 1 })], 'features');
  },
  /** The last token of each example, by (example, position) pairs: indices that count examples. */
  last(d, x) {
    const zero = d.g.integers('pool.zero', [0], []);
    const one = d.g.integers('pool.one', [1], []);
    const batch = d.g.node('Gather', [d.g.node('Shape', ['ids'], 'pool/shape'), zero], 'pool/batch', { axis: 0 });
    const example = d.g.node('Unsqueeze', [d.g.node('Range', [zero, batch, one], 'pool/range'), d.g.integers('pool.column', [1])], 'pool/example');
    const length = d.g.node('ReduceSum', ['mask', d.g.integers('pool.time', [1])], 'pool/length', { keepdims: 1 });
    const pair = d.g.node('Concat', [example, d.g.node('Sub', [length, one], 'pool/last')], 'pool/pair', { axis: 1 });
    return d.g.node('GatherND', [x, pair], 'features');
  },
} as const satisfies Record<string, Block>;

export interface SmallModelPlan { blocks: readonly (keyof typeof blocks)[]; pool: keyof typeof pools; opset?: number; seed?: number; adjust?: Adjust }

/** ids and mask [b, T] -> features [b, width]. */
export function smallModel({ blocks: chosen, pool, opset = 17, seed = 1, adjust = (_, values) => values }: SmallModelPlan): OnnxModel {
  const d: Draft = { g: graphBuilder({ name: 'small', opset }), opset, random: uniform(seed), adjust, count: 0 };
  d.g.input('ids', 'int64', ['batch', 'sequence']);
  d.g.input('mask', 'int64', ['batch', 'sequence']);
  d.g.node('Cast', ['mask'], 'maskf', { to: 1 });
  let x = d.g.node('Gather', [weight(d, 'embeddings.weight', [vocabulary, width]), 'ids'], 'embedded', { axis: 0 });
  for (const block of chosen) x = blocks[block](d, x);
  d.g.output(pools[pool](d, x), 'float32', ['batch', width]);
  return d.g.build();
}

/** Numbers in (-1, 1) from a linear congruence: the same in every run. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function name(d: Draft, kind: string): string {
  return `${kind}.${d.count++}`;
}

function weight(d: Draft, initializer: string, shape: readonly number[]): string {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.6 * d.random());
  return d.g.weight(initializer, d.adjust(initializer, values), shape);
}

function scalar(d: Draft, initializer: string, value: number): string {
  return d.g.weight(initializer, Float32Array.of(value), []);
}

function linear(d: Draft, x: string, n: string): string {
  const product = d.g.node('MatMul', [x, weight(d, `${n}.weight`, [width, width])], `${n}/mm`);
  return d.g.node('Add', [product, weight(d, `${n}.bias`, [width])], `${n}/y`);
}

/** ReduceMean over the last axis; its axes are an attribute until opset 17 and an input from 18. */
function reduceMean(d: Draft, x: string, output: string): string {
  return d.opset >= 18 ? d.g.node('ReduceMean', [x, d.g.integers(`${output}.axes`, [-1])], output) : d.g.node('ReduceMean', [x], output, { axes: [-1] });
}

/** [T] float32, 0 to T-1, from the shape of the ids. */
function positions(d: Draft, n: string): string {
  const zero = d.g.integers(`${n}.zero`, [0], []);
  const one = d.g.integers(`${n}.one`, [1], []);
  const length = d.g.node('Gather', [d.g.node('Shape', ['ids'], `${n}/shape`), one], `${n}/length`, { axis: 0 });
  return d.g.node('Cast', [d.g.node('Range', [zero, length, one], `${n}/range`)], `${n}/positions`, { to: 1 });
}

type Mask = (d: Draft, n: string) => string;

/** (1 - mask) * -1e4, [b, 1, 1, T]. */
const broadcastMask: Mask = (d, n) => {
  const mask = d.g.node('Unsqueeze', ['maskf', d.g.integers(`${n}.maskAxes`, [1, 2])], `${n}/mask4`);
  return d.g.node('Mul', [d.g.node('Sub', [scalar(d, `${n}.one1`, 1), mask], `${n}/inverse`), scalar(d, `${n}.large`, -1e4)], `${n}/bias`);
};

/** The same for [b*H, 1, T], by Expand to a computed shape. */
const foldedMask: Mask = (d, n) => {
  const bias = broadcastMask(d, n);
  const shape = d.g.node('Shape', ['mask'], `${n}/maskShape`);
  const [b, t] = [0, 1].map((i) => d.g.node('Gather', [shape, d.g.integers(`${n}.i${i}`, [i])], `${n}/size${i}`, { axis: 0 }));
  const target = d.g.node('Concat', [b ?? '', d.g.integers(`${n}.h`, [heads]), d.g.integers(`${n}.1`, [1]), t ?? ''], `${n}/expandShape`, { axis: 0 });
  const folded = d.g.node('Concat', [d.g.integers(`${n}.open`, [-1]), d.g.integers(`${n}.1b`, [1]), t ?? ''], `${n}/foldedShape`, { axis: 0 });
  return d.g.node('Reshape', [d.g.node('Expand', [bias, target], `${n}/expanded`), folded], `${n}/foldedBias`);
};

/** Padding and future both hidden, [b, 1, T, T], with the batch read from the shape of the mask. */
const expandedMask: Mask = (d, n) => {
  const bias = broadcastMask(d, n);
  const at = positions(d, n);
  const row = d.g.node('Unsqueeze', [at, d.g.integers(`${n}.rowAxis`, [0])], `${n}/row`);
  const column = d.g.node('Unsqueeze', [at, d.g.integers(`${n}.columnAxis`, [1])], `${n}/column`);
  const future = d.g.node('Mul', [d.g.node('Cast', [d.g.node('Greater', [row, column], `${n}/later`)], `${n}/laterf`, { to: 1 }), scalar(d, `${n}.big`, -1e4)], `${n}/future`);
  const shape = d.g.node('Shape', ['mask'], `${n}/maskShape`);
  const [b, t] = [0, 1].map((i) => d.g.node('Gather', [shape, d.g.integers(`${n}.i${i}`, [i])], `${n}/size${i}`, { axis: 0 }));
  const target = d.g.node('Concat', [b ?? '', d.g.integers(`${n}.1`, [1]), t ?? '', t ?? ''], `${n}/target`, { axis: 0 });
  return d.g.node('Add', [d.g.node('Expand', [bias, target], `${n}/expanded`), future], `${n}/joined`);
};

function attention(d: Draft, x: string, { fold, mask }: { fold: boolean; mask: Mask }): string {
  const n = name(d, 'attention');
  const split = (part: string, perm: number[]) => {
    const y = linear(d, x, `${n}.${part}`);
    return d.g.node('Transpose', [d.g.node('Reshape', [y, splitShape(part)], `${n}.${part}/heads`)], `${n}.${part}/t`, { perm });
  };
  const splitShape = (part: string) => {
    if (!fold) return d.g.integers(`${n}.${part}.shape`, [0, 0, heads, width / heads]);
    const shape = d.g.node('Shape', [x], `${n}.${part}/xShape`);
    const [b, t] = [0, 1].map((i) => d.g.node('Unsqueeze', [d.g.node('Gather', [shape, d.g.integers(`${n}.${part}.i${i}`, [i], [])], `${n}.${part}/s${i}`, { axis: 0 }), d.g.integers(`${n}.${part}.a${i}`, [0])], `${n}.${part}/u${i}`));
    return d.g.node('Concat', [b ?? '', t ?? '', d.g.integers(`${n}.${part}.tail`, [heads, width / heads])], `${n}.${part}/shape`, { axis: 0 });
  };
  const folded = (value: string, last2: 'tw' | 'wt') => {
    if (!fold) return value;
    const t = d.g.node('Gather', [d.g.node('Shape', [x], `${value}/fs`), d.g.integers(`${value}.i1`, [1])], `${value}/ft`, { axis: 0 });
    const w = d.g.integers(`${value}.w`, [width / heads]);
    return d.g.node('Reshape', [value, d.g.node('Concat', [d.g.integers(`${value}.open`, [-1]), ...(last2 === 'tw' ? [t, w] : [w, t])], `${value}/target`, { axis: 0 })], `${value}/folded`);
  };
  const q = folded(split('q', [0, 2, 1, 3]), 'tw');
  const k = folded(split('k', [0, 2, 3, 1]), 'wt');
  const v = folded(split('v', [0, 2, 1, 3]), 'tw');
  const scores = d.g.node('Add', [d.g.node('MatMul', [q, k], `${n}/scores`), mask(d, n)], `${n}/masked`);
  const context = d.g.node('MatMul', [d.g.node('Softmax', [scores], `${n}/weights`, { axis: -1 }), v], `${n}/context`);
  const unfolded = fold ? d.g.node('Reshape', [context, d.g.node('Shape', [`${n}.q/t`], `${n}/qShape`)], `${n}/unfolded`) : context;
  const joined = d.g.node('Transpose', [unfolded], `${n}/joined4`, { perm: [0, 2, 1, 3] });
  return linear(d, d.g.node('Reshape', [joined, d.g.integers(`${n}.join`, [0, 0, width])], `${n}/joined3`), `${n}.out`);
}
