import { correlationOf, linearityBeside, linearityOf, type EpsMeasure } from './linearity.js';

const slopes = [0.5, -0.2, 0.9, -0.7, 0.1, -0.4];
const bends = [3, -4, 1, 2, -5, 6];
/** Differences of a loss of known slopes and cubic bends, with a fixed error that has nothing to do with them. */
function measured(epsilons: readonly number[], error: number): EpsMeasure[] {
  const errors = [1, 1, -1, -1, 1, -1];
  return epsilons.map((eps) => {
    const differences = slopes.map((slope, j) => eps * slope + eps ** 3 * (bends[j] ?? 0) + error * (errors[j] ?? 0) * Math.sin(1e6 * eps));
    return { eps, gradients: Float64Array.from(differences, (difference) => difference / eps), size: Math.sqrt(differences.reduce((sum, d) => sum + d * d, 0) / differences.length) };
  });
}
const epsilons = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1];

test('the reference is the smallest eps above the noise, and the range ends where the loss bends', () => {
  const found = linearityOf(measured(epsilons, 1e-5), 1e-5);
  // Slopes of about 0.55: ten times the noise from eps = 2e-4 on; eps^2 times the bends is a hundredth at 0.1 and more than the slopes at 1.
  expect(found).toMatchObject({ reference: 1e-3, upTo: 0.1, suggested: 1e-2 });
  expect(found.findings[4]?.correlation).toBeGreaterThan(0.98);
  expect(found.findings[5]?.correlation).toBeLessThan(0.5);
});

test('a loss without noise is linear from the first eps', () => {
  expect(linearityOf(measured(epsilons, 0), 0)).toMatchObject({ reference: 1e-5 });
});

test('differences below the noise have no reference', () => {
  expect(linearityOf(measured([1e-5, 1e-4], 1e-3), 1e-3)).toMatchObject({ reference: null, suggested: null, findings: [{ correlation: null }, { correlation: null }] });
});

test('differences far above the noise that change their directions with eps are no reference either', () => {
  const rough = epsilons.map((eps, k) => ({ eps, gradients: k % 2 === 0 ? Float64Array.of(1, -1, 1, -1, 0, 0) : Float64Array.of(1, 1, -1, -1, 0, 0), size: 1 }));
  expect(linearityOf(rough, 1e-9).reference).toBeNull();
});

test('correlation is that of numpy.corrcoef', () => {
  expect(correlationOf(Float64Array.of(1, 2, 3, 4), Float64Array.of(2, 1, 4, 3))).toBeCloseTo(0.6, 12);
  expect(correlationOf(Float64Array.of(1, 1), Float64Array.of(1, 2))).toBe(0);
});

/** Differences that eight bits got wrong by much the same, whatever eps: they agree with each other long before they are those of float32. */
function rounded(exact: readonly EpsMeasure[], error: number): EpsMeasure[] {
  const errors = [1, 1, -1, -1, 1, -1];
  return exact.map(({ eps, gradients, size }) => ({ eps, size, gradients: gradients.map((gradient, j) => gradient + error * (errors[j] ?? 0) / eps) }));
}

test('in eight bits the eps is that whose gradients are nearest to the slopes of float32', () => {
  const exact = measured(epsilons, 0);
  const found = linearityBeside(rounded(exact, 3e-3), { float: exact, noise: 1e-9 });
  // Taken by themselves they are a line from the first eps on, a wrong one.
  expect(linearityOf(rounded(exact, 3e-3), 1e-9).reference).toBe(1e-5);
  expect(found.findings[0]?.float32).toBeLessThan(0.5);
  expect(found).toMatchObject({ reference: 0.1, upTo: 0.1, suggested: 0.1 });
  // At 1 the two are alike and neither is the slope.
  expect(found.findings[5]?.float32).toBeGreaterThan(0.99);
  expect(found.findings[5]?.correlation).toBeLessThan(0.5);
});

test('where no eps is good the best one is suggested, and there is no range', () => {
  const exact = measured(epsilons, 0);
  expect(linearityBeside(rounded(exact, 0.1), { float: exact, noise: 1e-9 })).toMatchObject({ reference: null, upTo: null, suggested: 0.1 });
});
