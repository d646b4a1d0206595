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
import { additionsTo, type Additions } from './additions.js';

/** MP-LoRA at one site: y = base(x) + (alpha / r) (x A) B_p, for each of P perturbed rows p. */
export interface AdapterPlan {
  /** Name of the site, as `inspectSites` lists it. */
  site: string;
  /** Name of the graph input that B becomes: [P, r, d_out] float32. */
  input: string;
  /** [d_in, r] row-major, frozen. */
  a: Float32Array;
  /** r */
  rank: number;
  alpha: number;
}

/**
 * Stands an adapter beside each chosen linear. Where x depends on no earlier adapter, the linear itself stays at batch b
 * and its output is broadcast against the P deltas; that sum, [P*b, ...], is where the graph becomes tiled. Where x is
 * tiled already, its rows are read as [P, rows, r], one block for each B_p. Source: MobiZO (arXiv 2409.15520), section 3.3.
 * @throws FleetError `model.site-unknown`, `model.not-tileable`
 */
export function insertAdapters(graph: GraphProto, adapters: readonly AdapterPlan[]): GraphProto {
  if (adapters.length === 0) return graph;
  const linears = linearsOf(graph).linears;
  const chosen = new Map(adapters.map((adapter) => [linearOf(adapter, linears).node, adapter]));
  const bySite = new Map(linears.map((linear) => [linear.node, linear]));
  const layouts = inferLayouts(graph);
  const perturbed = dependentsOf(graph, [...chosen.keys()].map(({ output }) => output[0] ?? ''));
  const added = additionsTo(graph);
  added.countRows(adapters[0]?.input ?? '');
  for (const node of graph.node) {
    const adapter = chosen.get(node);
    const linear = bySite.get(node);
    if (!adapter || !linear) {
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
    addAdapter(added, { adapter, linear, base, tiled: perturbed.has(linear.x), x, y });
  }
  const inputs = adapters.map((adapter) => valueInfo(adapter.input, 'float32', ['rows', adapter.rank, linearOf(adapter, linears).outputs]));
  return validate(revise(added.applyTo(graph), { input: [...graph.input, ...inputs] }), 'insertAdapters');
}

function linearOf(adapter: AdapterPlan, linears: readonly Linear[]): Linear {
  const linear = linears.find(({ site }) => site === adapter.site);
  if (!linear) throw new FleetError('model.site-unknown', { field: 'adapters', problem: `The model has no adapter site "${adapter.site}" before its output.` });
  if (adapter.a.length !== linear.inputs * adapter.rank) {
    throw new InvariantError(`Adapter "${adapter.site}" has ${adapter.a.length} values of A; ${linear.inputs} inputs at rank ${adapter.rank} take ${linear.inputs * adapter.rank}.`);
  }
  return linear;
}

interface Placement { adapter: AdapterPlan; linear: Linear; base: string; tiled: boolean; x: RowsFact; y: RowsFact }

function addAdapter(added: Additions, { adapter, linear, base, tiled, x, y }: Placement): void {
  const part = (name: string) => names.inAdapter(linear.site, name);
  const { rank } = adapter;
  const a = added.initializer(float32Tensor({ name: part('A'), values: adapter.a, shape: [linear.inputs, rank] }));
  const half = linear.valueType === TensorProto_DataType.FLOAT ? undefined : linear.valueType;
  const leading = toFront(added, { value: linear.x, fact: x, output: part('x') });
  // A and B are float32 whatever the model is: eps is far below what half precision resolves around B.
  const x32 = half === undefined ? leading : added.node('Cast', [leading], part('x32'), { to: TensorProto_DataType.FLOAT });
  const factor = added.initializer(float32Tensor({ name: part('scale'), values: Float32Array.of(adapter.alpha / rank), shape: [] }));
  const scaled = added.node('Mul', [added.node('MatMul', [x32, a], part('xA')), factor], part('scaled'));
  const shape = tiled ? added.node('Concat', [names.rows, added.integers(-1, rank)], part('stackedShape'), { axis: 0 }) : added.integers(1, -1, rank);
  const stacked = added.node('Reshape', [scaled, shape], part('stacked'));
  const product = added.node('MatMul', [stacked, adapter.input], part('product'));
  const delta = half === undefined ? product : added.node('Cast', [product], part('productHalf'), { to: half });
  const once = toFront(added, { value: base, fact: y, output: part('baseFront') });
  const baseShape = added.node('Shape', [once], part('shape'));
  const output = y.axis === 0 ? linear.y : part('yFront');
  if (tiled) {
    added.node('Add', [once, added.node('Reshape', [delta, baseShape], part('delta'))], output);
  } else {
    const sum = added.node('Add', [added.node('Reshape', [once, added.integers(1, -1, linear.outputs)], part('once')), delta], part('sum'));
    const inner = added.node('Slice', [baseShape, added.integers(1), added.integers(y.shape.length)], part('inner'));
    added.node('Reshape', [sum, added.node('Concat', [added.integers(-1), inner], part('tiledShape'), { axis: 0 })], output);
  }
  if (y.axis !== 0) added.node('Transpose', [output], linear.y, { perm: frontOrder(y).map((_, i, order) => order.indexOf(i)) });
}

/** The value with its examples on axis 0. */
function toFront(added: Additions, { value, fact, output }: { value: string; fact: RowsFact; output: string }): string {
  return fact.axis === 0 ? value : added.node('Transpose', [value], output, { perm: frontOrder(fact) });
}

function frontOrder({ shape, axis }: RowsFact): number[] {
  return [axis, ...shape.map((_, i) => i).filter((i) => i !== axis)];
}
