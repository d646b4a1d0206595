import { mergeAdapter, type MergedAdapter, type OnnxModel, type ReadExternal } from '@seedfleet/onnx';
import { type VerifiedRun } from '../audit/verify-run.js';
import { trainedValues } from '../trained/trained-values.js';

export interface MergedRun {
  model: OnnxModel;
  /** Name of the output with the logits of the trained head; null where the run trained none. */
  logits: string | null;
  /** Inputs of the model, in its order. */
  inputs: string[];
  /** Whether weights of integers are multiplied as floats: ONNX Runtime has to be told not to round what they meet. */
  dequantises: boolean;
}

/**
 * The base model of a run with everything that the run trained inside; its metadata say where it comes from and what its logits mean: labels, and a verbalizer's words and template.
 * @param base the model file that the manifest names, its hash checked
 * @param read bytes of its external weights: what is made of matrices among them is pending in the result
 * @throws FleetError the codes of `mergeAdapter`
 */
export function mergeRun({ manifest, state, manifestHash, head: headHash, stateHash, rounds }: VerifiedRun, { base, precision, read }: { base: OnnxModel; precision: 'fp32' | 'w8a8'; read: ReadExternal }): MergedRun {
  const { adapter: { rank, alpha }, model, task } = manifest;
  const { adapters, biases, head } = trainedValues({ manifest, state });
  const merged = mergeAdapter(base, {
    adapters: adapters.map(({ site, a, b }): MergedAdapter => ({ site, a, b, rank, alpha })), biases, precision, read,
    head: head && { output: model.output, pool: model.pool, mask: model.inputs.mask, weight: head.weight, bias: head.bias },
    metadata: {
      ...('labels' in task ? { labels: JSON.stringify(task.labels) } : {}), ...(task.type === 'verbalizer' ? { words: JSON.stringify(task.words), template: task.template } : {}), 'seedfleet.task': task.type, 'seedfleet.run': String(manifest.run), 'seedfleet.name': manifest.name,
      'seedfleet.rounds': String(rounds), 'seedfleet.manifest': manifestHash, 'seedfleet.head': headHash, 'seedfleet.state': stateHash, 'seedfleet.coordinatorKey': manifest.coordinatorKey,
    },
  });
  const stored = new Set(merged.model.graph.initializer.map(({ name }) => name));
  const dequantises = merged.model.graph.node.some(({ opType }) => opType === 'DequantizeLinear');
  return { ...merged, dequantises, inputs: merged.model.graph.input.map(({ name }) => name).filter((name) => !stored.has(name)) };
}
