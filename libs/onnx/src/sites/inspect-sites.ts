import { FleetError } from '@seedfleet/errors';
import { type OnnxModel } from '../graph/model.js';
import { withoutCache } from '../rewrites/without-cache.js';
import { linearsOf, type Linear, type NotAdaptable } from './linears.js';
import { sliceFinder, sliceName } from './slice.js';

export interface AdapterSite {
  /** Name of the weight without `.weight`, or of the node where the exporter gave the weight no name of its own. */
  name: string;
  node: string;
  /** d_in and d_out of the linear. */
  inputs: number;
  outputs: number;
  /** How the weight is stored: `float`, `float16`, `int8`, `int4`, ... */
  precision: string;
  /** Parts of the output that the model cuts apart, as a fused query-key-value projection; each can be adapted by its own name, `qkv[0:64]`. */
  slices?: { name: string; outputs: number }[];
}

export interface SiteInspection { sites: AdapterSite[]; notAdaptable: NotAdaptable[] }

/** Where adapters can stand, in graph order, and which linears cannot have one, with the reason. Reads no weights. */
export function inspectSites(model: OnnxModel): SiteInspection {
  const { graph } = withoutCache(model);
  const { linears, notAdaptable } = linearsOf(graph);
  const slicesOf = sliceFinder(graph);
  return { sites: linears.map((linear) => ({ ...described(linear), ...slicesIn(linear) })), notAdaptable };

  function slicesIn(linear: Linear): Pick<AdapterSite, 'slices'> {
    const slices = slicesOf(linear).map((slice) => ({ name: sliceName(linear.site, slice), outputs: slice.to - slice.from }));
    return slices.length === 0 ? {} : { slices };
  }
}

function described({ site, node, inputs, outputs, precision }: Linear): AdapterSite {
  return { name: site, node: node.name, inputs, outputs, precision };
}

/** The same, for a caller that needs at least one site. @param options `file` is named in the refusal @throws FleetError `model.no-sites`, naming what was left out and why */
export function requireSites(model: OnnxModel, { file = 'The model' }: { file?: string } = {}): SiteInspection {
  const inspection = inspectSites(model);
  if (inspection.sites.length > 0) return inspection;
  const { notAdaptable: [first], notAdaptable: { length } } = inspection;
  const why = first ? `${length} linear${length === 1 ? '' : 's'} cannot be adapted; ${first.node}: ${first.reason}` : 'it has no MatMul or Gemm node';
  throw new FleetError('model.no-sites', { field: 'graph', problem: `${file} has no adapter site: ${why}.` });
}
