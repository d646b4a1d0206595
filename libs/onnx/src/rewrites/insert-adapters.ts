import { FleetError, InvariantError } from '@seedfleet/errors';
import { valueInfo } from '../builder/graph-builder.js';
import { TensorProto_DataType, type GraphProto } from '../generated/onnx_pb.js';
import { dependentsOf } from '../graph/dependents.js';
import { names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { float32Tensor } from '../graph/tensor.js';
import { validate } from '../graph/validate.js';
import { type RowsFact } from '../layout/fact.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { linearsOf, type Linear } from '../sites/linears.js';
import { parseSlice, type Slice } from '../sites/slice.js';
import { additionsTo, type Additions } from './additions.js';

/** MP-LoRA at one site: y = base(x) + (alpha / r) (x A) B_p, for each of P perturbed rows p. */
export interface AdapterPlan {
  /** Name of the site, as `inspectSites` lists it, or of some of its outputs: `qkv[0:64]`. Several slices of one site may be adapted. */
  site: string;
  /** Name of the graph input that B becomes: [P, r, d_out] float32, d_out that of the slice. */
  input: string;
  /** [d_in, r] row-major, frozen. */
  a: Float32Array;
  /** r */
  rank: number;
  alpha: number;
}

/** A trained bias: y += beta_p at the output of a linear, for each of P perturbed rows p. Source: BitFit (arXiv 2106.10199). */
export interface BiasPlan {
  /** Name of the site, as `inspectSites` lists it; not a slice. A site may have an adapter, too. */
  site: string;
  /** Name of the graph input that beta becomes: [P, d_out] float32. */
  input: string;
}

export interface SitePlans { adapters: readonly AdapterPlan[]; biases?: readonly BiasPlan[] }

/**
 * Stands an adapter beside each chosen linear, and adds a bias to each chosen output. Where x depends on no earlier adapter, the linear itself stays at batch b
 * and its output is broadcast against the P deltas; that sum, [P*b, ...], is where the graph becomes tiled. Where x is
 * tiled already, its rows are read as [P, rows, r], one block for each B_p. Source: MobiZO (arXiv 2409.15520), section 3.3.
 * @throws FleetError `model.site-unknown`, `model.not-tileable`
 */
export function insertAdapters(graph: GraphProto, { adapters, biases = [] }: SitePlans): GraphProto {
  const [first] = trainedInputs({ adapters, biases });
  if (first === undefined) return graph;
  const linears = linearsOf(graph).linears;
  const placed = adapters.map((adapter) => placeOf(adapter, linears));
  const shifted = new Map(biases.map((bias) => [linearOf(bias, linears), bias]));
  const chosen = new Set([...placed.map(({ linear }) => linear), ...shifted.keys()]);
  const byNode = new Map([...chosen].map((linear) => [linear.node, linear]));
  const layouts = inferLayouts(graph);
  const perturbed = dependentsOf(graph, [...chosen].map(({ y }) => y));
  const added = additionsTo(graph);
  added.countRows(first);
  for (const node of graph.node) {
    const linear = byNode.get(node);
    if (!linear) {
      added.nodes.push(node);
      continue;
    }
    const [x, y] = [layouts.get(linear.x), layouts.get(linear.y)];
    if (x?.layout !== 'rows' || y?.layout !== 'rows') {
      throw new FleetError('model.not-tileable', { field: linear.site, problem: `Nothing says on which axis the examples stand at the site "${linear.site}", so its rows cannot be told apart.`,
        fix: 'Choose other sites, or export the model with the examples on the first axis and without control flow.' });
    }
    const base = names.inAdapter(linear.site, 'base');
    added.nodes.push(revise(node, { output: [base, ...node.output.slice(1)] }));
    addTrained(added, { places: placed.filter((place) => place.linear === linear), bias: shifted.get(linear), linear, base, tiled: perturbed.has(linear.x), x, y });
  }
  const inputs = [
    ...placed.map(({ adapter, slice }) => valueInfo(adapter.input, 'float32', ['rows', adapter.rank, slice.to - slice.from])),
    ...[...shifted].map(([linear, bias]) => valueInfo(bias.input, 'float32', ['rows', linear.outputs])),
  ];
  return validate(revise(added.applyTo(graph), { input: [...graph.input, ...inputs] }), 'insertAdapters');
}

/** Graph inputs that P rows of trained values go to; the first axis of each is P. */
export function trainedInputs({ adapters, biases = [] }: SitePlans): string[] {
  return [...adapters, ...biases].map(({ input }) => input);
}

function linearOf({ site }: BiasPlan, linears: readonly Linear[]): Linear {
  const linear = linears.find((known) => known.site === site);
  if (!linear) throw new FleetError('model.site-unknown', { field: 'biases', problem: `The model has no site "${site}" before its output.` });
  return linear;
}

/** An adapter beside its linear. */
interface Place { adapter: AdapterPlan; linear: Linear; slice: Slice }

function placeOf(adapter: AdapterPlan, linears: readonly Linear[]): Place {
  const { site, slice } = parseSlice(adapter.site);
  // A name with brackets may be that of a module.
  const whole = linears.find((linear) => linear.site === adapter.site);
  const linear = whole ?? linears.find((known) => known.site === site);
  if (!linear) throw new FleetError('model.site-unknown', { field: 'adapters', problem: `The model has no adapter site "${adapter.site}" before its output.` });
  const place = { adapter, linear, slice: whole || !slice ? { from: 0, to: linear.outputs } : slice };
  if (place.slice.from >= place.slice.to || place.slice.to > linear.outputs) throw new FleetError('model.site-unknown', { field: 'adapters', problem: `"${adapter.site}" is no slice of the ${linear.outputs} outputs of "${linear.site}".` });
  if (adapter.a.length !== linear.inputs * adapter.rank) {
    throw new InvariantError(`Adapter "${adapter.site}" has ${adapter.a.length} values of A; ${linear.inputs} inputs at rank ${adapter.rank} take ${linear.inputs * adapter.rank}.`);
  }
  return place;
}

interface Placement { places: readonly Place[]; bias: BiasPlan | undefined; linear: Linear; base: string; tiled: boolean; x: RowsFact; y: RowsFact }

/** base + delta + beta, added in this order: `mergeAdapter` adds so, too. */
function addTrained(added: Additions, { places, bias, linear, base, tiled, x, y }: Placement): void {
  const part = (name: string) => names.inAdapter(linear.site, name);
  const half = linear.valueType === TensorProto_DataType.FLOAT ? undefined : linear.valueType;
  const inModelType = (value: string, output: string) => (half === undefined ? value : added.node('Cast', [value], output, { to: half }));
  const leading = places.length === 0 ? linear.x : toFront(added, { value: linear.x, fact: x, output: part('x') });
  // A and B are float32 whatever the model is: eps is far below what half precision resolves around B.
  const x32 = half === undefined || places.length === 0 ? leading : added.node('Cast', [leading], part('x32'), { to: TensorProto_DataType.FLOAT });
  const deltas = places.map((place) => addDelta(added, { place, x32, tiled }));
  const summands = deltas.length === 0 ? [] : [inModelType(deltas.reduce((sum, delta, i) => added.node('Add', [sum, delta], part(`sum${i}`))), part('productHalf'))];
  if (bias) summands.push(added.node('Unsqueeze', [inModelType(bias.input, part('biasHalf')), added.integers(1)], part('bias')));
  const once = toFront(added, { value: base, fact: y, output: part('baseFront') });
  const baseShape = added.node('Shape', [once], part('shape'));
  const output = y.axis === 0 ? linear.y : part('yFront');
  // [1, rows, d_out] before the frontier, [P, rows, d_out] behind it: either meets P rows of values.
  const shape = tiled ? added.node('Concat', [names.rows, added.integers(-1, linear.outputs)], part('baseStackedShape'), { axis: 0 }) : added.integers(1, -1, linear.outputs);
  const sum = summands.reduce((before, summand, i) => added.node('Add', [before, summand], part(`with${i}`)), added.node('Reshape', [once, shape], part('once')));
  if (tiled) {
    added.node('Reshape', [sum, baseShape], output);
  } else {
    const inner = added.node('Slice', [baseShape, added.integers(1), added.integers(y.shape.length)], part('inner'));
    added.node('Reshape', [sum, added.node('Concat', [added.integers(-1), inner], part('tiledShape'), { axis: 0 })], output);
  }
  if (y.axis !== 0) added.node('Transpose', [output], linear.y, { perm: frontOrder(y).map((_, i, order) => order.indexOf(i)) });
}

/** (alpha / r) (x A) B_p as [P, rows, d_out]; zero outside the slice. */
function addDelta(added: Additions, { place: { adapter, linear, slice }, x32, tiled }: { place: Place; x32: string; tiled: boolean }): string {
  const part = (name: string) => names.inAdapter(adapter.site, name);
  const { rank } = adapter;
  const a = added.initializer(float32Tensor({ name: part('A'), values: adapter.a, shape: [linear.inputs, rank] }));
  const factor = added.initializer(float32Tensor({ name: part('scale'), values: Float32Array.of(adapter.alpha / rank), shape: [] }));
  const scaled = added.node('Mul', [added.node('MatMul', [x32, a], part('xA')), factor], part('scaled'));
  const shape = tiled ? added.node('Concat', [names.rows, added.integers(-1, rank)], part('stackedShape'), { axis: 0 }) : added.integers(1, -1, rank);
  const product = added.node('MatMul', [added.node('Reshape', [scaled, shape], part('stacked')), adapter.input], part('product'));
  const [before, after] = [slice.from, linear.outputs - slice.to];
  return before + after === 0 ? product : added.node('Pad', [product, added.integers(0, 0, before, 0, 0, after)], part('padded'));
}

/** The value with its examples on axis 0. */
function toFront(added: Additions, { value, fact, output }: { value: string; fact: RowsFact; output: string }): string {
  return fact.axis === 0 ? value : added.node('Transpose', [value], output, { perm: frontOrder(fact) });
}

function frontOrder({ shape, axis }: RowsFact): number[] {
  return [axis, ...shape.map((_, i) => i).filter((i) => i !== axis)];
}
