import fc from 'fast-check';
import { layoutOf, type Layout } from '../layout/layout.js';
import { directionInto } from '../perturbation/direction.js';
import { shortStreamWords } from '../stream/short-streams.js';
import { advanceInto, type CommittedStep } from './advance.js';

/** docs/numerics.md, "Replay", `sgd`, word by word: the plain twin of the table of steps. */
function plainStep(b: Float64Array, { seeds, coefficients, learningRate }: CommittedStep, { layout, key }: { layout: Layout; key: Uint8Array }): void {
  for (const { index, size, offset, scale } of layout.sites) {
    const gradient = new Float64Array(size);
    const z = new Float64Array(size);
    coefficients.forEach((coefficient, j) => {
      directionInto(z, { key, seed: seeds[j] ?? 0n, site: index, distribution: 'rademacher' });
      for (let i = 0; i < size; i++) gradient[i] = (gradient[i] ?? NaN) + (coefficient * scale) * (z[i] ?? NaN);
    });
    for (let i = 0; i < size; i++) b[offset + i] = (b[offset + i] ?? NaN) - learningRate * ((gradient[i] ?? NaN) / coefficients.length);
  }
}

const finite = () => fc.oneof(fc.constantFrom(0, -0, 1, 5e-324), fc.double({ min: -1e9, max: 1e9, noNaN: true }));
// Sizes about a word of 32 values, about the 8,192 that are turned at a time, and anything.
const size = () => fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 8190, max: 8300 }), fc.integer({ min: 1, max: 20_000 }));

test.each(['sgd', 'normalised'] as const)('a step of Rademacher directions has the bits of the plain loop (%s)', (type) => fc.assert(fc.property(
  fc.array(fc.tuple(size(), fc.double({ min: 1e-3, max: 1e3, noNaN: true })), { minLength: 1, maxLength: 3 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), finite(),
  fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), finite()), { minLength: 1, maxLength: 10 }),
  (sites, key, learningRate, pairs) => {
    const layout = layoutOf(sites.map(([length, scale]) => ({ name: 'site', shape: [length], scale })));
    const coefficients = Float64Array.from(pairs, ([, coefficient]) => coefficient);
    const committed = { seeds: BigUint64Array.from(pairs, ([seed]) => seed), coefficients, learningRate };
    const b = Float64Array.from({ length: layout.size }, (_, i) => (i % 7) / 3 - 1);
    const plain = b.slice();
    advanceInto([b], committed, { key, distribution: 'rademacher', stepRule: { type }, layout, step: 1 });
    const rms = Math.sqrt(coefficients.reduce((sum, c) => sum + c * c, 0) / coefficients.length);
    const scaled = type === 'sgd' || rms === 0 ? coefficients : coefficients.map((c) => c / rms);
    plainStep(plain, { ...committed, coefficients: scaled }, { layout, key });
    expect(b.every((value, i) => Object.is(value, plain[i]))).toBe(true);
  },
), { numRuns: 60 }));

test('a site whose streams are too long for WebAssembly is turned in plain JavaScript to the same bits', () => {
  const layout = layoutOf([{ name: 'site', shape: [32 * shortStreamWords + 45], scale: 0.7 }]);
  const committed = { seeds: BigUint64Array.from({ length: 8 }, (_, j) => 0x9e3779b97f4a7c15n * BigInt(j)), coefficients: Float64Array.from({ length: 8 }, (_, j) => j / 3 - 1), learningRate: 0.01 };
  const [b, plain] = [new Float64Array(layout.size).fill(0.3), new Float64Array(layout.size).fill(0.3)];
  const key = new Uint8Array(32).fill(6);
  advanceInto([b], committed, { key, distribution: 'rademacher', stepRule: { type: 'sgd' }, layout, step: 1 });
  plainStep(plain, committed, { layout, key });
  expect(b).toEqual(plain);
});
