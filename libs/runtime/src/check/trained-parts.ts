import { FleetError } from '@seedfleet/errors';
import { frozenA, layoutOf, type Layout } from '@seedfleet/numerics';
import { adapterInput, inspectSites, type AdapterPlan, type BiasPlan, type OnnxModel } from '@seedfleet/onnx';
import { type CheckRequest } from './check-model.js';
import { type TrainedKind } from './site-scales.js';

/** Names of the graph inputs of the head that a check adds. */
export const checkedHead = { weight: 'head.W', bias: 'head.b' };

/** What a check trains: its values, the graph inputs that they go to, and how they enter the graph. */
export interface TrainedParts { layout: Layout; inputs: string[]; adapters: AdapterPlan[]; biases: BiasPlan[] }

interface KindScale { kind: TrainedKind; scale: number }

/** @throws FleetError `model.site-unknown`, `model.output-unknown` */
export function trainedParts({ model, task, adapter: { sites, rank, alpha, scale, headScale, biases: biased = [], biasScale = 1 }, output }: CheckRequest): TrainedParts {
  const known = new Map(inspectSites(model).sites.map((site) => [site.name, site]));
  const siteOf = (name: string) => {
    const site = known.get(name);
    if (!site) throw new FleetError('model.site-unknown', { field: 'sites', problem: `The model has no adapter site "${name}".` });
    return site;
  };
  const placed = sites.map(siteOf);
  const shifted = biased.map(siteOf);
  const runKey = new Uint8Array(32);
  const adapters = placed.map(({ name, inputs }, site) => ({ site: name, input: adapterInput(name), rank, alpha, a: frozenA({ runKey, site, inputs, rank }) }));
  const lora = placed.map(({ name, outputs }) => ({ name, shape: [rank, outputs], scale }));
  const biases = shifted.map(({ name }) => ({ site: name, input: adapterInput(`${name}.bias`) }));
  const trained = [...lora, ...shifted.map(({ name, outputs }) => ({ name: `${name}.bias`, shape: [outputs], scale: biasScale }))];
  const trainedInputs = [...adapters, ...biases].map(({ input }) => input);
  if (task.type !== 'classification') return { layout: layoutOf(trained), inputs: trainedInputs, adapters, biases };
  const width = widthOf(model, output);
  return {
    layout: layoutOf([...trained, { name: checkedHead.weight, shape: [width, task.classes], scale: headScale }, { name: checkedHead.bias, shape: [task.classes], scale: headScale }]),
    inputs: [...trainedInputs, checkedHead.weight, checkedHead.bias], adapters, biases,
  };
}

/** d of the output that a head reads. */
function widthOf({ graph }: OnnxModel, output: string): number {
  const type = graph.output.find(({ name }) => name === output)?.type?.value;
  const last = type?.case === 'tensorType' ? type.value.shape?.dim.at(-1)?.value : undefined;
  if (last?.case === 'dimValue' && last.value > 0n) return Number(last.value);
  throw new FleetError('model.output-unknown', { field: 'output', problem: `The model declares no output "${output}" of a fixed width, so that no head fits it.` });
}

/** Values between -1/sqrt(d) and 1/sqrt(d) in the head, the same at every check; adapters at 0, where every run begins. */
export function startOf(layout: Layout): Float64Array {
  const point = new Float64Array(layout.size);
  const site = layout.sites.find(({ name }) => name === checkedHead.weight);
  if (site) point.set(frozenA({ runKey: new Uint8Array(32).fill(1), site: site.index, inputs: site.shape[0] ?? 1, rank: site.shape[1] ?? 1 }), site.offset);
  return point;
}

/** Kinds of trained values, in the order of the layout, each with the scale of its first site. */
export function kindsOf(trained: TrainedParts): KindScale[] {
  const kinds = new Map<TrainedKind, KindScale>();
  for (const { name, scale } of trained.layout.sites) {
    const kind = kindOf(name, trained);
    if (!kinds.has(kind)) kinds.set(kind, { kind, scale });
  }
  return [...kinds.values()];
}

/** The layout with the scale of everything at 0 that is not to move. */
export function withScales(layout: Layout, moves: (site: { kind: TrainedKind }) => boolean, trained: TrainedParts): Layout {
  return layoutOf(layout.sites.map((site) => (moves({ kind: kindOf(site.name, trained) }) ? site : { ...site, scale: 0 })));
}

function kindOf(name: string, { biases }: TrainedParts): TrainedKind {
  if (name === checkedHead.weight || name === checkedHead.bias) return 'head';
  return biases.some(({ input }) => input === adapterInput(name)) ? 'bias' : 'lora';
}
