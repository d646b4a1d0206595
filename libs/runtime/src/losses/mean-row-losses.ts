import { FleetError } from '@seedfleet/errors';

/**
 * Mean loss of each row, float64, summed in the order of the examples.
 * @param losses [P*b] row by row
 * @returns [P]
 * @throws FleetError `engine.batch-invalid` unless there are rows * examples losses
 */
export function meanRowLosses(losses: Float32Array | Float64Array, { rows, examples }: { rows: number; examples: number }): Float64Array {
  if (losses.length !== rows * examples || examples === 0) {
    throw new FleetError('engine.batch-invalid', { field: 'losses', problem: `${losses.length} losses are not ${rows} rows of ${examples} examples.` });
  }
  return Float64Array.from({ length: rows }, (_, p) => {
    let sum = 0;
    for (const loss of losses.subarray(p * examples, (p + 1) * examples)) sum += loss;
    return sum / examples;
  });
}
