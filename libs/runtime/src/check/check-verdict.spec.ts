import { refusalOf, warningsOf } from './check-verdict.js';
import { stepSizeOf } from './step-size.js';

const noise = { repeat: 0, separate: 1e-7, neighbours: 1e-7, rounding: 5e-8 };
const linearity = { reference: 1e-3, upTo: 0.1, suggested: 1e-2, findings: [{ eps: 1e-3, signalToNoise: 100, agreement: 1, correlation: 1, float32: null }] };

test('a model whose noise is that of rounding passes', () => {
  expect(refusalOf({ noise, size: 1e-3, linearity })).toBeUndefined();
});

test('differences as small as the rounding are no fault of the rows', () => {
  expect(refusalOf({ noise, size: 2e-7, linearity })).toBeUndefined();
});

test.each([
  ['check.rows-disturbed', { noise: { ...noise, separate: 2e-4 }, size: 1e-3, linearity }, 'parallel'],
  ['check.rows-disturbed', { noise: { ...noise, neighbours: 2e-4 }, size: 1e-3, linearity }, 'neighbours'],
  ['check.not-repeatable', { noise: { ...noise, repeat: 2e-4 }, size: 1e-3, linearity }, 'repeat'],
  ['check.no-effect', { noise, size: 0, linearity }, 'output'],
  ['check.no-linear-range', { noise, size: 1e-3, linearity: { ...linearity, reference: null } }, 'eps'],
])('%s (%#)', (code, parts, field) => {
  expect(refusalOf(parts)).toMatchObject({ code, field });
});

test('the greatest step of a parabola is its lowest point', () => {
  // L(t) = 1 - 0.8 t + 4 t^2: lowest at t = 0.1.
  const after = [0.01, 0.05, 0.1, 0.2, 0.5].map((learningRate) => ({ learningRate, loss: 1 - 0.8 * learningRate + 4 * learningRate ** 2 }));
  expect(stepSizeOf({ before: 1, after, slope: 0.8 - 1e-9 })).toEqual({ greatest: 0.1, suggested: 0.025 });
  expect(stepSizeOf({ before: 1, after: after.map((step) => ({ ...step, loss: 2 })), slope: 0.8 })).toBeNull();
});

describe('losses held against those of float32', () => {
  const at = (eps: number, correlation: number, float32: number) => ({ eps, signalToNoise: 1e4, agreement: 0.99, correlation, float32 });
  const beside = (...findings: ReturnType<typeof at>[]) => ({ reference: null, upTo: null, suggested: 0.1, findings });
  test('are refused where no eps has a half of their directions, however well they agree with each other', () => {
    expect(refusalOf({ noise, size: 1e-3, linearity: beside(at(0.01, 0.2, 0.3), at(0.1, 0.4, 0.6), at(1, 0.3, 0.9)) })).toMatchObject({ code: 'check.precision-disagrees', problem: expect.stringContaining('0.40') });
  });
  test('pass with a warning where they have most', () => {
    const linearity = beside(at(0.01, 0.3, 0.3), at(0.1, 0.8, 0.9));
    expect(refusalOf({ noise, size: 1e-3, linearity })).toBeUndefined();
    expect(warningsOf({ linearity, scales: [] })).toEqual([expect.stringMatching(/eps 0.1, .* 0.80/)]);
    expect(warningsOf({ linearity: beside(at(0.1, 0.96, 0.97)), scales: [] })).toEqual([]);
  });
  test('a kind of values that drowns behind another is named, with the scale that lifts it', () => {
    const alone = beside(at(0.1, 0.3, 0.3), at(1, 0.97, 0.98));
    const scale = { kind: 'lora', option: '--scale', scale: 1, suggested: 10, atSuggestedEps: 0.3, best: 0.97, linearity: { ...alone, suggested: 1 } } as const;
    expect(warningsOf({ linearity: beside(at(0.1, 0.99, 0.99)), scales: [scale] })).toEqual([expect.stringMatching(/^At eps 0.1 the differences of the adapters alone .* 0.30; --scale 10 .* 0.97\.$/)]);
  });
});
