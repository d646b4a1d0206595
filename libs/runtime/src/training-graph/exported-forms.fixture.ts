import { adapterInput, buildTrainingGraph, graphBuilder, inspectSites, rawTensor, writeModel, type GraphBuilder, type OnnxModel, type TrainingPlan } from '@seedfleet/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { floats, onlyKnown, quiet } from './forward.fixture.js';
import { uniform } from './small-models.fixture.js';

export const d = 16;
const vocabulary = 9;
export const values = (seed: number, count: number) => Float32Array.from({ length: count }, uniform(seed));

/** Whole numbers from -7 to 7, [in, out], and the floats that they stand for. */
export const step = 1 / 16;
export const whole = (outputs = d) => Float32Array.from(values(3, d * outputs), (v) => Math.trunc(v * 8));
export const floatWeight = (outputs = d) => whole(outputs).map((v) => v * step);

export type Form = (g: GraphBuilder, x: string) => string;

/** Embeddings [b, T, d], `form` (which returns a value of the same shape), the mean over the tokens of the mask. */
export function modelAround(form: Form, { opset = 17 } = {}): OnnxModel {
  const g = graphBuilder({ name: 'form', opset, domains: { 'com.microsoft': 1 } });
  g.input('ids', 'int64', ['batch', 'time']);
  g.input('mask', 'int64', ['batch', 'time']);
  const x = g.node('Gather', [g.weight('table', values(1, vocabulary * d), [vocabulary, d]), 'ids'], 'x');
  g.output(meanOf(g, form(g, x)), 'float32', ['batch', d]);
  return g.build();
}

export function meanOf(g: GraphBuilder, y: string): string {
  const mask = g.node('Unsqueeze', [g.node('Cast', ['mask'], 'maskf', { to: 1 }), g.integers('pool.last', [2])], 'mask3');
  return g.node('ReduceSum', [g.node('Mul', [y, mask], 'masked'), g.integers('pool.time', [1])], 'features', { keepdims: 0 });
}

/** A linear in float32 and tanh, so that what follows is perturbed. */
export function linearBefore(g: GraphBuilder, x: string): string {
  return g.node('Tanh', [g.node('MatMul', [x, g.weight('first.weight', values(2, d * d), [d, d])], 'first.y')], 'first.t');
}

export function int8Weight(g: GraphBuilder, name: string, outputs = d): string {
  return g.initializer(rawTensor({ name, type: 'int8', shape: [d, outputs], rawData: new Uint8Array(Int8Array.from(whole(outputs)).buffer) }));
}

/** Losses row by row, each the same two examples. @property beside with another second example */
/** What must hold of any graph: a row knows nothing of the others, nor an example; and B matters in each. */
export function expectApart({ together, apart, unperturbed, beside }: FormLosses): void {
  expect(together).toEqual(apart);
  together.forEach((loss, i) => {
    expect(loss).not.toBe(unperturbed[i]);
    if (i % 2 === 0) expect(beside[i]).toBe(loss);
    else expect(beside[i]).not.toBe(loss);
  });
}

export interface FormLosses { together: number[]; apart: number[]; unperturbed: number[]; beside: number[] }
const rows = 3;
const otherIds = new Tensor('int64', BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 7n, 0n, 0n), [2, 4]);
const batch = {
  ids: new Tensor('int64', BigInt64Array.of(1n, 2n, 3n, 4n, 8n, 6n, 0n, 0n), [2, 4]),
  mask: new Tensor('int64', BigInt64Array.of(1n, 1n, 1n, 1n, 1n, 1n, 0n, 0n), [2, 4]),
  labels: new Tensor('int64', BigInt64Array.of(0n, 1n), [2]),
};

/** Losses of three rows in one forward pass, row by row, with B = 0, and with another text beside the first. @param sites default: all that the inspection lists */
export async function lossesOfForm(model: OnnxModel, { sites, plan = {}, padding = 'right' }: { sites?: readonly string[]; plan?: Partial<TrainingPlan>; padding?: 'left' | 'right' } = {}): Promise<FormLosses> {
  const known = new Map(inspectSites(model).sites.flatMap((site) => [site, ...(site.slices ?? []).map((slice) => ({ ...slice, inputs: site.inputs }))]).map((site) => [site.name, site]));
  const chosen = sites ?? inspectSites(model).sites.map(({ name }) => name);
  const of = (name: string) => known.get(name) ?? { inputs: d, outputs: d };
  const graph = buildTrainingGraph(model, {
    output: 'features', inputs: { ids: 'ids', mask: 'mask' }, classes: 2, head: { weight: 'head.W', bias: 'head.b' }, ...plan,
    adapters: chosen.map((site, i) => ({ site, input: adapterInput(site), rank: 2, alpha: 2, a: values(40 + i, of(site).inputs * 2) })),
  });
  const shapes: [string, number[]][] = [...chosen.map((site): [string, number[]] => [adapterInput(site), [2, of(site).outputs]]),
    ...(plan.biases ?? []).map(({ site, input }): [string, number[]] => [input, [of(site).outputs]]), ['head.W', [d, 2]], ['head.b', [2]]];
  const session = await InferenceSession.create(writeModel(graph), quiet);
  const texts = padding === 'right' ? batch : { ...batch, ids: leftPadded(batch.ids), mask: leftPadded(batch.mask) };
  const run = async (first: number, count: number, { scale = 0.3, ids = texts.ids } = {}) => {
    const inputs = shapes.map(([name, shape], i): [string, Tensor] => {
      const size = shape.reduce((a, b) => a * b, 1);
      const all = values(60 + i, rows * size).map((v) => v * (name.startsWith('head') ? 0.1 : scale));
      return [name, new Tensor('float32', all.slice(first * size, (first + count) * size), [count, ...shape])];
    });
    const { losses } = await session.run(onlyKnown(session, { ...texts, ids, ...Object.fromEntries(inputs) }), ['losses']);
    return [...floats(losses)];
  };
  try {
    const apart: number[] = [];
    for (let p = 0; p < rows; p++) apart.push(...await run(p, 1));
    return { together: await run(0, rows), apart, unperturbed: await run(0, rows, { scale: 0 }), beside: await run(0, rows, { ids: otherIds }) };
  } finally {
    await session.release();
  }
}

/** The second text is two tokens long. */
function leftPadded({ data }: Tensor): Tensor {
  const [a, b, c, e, f, g] = data as BigInt64Array;
  return new Tensor('int64', BigInt64Array.of(a ?? 0n, b ?? 0n, c ?? 0n, e ?? 0n, 0n, 0n, f ?? 0n, g ?? 0n), [2, 4]);
}
