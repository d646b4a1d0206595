import { type Dataset } from '@seedfleet/dataset';
import { fromHex, type Manifest } from '@seedfleet/ledger';
import { differencesOf, perturbationKey, rowsOf } from '@seedfleet/numerics';
import { limits } from '@seedfleet/protocol';
import { type ClassSums, type EvaluationSums } from '@seedfleet/rounds';
import { meanRowLosses, type Engine } from '@seedfleet/runtime';

/** Examples of one held-out forward pass: bounds memory. */
const heldOutExamplesMax = 32;

/** One round as the engine sees it. */
export interface RoundRequest {
  engine: Engine;
  dataset: Dataset;
  manifest: Manifest;
  /** [layout.size] float64, not changed */
  b: Float64Array;
  /** [q] */
  seeds: BigUint64Array;
  /** number of the batch in the device's endless order */
  batch: number;
}

/**
 * The differences of one round: all perturbed losses of one local batch in one forward pass, then row means, then the estimator.
 * Losses and batch end here; only the differences are returned.
 * @throws FleetError `numerics.not-finite`
 */
export async function evaluateRound({ engine, dataset, manifest, b, seeds, batch }: RoundRequest): Promise<{ differences: Float32Array; examples: number }> {
  const { estimator } = manifest;
  const examples = dataset.trainBatch({ counter: batch, examples: estimator.batchExamples });
  const losses = await engine.perturbedLosses({ batch: examples, b, key: perturbationKey(fromHex(manifest.runKey)), seeds, estimator });
  const rows = meanRowLosses(losses, { rows: rowsOf(estimator), examples: examples.examples });
  return { differences: differencesOf({ estimator, losses: rows }), examples: examples.examples };
}

/**
 * Sums over the held-out examples of this device at one state; over their foretold tokens for the language task.
 * @param positionsPerPass b * T of one pass
 */
export async function evaluateHeldOut({ engine, dataset, manifest, positionsPerPass, b }:
{ engine: Engine; dataset: Dataset; manifest: Manifest; positionsPerPass: number; b: Float64Array }): Promise<EvaluationSums> {
  const sum = { lossSum: 0, correct: 0, count: 0 };
  const perClass: Record<keyof ClassSums, number[]> = { actual: [], predicted: [], correct: [] };
  const examples = heldOutExamplesOf({ manifest, positionsPerPass });
  for (const batch of dataset.heldOutBatches({ examples })) {
    const part = await engine.evaluate({ batch, b });
    sum.lossSum += part.lossSum;
    sum.correct += part.correct;
    sum.count += part.count;
    for (const counted of ['actual', 'predicted', 'correct'] as const) {
      perClass[counted] = part.perClass?.[counted].map((count, i) => count + (perClass[counted][i] ?? 0)) ?? [];
    }
  }
  const classes = perClass.actual.length;
  return classes === 0 || classes > limits.evaluationClassesMax ? sum : { ...sum, perClass };
}

/**
 * Examples of one pass, so that an evaluation takes no more memory than a step. That which token is held likeliest is asked of a language model
 * takes a second copy of all logits: half as many examples.
 */
function heldOutExamplesOf({ manifest: { estimator, task }, positionsPerPass }: { manifest: Manifest; positionsPerPass: number }): number {
  const inStep = Math.min(rowsOf(estimator) * estimator.batchExamples, Math.floor(positionsPerPass / task.tokensMax));
  return Math.max(2, Math.min(heldOutExamplesMax, task.type === 'language' ? Math.floor(inStep / 2) : inStep));
}
