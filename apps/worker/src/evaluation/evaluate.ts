import { type Dataset } from '@seedfleet/dataset';
import { fromHex, type Manifest } from '@seedfleet/ledger';
import { differencesOf, perturbationKey, rowsOf } from '@seedfleet/numerics';
import { meanRowLosses, type Engine } from '@seedfleet/runtime';

/** Examples of one held-out forward pass: bounds memory, changes no sum. */
const heldOutBatchExamples = 32;

/**
 * The differences of one round: all perturbed losses of one local batch in one forward pass, then row means, then the estimator.
 * Losses and batch end here; only the differences are returned.
 * @param b     [layout.size] float64, not changed
 * @param seeds [q]
 * @param batch number of the batch in the device's endless order
 * @throws FleetError `numerics.not-finite`
 */
export async function evaluateRound({ engine, dataset, manifest, b, seeds, batch }:
{ engine: Engine; dataset: Dataset; manifest: Manifest; b: Float64Array; seeds: BigUint64Array; batch: number }): Promise<{ differences: Float32Array; examples: number }> {
  const { estimator } = manifest;
  const examples = dataset.trainBatch({ counter: batch, examples: estimator.batchExamples });
  const losses = await engine.perturbedLosses({ batch: examples, b, key: perturbationKey(fromHex(manifest.runKey)), seeds, estimator });
  const rows = meanRowLosses(losses, { rows: rowsOf(estimator), examples: examples.examples });
  return { differences: differencesOf({ estimator, losses: rows }), examples: examples.examples };
}

/** Sums over the held-out examples of this device at one state. */
export async function evaluateHeldOut({ engine, dataset, b }: { engine: Engine; dataset: Dataset; b: Float64Array }): Promise<{ lossSum: number; correct: number; count: number }> {
  const sum = { lossSum: 0, correct: 0, count: 0 };
  for (const batch of dataset.heldOutBatches({ examples: heldOutBatchExamples })) {
    const part = await engine.evaluate({ batch, b });
    sum.lossSum += part.lossSum;
    sum.correct += part.correct;
    sum.count += part.count;
  }
  return sum;
}
