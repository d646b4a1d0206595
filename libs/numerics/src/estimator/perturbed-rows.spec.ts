import { layoutOf } from '../layout/layout.js';
import { directionInto } from '../perturbation/direction.js';
import { rowsOf, type Estimator } from './estimator.js';
import { perturbedRowsInto } from './perturbed-rows.js';

const key = new Uint8Array(32).fill(3);
const seeds = BigUint64Array.of(11n, 12n, 13n);
const layout = layoutOf([{ name: 'a', shape: [2, 3], scale: 1 }, { name: 'b', shape: [5], scale: 10 }]);
const b = Float64Array.from({ length: layout.size }, (_, i) => i / 7);

function rowsFor(estimator: Estimator): Float32Array[] {
  const out = new Float32Array(rowsOf(estimator) * layout.size);
  perturbedRowsInto(out, { b, layout, key, seeds, estimator });
  return Array.from({ length: rowsOf(estimator) }, (_, p) => out.subarray(p * layout.size, (p + 1) * layout.size));
}

/** The definition, value by value. */
function plainRow(query: number, signedEps: number): Float32Array {
  return Float32Array.from(layout.sites.flatMap(({ index, size, scale, offset }) => {
    const z = new Float64Array(size);
    directionInto(z, { key, seed: seeds[query] ?? 0n, site: index, distribution: 'rademacher' });
    return Array.from(z, (value, i) => (b[offset + i] ?? NaN) + signedEps * scale * value);
  }));
}

test.each([
  ['central', [[0, 1], [0, -1], [1, 1], [1, -1], [2, 1], [2, -1]]],
  ['forward', [[0, 0], [0, 1], [1, 1], [2, 1]]],
  ['leave-one-out', [[0, 1], [1, 1], [2, 1]]],
] as const)('the rows of %s are float32(B + eps s z) in their order', (type, plan) => {
  const eps = 0.01;
  expect(rowsFor({ type, queries: 3, eps, distribution: 'rademacher' })).toEqual(plan.map(([query, sign]) => plainRow(query, sign * eps)));
});

test.each([['out', { out: 1 }], ['b', { b: 1 }], ['seeds', { seeds: 1 }]])('%s of another length is refused', (field, cut: { out?: number; b?: number; seeds?: number }) => {
  const estimator: Estimator = { type: 'central', queries: 3, eps: 0.01, distribution: 'rademacher' };
  const out = new Float32Array(6 * layout.size - (cut.out ?? 0));
  expect(() => perturbedRowsInto(out, { b: b.subarray(cut.b ?? 0), layout, key, seeds: seeds.subarray(cut.seeds ?? 0), estimator }))
    .toThrow(expect.objectContaining({ code: 'numerics.length', field }));
});
