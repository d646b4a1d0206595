import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { coefficientsOf, differencesOf, rowPlan, rowsOf, type Estimator } from './estimator.js';

/** Losses of the real encoder, computed by PyTorch: row 0 unperturbed, then +z0, -z0, +z1, ... */
const encoder = JSON.parse(readFileSync(new URL('../../vectors/encoder-losses.json', import.meta.url), 'utf8')) as {
  eps: number; losses: number[][];
  central: { differences: number[]; projected_gradients: number[] }; forward: { differences: number[] }; leave_one_out: { differences: number[] };
};
const meanLosses = Float64Array.from(encoder.losses, (row) => row.reduce((sum, loss) => sum + loss, 0) / row.length);
const rowsFor = { 'central': [1, 2, 3, 4, 5, 6], 'forward': [0, 1, 3, 5], 'leave-one-out': [1, 3, 5] } as const;
const expected = { 'central': encoder.central.differences, 'forward': encoder.forward.differences, 'leave-one-out': encoder.leave_one_out.differences };
const types = ['central', 'forward', 'leave-one-out'] as const;

describe.each(types)('the %s estimator', (type) => {
  const estimator = { type, queries: 3, eps: encoder.eps };
  const losses = Float64Array.from(rowsFor[type], (row) => meanLosses[row] ?? NaN);

  test('takes as many rows as it plans', () => {
    expect(rowsOf(estimator)).toBe(rowsFor[type].length);
    expect(rowPlan(estimator)).toHaveLength(rowsFor[type].length);
  });

  test('makes the differences of the PyTorch encoder out of its losses', () => {
    const differences = differencesOf({ estimator, losses });
    differences.forEach((difference, j) => expect(Math.abs(difference / (expected[type][j] ?? NaN) - 1)).toBeLessThan(1e-6));
  });

  test('does not see a constant added to every loss', () => {
    const shifted = differencesOf({ estimator, losses: losses.map((loss) => loss + 2) });
    differencesOf({ estimator, losses }).forEach((difference, j) => expect(shifted[j]).toBeCloseTo(difference, 9));
  });

  test('refuses a loss that is not finite by its place, without telling it', () => fc.assert(fc.property(
    fc.nat({ max: losses.length - 1 }), fc.constantFrom(NaN, Infinity, -Infinity),
    (place, bad) => {
      const broken = losses.slice();
      broken[place] = bad;
      expect(() => differencesOf({ estimator, losses: broken })).toThrow(expect.objectContaining({ code: 'numerics.not-finite', field: `losses.${place}` }));
    },
  )));

  test('refuses another number of losses than rows', () => {
    expect(() => differencesOf({ estimator, losses: losses.subarray(1) })).toThrow(expect.objectContaining({ code: 'numerics.length', field: 'losses' }));
  });
});

test('central projected gradients are those of PyTorch', () => {
  const coefficients = coefficientsOf({ estimator: { type: 'central', eps: encoder.eps }, differences: Float64Array.from(encoder.central.differences) });
  coefficients.forEach((coefficient, j) => expect(Math.abs(coefficient / (encoder.central.projected_gradients[j] ?? NaN) - 1)).toBeLessThan(1e-12));
});

test('one-sided projected gradients divide by one eps', () => {
  for (const type of ['forward', 'leave-one-out'] as const) {
    expect([...coefficientsOf({ estimator: { type, eps: 0.5 }, differences: Float64Array.of(1, -2) })]).toEqual([2, -4]);
  }
});

/** A loss whose derivatives are known: L(x) = g.x + x.H.x / 2 with diagonal H. */
test('central and leave-one-out cancel the curvature that forward keeps', () => {
  const [gz, zHz, eps] = [[0.3, -0.7, 0.2], 5, 0.1];
  const at = (j: number, sign: number) => sign * eps * (gz[j] ?? 0) + eps * eps * zHz / 2;
  const estimate = (type: Estimator['type'], losses: number[]) =>
    coefficientsOf({ estimator: { type, eps }, differences: Float64Array.from(differencesOf({ estimator: { type, queries: 3 }, losses: Float64Array.from(losses) })) });
  const mean = gz.reduce((sum, value) => sum + value, 0) / 3;
  estimate('central', gz.flatMap((_, j) => [at(j, 1), at(j, -1)])).forEach((g, j) => expect(g).toBeCloseTo(gz[j] ?? NaN, 6));
  estimate('leave-one-out', gz.map((_, j) => at(j, 1))).forEach((g, j) => expect(g).toBeCloseTo(((gz[j] ?? NaN) - mean) * 1.5, 6));
  estimate('forward', [0, ...gz.map((_, j) => at(j, 1))]).forEach((g, j) => expect(g).toBeCloseTo((gz[j] ?? NaN) + eps * zHz / 2, 6));
});
