import { fromHex, type Manifest } from '@seedfleet/ledger';
import { frozenA, type AdapterState } from '@seedfleet/numerics';

/** A LoRA pair at a linear: y = x W + (alpha / r) (x A) B. */
export interface TrainedAdapter {
  /** Name of the linear, or of a slice of it: `qkv[0:64]`. */
  site: string;
  inputs: number;
  outputs: number;
  /** [d_in, r] row-major, grown from the run key. */
  a: Float32Array;
  /** [r, d_out] row-major, the float64 master. */
  b: Float64Array;
}

/** What is added to the output of a linear, [d_out]. */
export interface TrainedBias { site: string; values: Float64Array }

/** logits = h W + b, W [d, classes] row-major. */
export interface TrainedHead { width: number; classes: number; weight: Float64Array; bias: Float64Array }

export interface TrainedValues { adapters: TrainedAdapter[]; biases: TrainedBias[]; head: TrainedHead | undefined }

/** What a run trained, by what it is for, in the order of the manifest. Views of the state, but for A. */
export function trainedValues({ manifest, state }: { manifest: Manifest; state: AdapterState }): TrainedValues {
  const { rank, sites } = manifest.adapter;
  const [b] = state.values as [Float64Array];
  const runKey = fromHex(manifest.runKey);
  const placed = state.layout.sites.map(({ index, name, shape, offset, size }) => {
    const { kind, inputs } = sites[index] as Manifest['adapter']['sites'][number];
    return { kind, index, name, inputs, shape, values: b.subarray(offset, offset + size) };
  });
  const of = (kind: Manifest['adapter']['sites'][number]['kind']) => placed.filter((site) => site.kind === kind);
  const [weight] = of('head-weight');
  const [bias] = of('head-bias');
  return {
    // The index counts all sites of the manifest, as it does for the perturbations.
    adapters: of('lora').map(({ index, name, inputs, shape, values }) => ({ site: name, inputs, outputs: shape[1] as number, b: values, a: frozenA({ runKey, site: index, inputs, rank }) })),
    biases: of('bias').map(({ name, values }) => ({ site: name.replace(/\.bias$/, ''), values })),
    head: weight && bias && { width: weight.shape[0] as number, classes: weight.shape[1] as number, weight: weight.values, bias: bias.values },
  };
}
