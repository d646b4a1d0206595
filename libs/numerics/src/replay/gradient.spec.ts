import fc from 'fast-check';
import { layoutOf } from '../layout/layout.js';
import { directionInto } from '../perturbation/direction.js';
import { gradientInto, type GradientOrigin } from './gradient.js';

/** docs/numerics.md, "Replay", word by word: the plain twin of the table of sums. */
function plainGradient({ layout, key, distribution, seeds, coefficients }: GradientOrigin): Float64Array {
  const out = new Float64Array(layout.size);
  for (const { index, size, offset, scale } of layout.sites) {
    const z = new Float64Array(size);
    for (let j = 0; j < coefficients.length; j++) {
      directionInto(z, { key, seed: seeds[j] ?? 0n, site: index, distribution });
      for (let i = 0; i < size; i++) out[offset + i] = (out[offset + i] ?? NaN) + ((coefficients[j] ?? NaN) * scale) * (z[i] ?? NaN);
    }
    for (let i = 0; i < size; i++) out[offset + i] = (out[offset + i] ?? NaN) / coefficients.length;
  }
  return out;
}

const origins = (): fc.Arbitrary<Omit<GradientOrigin, 'distribution'>> => fc.record({
  layout: fc.array(fc.record({ name: fc.constant('site'), shape: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 2 }), scale: fc.double({ min: 1e-3, max: 1e3, noNaN: true }) }), { minLength: 1, maxLength: 3 }).map(layoutOf),
  key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  pairs: fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.oneof(fc.constantFrom(0, -0, 1, 5e-324), fc.double({ min: -1e9, max: 1e9, noNaN: true }))), { minLength: 1, maxLength: 20 }),
}).map(({ pairs, ...rest }) => ({ ...rest, seeds: BigUint64Array.from(pairs, ([seed]) => seed), coefficients: Float64Array.from(pairs, ([, coefficient]) => coefficient) }));

test.each(['rademacher', 'gaussian'] as const)('the gradient of %s directions has the bits of the plain loop, for any number of queries', (distribution) => fc.assert(fc.property(origins(), (origin) => {
  // What stood in the output before does not matter.
  const out = new Float64Array(origin.layout.size).fill(NaN);
  gradientInto(out, { ...origin, distribution });
  const plain = plainGradient({ ...origin, distribution });
  expect(out.every((value, i) => Object.is(value, plain[i]))).toBe(true);
})));
