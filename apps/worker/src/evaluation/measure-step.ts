import { layoutOf } from '@seedfleet/numerics';
import { peakMegabytes } from '../status/status-file.js';
import { type Measurement } from '../vault/run-folder.js';
import { evaluateRound, type RoundRequest } from './evaluate.js';

/**
 * What one step costs on this device: all rows of one batch at B = 0, once unmeasured (the first pass of a session takes memory that later
 * ones find there) and once measured, on two batches, so that no activation comes from the disk. Nothing of the losses is kept.
 * @throws FleetError those of the engine: what cannot be computed now will not be in a round
 */
export async function measureStep({ nowMs, ...bench }: Omit<RoundRequest, 'b' | 'seeds' | 'batch'> & { nowMs: () => number }): Promise<Measurement> {
  const { adapter, estimator } = bench.manifest;
  const at = { b: new Float64Array(layoutOf(adapter.sites).size), seeds: BigUint64Array.from({ length: estimator.queries }, (_, j) => BigInt(j)) };
  await evaluateRound({ ...bench, ...at, batch: 0 });
  const sinceMs = nowMs();
  await evaluateRound({ ...bench, ...at, batch: 1 });
  return { forwardMs: Math.max(0, nowMs() - sinceMs), peakMegabytes: peakMegabytes() };
}
