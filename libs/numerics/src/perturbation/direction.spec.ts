import { sha256 } from '@seedfleet/ledger';
import { readVectors } from '../../vectors/vector-files.js';
import { directionInto, rademacherBits, type Distribution } from './direction.js';
import { normalQuantile } from './gaussian.js';

const key = sha256(new TextEncoder().encode('directions'));
const draws = 200_000;

function direction({ distribution, size = draws, seed = 1n, site = 0 }: { distribution: Distribution; size?: number; seed?: bigint; site?: number }): Float64Array {
  const z = new Float64Array(size);
  directionInto(z, { key, seed, site, distribution });
  return z;
}

const mean = (values: Float64Array, power = 1) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;

describe('a Rademacher direction', () => {
  test('is -1 and +1 with the balance of fair coins', () => {
    const z = direction({ distribution: 'rademacher' });
    expect(new Set(z)).toEqual(new Set([-1, 1]));
    expect(Math.abs(mean(z))).toBeLessThan(4 / Math.sqrt(draws));
  });

  test('unpacks the bits of its stream one by one', () => {
    const size = 1003;
    const bits = rademacherBits({ key, seed: 9n, site: 4 }, size);
    const plain = Array.from({ length: size }, (_, i) => (Math.floor((bits[Math.floor(i / 8)] ?? 0) / 2 ** (i % 8)) % 2 === 1 ? 1 : -1));
    expect([...direction({ distribution: 'rademacher', size, seed: 9n, site: 4 })]).toEqual(plain);
  });
});

describe('a Gaussian direction', () => {
  const z = direction({ distribution: 'gaussian' });

  // Bounds: four standard errors of the moment in question, sd of x^k from the moments 1, 2, 15, 96 of a standard normal.
  test.each([[1, 0, 1], [2, 1, 2], [3, 0, 15], [4, 3, 96]])('has moment %i of a standard normal distribution', (power, expected, variance) => {
    expect(Math.abs(mean(z, power) - expected)).toBeLessThan(4 * Math.sqrt(variance / draws));
  });

  test('follows the normal distribution function: Kolmogorov-Smirnov at the one in a thousand level', () => {
    const sorted = z.slice().sort();
    const distance = Math.max(...readVectors('normal').distribution.map(([x, expected]) => Math.abs(countBelow(sorted, x) / draws - Number(expected))));
    expect(distance).toBeLessThan(1.95 / Math.sqrt(draws));
  });

  test('has the tails of a normal distribution beyond three and four standard deviations', () => {
    const [three, four] = [3, 4].map((x) => 2 * Number(readVectors('normal').distribution.find(([at]) => at === -x)?.[1]) * draws) as [number, number];
    const beyond = (x: number) => z.filter((value) => Math.abs(value) > x).length;
    expect(Math.abs(beyond(3) - three)).toBeLessThan(4 * Math.sqrt(three));
    expect(Math.abs(beyond(4) - four)).toBeLessThan(4 * Math.sqrt(four));
  });

  test('has no correlation between neighbours', () => {
    const products = z.subarray(1).map((value, i) => value * (z[i] ?? 0));
    expect(Math.abs(mean(products))).toBeLessThan(4 / Math.sqrt(draws));
  });

  test('takes opposite words to exactly opposite values, and grows with the word', () => {
    const words = readVectors('normal').quantiles.map(([word]) => word);
    expect(words.map((word) => normalQuantile(2 ** 32 - 1 - word))).toEqual(words.map((word) => -normalQuantile(word)));
    const values = words.map(normalQuantile);
    expect(values).toEqual([...values].sort((a, b) => a - b));
  });

  test('ends at 6.34 standard deviations, where 32 bits end', () => {
    expect(normalQuantile(2 ** 32 - 1)).toBeCloseTo(6.338, 3);
  });
});

function countBelow(sorted: Float64Array, x: number): number {
  const index = sorted.findIndex((value) => value > x);
  return index < 0 ? sorted.length : index;
}

test.each(['rademacher', 'gaussian'] as const)('a %s direction depends on seed and site, and on nothing that was asked before', (distribution) => {
  const first = direction({ distribution, size: 64 });
  expect(direction({ distribution, size: 64, seed: 2n })).not.toEqual(first);
  expect(direction({ distribution, size: 64, site: 1 })).not.toEqual(first);
  expect(direction({ distribution, size: 64 })).toEqual(first);
  expect(direction({ distribution, size: 640 }).subarray(0, 64)).toEqual(first);
});
