import { FleetError } from '@seedfleet/errors';
import { type Distribution } from '../perturbation/direction.js';

/** Losses to differences: what of a manifest's estimator numerics needs. */
export interface Estimator {
  type: 'leave-one-out' | 'central' | 'forward';
  /** q, directions */
  queries: number;
  /** how far along z, before the site's scale */
  eps: number;
  distribution: Distribution;
}

/** P, the rows of the one forward pass: central 2q, forward q + 1, leave-one-out q. */
export function rowsOf({ type, queries }: Pick<Estimator, 'type' | 'queries'>): number {
  return { 'central': 2 * queries, 'forward': queries + 1, 'leave-one-out': queries }[type];
}

/** A row of the forward pass: along which query, and +1 or -1 eps. Sign 0 is the unperturbed row. */
export interface RowPlan {
  query: number;
  sign: 1 | -1 | 0;
}

/** The rows in their order. central: +z0, -z0, +z1, -z1, ...; forward: unperturbed, +z0, +z1, ...; leave-one-out: +z0, +z1, ... */
export function rowPlan({ type, queries }: Pick<Estimator, 'type' | 'queries'>): RowPlan[] {
  const plus = Array.from({ length: queries }, (_, query): RowPlan => ({ query, sign: 1 }));
  switch (type) {
    case 'central': return plus.flatMap((row): RowPlan[] => [row, { query: row.query, sign: -1 }]);
    case 'forward': return [{ query: 0, sign: 0 }, ...plus];
    case 'leave-one-out': return plus;
  }
}

/**
 * What a device reports: d_j = L(B + eps z_j) - L(B - eps z_j) (central), L_j - L_0 (forward), (L_j - mean L) q/(q - 1) (leave-one-out: the
 * difference to the mean of the other rows). Sources: MeZO (arXiv 2305.17333), FZOO, LOREN (arXiv 2511.07971).
 * @param losses [P] mean loss of each row, in row order
 * @returns [q] float32: what crosses the network
 * @throws FleetError `numerics.length`, `numerics.not-finite`
 */
export function differencesOf({ estimator, losses }: { estimator: Pick<Estimator, 'type' | 'queries'>; losses: Float64Array | Float32Array }): Float32Array {
  const { type, queries } = estimator;
  const rows = rowsOf(estimator);
  if (losses.length !== rows) throw new FleetError('numerics.length', { field: 'losses', problem: `There are ${losses.length} losses for ${rows} rows.` });
  requireFinite('losses', losses);
  const at = (row: number) => losses[row] as number;
  const differences = new Float32Array(queries);
  switch (type) {
    case 'central':
      for (let j = 0; j < queries; j++) differences[j] = at(2 * j) - at(2 * j + 1);
      break;
    case 'forward':
      for (let j = 0; j < queries; j++) differences[j] = at(j + 1) - at(0);
      break;
    case 'leave-one-out': {
      let mean = 0;
      for (let j = 0; j < queries; j++) mean += at(j);
      mean /= queries;
      for (let j = 0; j < queries; j++) differences[j] = (at(j) - mean) * (queries / (queries - 1));
      break;
    }
  }
  requireFinite('differences', differences);
  return differences;
}

/**
 * Projected gradients, the coefficients of a commit: g_j = d_j / (2 eps) (central), d_j / eps (the one-sided estimators).
 * @param differences [n] aggregated
 * @returns [n] float64
 * @throws FleetError `numerics.not-finite`
 */
export function coefficientsOf({ estimator, differences }: { estimator: Pick<Estimator, 'type' | 'eps'>; differences: Float64Array }): Float64Array {
  requireFinite('differences', differences);
  const distance = estimator.type === 'central' ? 2 * estimator.eps : estimator.eps;
  const coefficients = differences.map((difference) => difference / distance);
  requireFinite('coefficients', coefficients);
  return coefficients;
}

function requireFinite(field: string, values: Float64Array | Float32Array): void {
  const index = values.findIndex((value) => !Number.isFinite(value));
  // The value itself is not told: losses never leave a device, not in an error either.
  if (index >= 0) throw new FleetError('numerics.not-finite', { field: `${field}.${index}`, problem: `Entry ${index} of the ${field} is not a finite number.` });
}
