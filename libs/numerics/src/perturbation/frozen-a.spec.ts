import { frozenA } from './frozen-a.js';

const runKey = new Uint8Array(32).fill(7);

test('a frozen A is uniform within 1/sqrt(d_in), as PEFT starts lora_A', () => {
  const a = frozenA({ runKey, site: 0, inputs: 400, rank: 50 });
  const bound = 1 / Math.sqrt(400);
  const variance = a.reduce((sum, value) => sum + value * value, 0) / a.length;
  expect(Math.max(...a)).toBeLessThanOrEqual(bound);
  expect(Math.min(...a)).toBeGreaterThanOrEqual(-bound);
  expect(variance / (bound * bound / 3)).toBeCloseTo(1, 1);
});

test('every site and every run has its own frozen A', () => {
  const a = frozenA({ runKey, site: 0, inputs: 8, rank: 2 });
  expect(a).toHaveLength(16);
  expect(frozenA({ runKey, site: 1, inputs: 8, rank: 2 })).not.toEqual(a);
  expect(frozenA({ runKey: new Uint8Array(32), site: 0, inputs: 8, rank: 2 })).not.toEqual(a);
});
