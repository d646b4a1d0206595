import { FleetError } from '@seedfleet/errors';
import { fromHex, type Manifest } from '@seedfleet/ledger';
import { frozenA, type AdapterState, type PlacedSite } from '@seedfleet/numerics';
import { writeSafetensors, type NamedTensor } from '../safetensors/safetensors.js';

/** The files of an exported adapter, by name. */
export interface PeftExport {
  'adapter_model.safetensors': Uint8Array;
  'adapter_config.json': string;
  'head.safetensors': Uint8Array;
}

/**
 * The adapter as Hugging Face PEFT loads it. PEFT stores a linear's matrices as torch does, transposed to ours: y = x A B alpha/r with
 * A [d_in, r], B [r, d_out] becomes lora_A.weight [r, d_in] = A^T and lora_B.weight [d_out, r] = B^T. float32, from the float64 master.
 *
 * The head reads the base model's pooled output and is no module of it, so it stands beside the adapter: `head.weight` [classes, d] and
 * `head.bias` [classes], a torch Linear; `labels` in its metadata. For the same reason the task type is FEATURE_EXTRACTION: the adapter
 * belongs to the headless model, under the names of its own modules.
 * @throws FleetError `artifact.no-adapter`
 */
export function exportPeft({ manifest, state }: { manifest: Manifest; state: AdapterState }): PeftExport {
  const { adapter, model } = manifest;
  const [b] = state.values as [Float64Array];
  const placed = (kind: Manifest['adapter']['sites'][number]['kind']) => state.layout.sites.flatMap((site) => {
    const described = adapter.sites[site.index];
    return described?.kind === kind ? [{ ...site, inputs: described.inputs }] : [];
  });
  const lora = placed('lora');
  if (lora.length === 0) throw new FleetError('artifact.no-adapter', { field: 'adapter.sites', problem: 'The run trains a head only: there is no LoRA adapter to export.' });
  const runKey = fromHex(manifest.runKey);
  const tensors = lora.flatMap((site): NamedTensor[] => {
    const a = frozenA({ runKey, site: site.index, inputs: site.inputs, rank: adapter.rank });
    return [
      { name: `base_model.model.${site.name}.lora_A.weight`, ...transposed({ values: a, rows: site.inputs, columns: adapter.rank }) },
      { name: `base_model.model.${site.name}.lora_B.weight`, ...transposed(matrixOf(b, site)) },
    ];
  });
  const head = [
    ...placed('head-weight').map((site): NamedTensor => ({ name: 'head.weight', ...transposed(matrixOf(b, site)) })),
    ...placed('head-bias').map((site): NamedTensor => ({ name: 'head.bias', shape: [...site.shape], data: Float32Array.from(valuesAt(b, site)) })),
  ];
  const config = {
    peft_type: 'LORA',
    task_type: 'FEATURE_EXTRACTION',
    base_model_name_or_path: model.name,
    r: adapter.rank,
    lora_alpha: adapter.alpha,
    target_modules: lora.map((site) => site.name),
    bias: 'none',
    lora_dropout: 0,
    fan_in_fan_out: false,
    use_rslora: false,
    use_dora: false,
    init_lora_weights: true,
    inference_mode: true,
    modules_to_save: null,
  };
  return {
    'adapter_model.safetensors': writeSafetensors(tensors, { format: 'pt' }),
    'adapter_config.json': `${JSON.stringify(config, null, 2)}\n`,
    'head.safetensors': writeSafetensors(head, { format: 'pt', labels: JSON.stringify(manifest.task.labels), input: model.output }),
  };
}

interface Matrix {
  /** [rows, columns] C order */
  values: Float64Array | Float32Array;
  rows: number;
  columns: number;
}

function valuesAt(b: Float64Array, { offset, size }: PlacedSite): Float64Array {
  return b.subarray(offset, offset + size);
}

function matrixOf(b: Float64Array, site: PlacedSite): Matrix {
  const [rows, columns] = site.shape as [number, number];
  return { values: valuesAt(b, site), rows, columns };
}

function transposed({ values, rows, columns }: Matrix): { shape: number[]; data: Float32Array } {
  const data = Float32Array.from({ length: rows * columns }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number);
  return { shape: [columns, rows], data };
}
