import { FleetError } from '@seedfleet/errors';
import { type GraphProto, type NodeProto } from '../generated/onnx_pb.js';
import { hasSubgraph } from '../graph/attributes.js';
import { dependentsOf } from '../graph/dependents.js';
import { isOwn, names } from '../graph/names.js';
import { revise } from '../graph/revise.js';
import { readsOf, validate } from '../graph/validate.js';
import { type RowsFact } from '../layout/fact.js';
import { inferLayouts } from '../layout/infer-layouts.js';
import { batchCoupled } from '../layout/operators.js';
import { producersOf } from '../sites/weights.js';
import { additionsTo, type Additions } from './additions.js';

/**
 * Makes perturbed nodes of the model read the tiled batch, rows-major: [P, b, ...] as [P*b, ...]. A value is perturbed if it
 * depends on a B; all others are computed once at batch b. Where a perturbed node needs one of those, it gets
 * - the value itself, where the batch is not in it (a weight, a position, a sequence length),
 * - the value repeated P times along the axis of its examples, where they stand on one,
 * - else the value as computed from tiled inputs: sizes, masks and indices then follow the tiled batch by themselves.
 * @param adapters graph inputs of the adapters
 * @throws FleetError `model.not-tileable`, `model.batch-coupled`
 */
export function tileFrontier(graph: GraphProto, { adapters }: { adapters: readonly string[] }): GraphProto {
  const perturbed = dependentsOf(graph, adapters);
  const own = new Set(graph.node.filter(({ name }) => isOwn(name)).flatMap(({ output }) => output));
  const added = additionsTo(graph);
  const tiler = createTiler(graph, { added, perturbed, own });
  for (const node of graph.node) {
    if (isOwn(node.name) || !readsOf(node).some((name) => perturbed.has(name))) {
      added.nodes.push(node);
      continue;
    }
    requireRowwise(node);
    added.nodes.push(revise(node, { input: node.input.map((name) => (perturbed.has(name) ? name : tiler(name))) }));
  }
  return validate(added.applyTo(graph), 'tileFrontier');
}

function requireRowwise(node: NodeProto): void {
  if (hasSubgraph(node)) throw new FleetError('model.not-tileable', { field: node.name, problem: `The node "${node.name}" (${node.opType}) after an adapter holds a graph of its own.` });
  if (batchCoupled.has(node.opType)) throw new FleetError('model.batch-coupled', { field: node.name, problem: `The node "${node.name}" (${node.opType}) after an adapter takes one scale for the whole batch.` });
}

interface TilerContext { added: Additions; perturbed: ReadonlySet<string>; own: ReadonlySet<string> }

/** Gives the name of an unperturbed value for the tiled batch, adding nodes for it at its first use. */
function createTiler(graph: GraphProto, { added, perturbed, own }: TilerContext): (value: string) => string {
  const layouts = inferLayouts(graph);
  const producers = producersOf(graph);
  const tiled = new Map<string, string>();
  const tile = (value: string): string => {
    const known = tiled.get(value);
    if (known !== undefined) return known;
    const name = make(value);
    tiled.set(value, name);
    return name;
  };
  const make = (value: string): string => {
    const fact = layouts.get(value);
    if (value === '' || fact === undefined || fact.layout === 'free' || own.has(value)) return value;
    if (fact.layout === 'rows') return repeat(value, fact);
    const producer = producers.get(value);
    const measured = producer?.opType === 'Shape' && producer.attribute.length === 0 ? layouts.get(producer.input[0] ?? '') : undefined;
    // The shape of a repeated value needs no repeated value.
    if (measured?.layout === 'rows') return added.node('Mul', [value, repeatsFor(measured)], names.tiled(value));
    if (!producer || hasSubgraph(producer)) throw new FleetError('model.not-tileable', { field: value, problem: `Nothing says where the examples are in "${value}", which a node after an adapter reads.` });
    return recompute(value, producer);
  };
  /** P on the axis of the examples, 1 on all others. */
  const repeatsFor = ({ shape, axis }: RowsFact): string => {
    const name = names.repeats({ axes: shape.length, axis });
    if (tiled.has(name)) return name;
    tiled.set(name, name);
    const around = [axis, shape.length - 1 - axis].map((count) => (count === 0 ? [] : [added.integers(...Array<number>(count).fill(1))]));
    return added.node('Concat', [...(around[0] ?? []), names.rows, ...(around[1] ?? [])], name, { axis: 0 });
  };
  const repeat = (value: string, fact: RowsFact): string => added.node('Tile', [value, repeatsFor(fact)], names.tiled(value));
  const recompute = (value: string, producer: NodeProto): string => {
    const input = producer.input.map((name) => (perturbed.has(name) ? name : tile(name)));
    const output = producer.output.map((name) => (name === '' ? '' : names.tiled(name)));
    producer.output.forEach((name, i) => tiled.set(name, output[i] ?? ''));
    added.nodes.push(revise(producer, { name: names.tiled(producer.name), input, output }));
    return tiled.get(value) ?? value;
  };
  return tile;
}
