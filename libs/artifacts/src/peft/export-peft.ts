import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { type AdapterState } from '@seedfleet/numerics';
import { writeSafetensors, type NamedTensor } from '../safetensors/safetensors.js';
import { trainedValues } from '../trained/trained-values.js';

/** The files of an exported adapter, by name. */
export interface PeftExport {
  'adapter_model.safetensors': Uint8Array;
  'adapter_config.json': string;
  /** Where the run trained a head. */
  'head.safetensors'?: Uint8Array;
  /** Where the run trained biases. */
  'biases.safetensors'?: Uint8Array;
}

/** Names that inspection makes up for a part of a linear, or for one more linear of the same weight: no module of torch is called so. */
const invented = /(\[\d+:\d+\]|~\d+)$/;

/**
 * The adapter as Hugging Face PEFT loads it. PEFT stores a linear's matrices as torch does, transposed to ours: y = x A B alpha/r with
 * A [d_in, r], B [r, d_out] becomes lora_A.weight [r, d_in] = A^T and lora_B.weight [d_out, r] = B^T. float32, from the float64 master.
 * Names and configuration: peft 0.21.0, `get_peft_model_state_dict` and `LoraConfig`; docs/export.md.
 *
 * A head reads a value of the headless model and is no module of it, so it stands beside the adapter: `head.weight` [classes, d] and
 * `head.bias` [classes], a torch Linear; `labels` in its metadata. For the same reason the task type is FEATURE_EXTRACTION: PEFT's SEQ_CLS demands
 * the weights of a `classifier` or `score` module in the file. Without a head it is CAUSAL_LM.
 * Trained biases stand beside it too, `MODULE.bias` [d_out] to be added to the module's bias: PEFT's own `bias` setting stores whole biases, not differences.
 * @throws FleetError `artifact.no-adapter`, `artifact.not-a-module`
 */
export function exportPeft({ manifest, state }: { manifest: Manifest; state: AdapterState }): PeftExport {
  const { adapter: { rank, alpha }, model, task } = manifest;
  const { adapters, biases, head } = trainedValues({ manifest, state });
  if (adapters.length === 0) throw new FleetError('artifact.no-adapter', { field: 'adapter.sites', problem: 'The run trains no LoRA adapter: there is nothing that PEFT could load.' });
  const part = adapters.find(({ site }) => invented.test(site));
  if (part) throw new FleetError('artifact.not-a-module', { field: part.site, problem: `The site "${part.site}" is a part of a module, and PEFT adapts whole modules.` });
  const tensors = adapters.flatMap(({ site, inputs, outputs, a, b }): NamedTensor[] => [
    { name: `base_model.model.${site}.lora_A.weight`, ...transposed({ values: a, rows: inputs, columns: rank }) },
    { name: `base_model.model.${site}.lora_B.weight`, ...transposed({ values: b, rows: rank, columns: outputs }) },
  ]);
  const config = {
    peft_type: 'LORA',
    task_type: head ? 'FEATURE_EXTRACTION' : 'CAUSAL_LM',
    base_model_name_or_path: model.name,
    r: rank,
    lora_alpha: alpha,
    target_modules: adapters.map(({ site }) => site),
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
    ...(head && { 'head.safetensors': writeSafetensors([
      { name: 'head.weight', ...transposed({ values: head.weight, rows: head.width, columns: head.classes }) },
      { name: 'head.bias', shape: [head.classes], data: Float32Array.from(head.bias) },
    ], { format: 'pt', ...('labels' in task ? { labels: JSON.stringify(task.labels) } : {}), input: model.output }) }),
    ...(biases.length > 0 && { 'biases.safetensors': writeSafetensors(biases.map(({ site, values }) => ({ name: `${site}.bias`, shape: [values.length], data: Float32Array.from(values) })), { format: 'pt', meaning: 'added to the bias of the module' }) }),
  };
}

interface Matrix {
  /** [rows, columns] C order */
  values: Float64Array | Float32Array;
  rows: number;
  columns: number;
}

function transposed({ values, rows, columns }: Matrix): { shape: number[]; data: Float32Array } {
  const data = Float32Array.from({ length: rows * columns }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number);
  return { shape: [columns, rows], data };
}
