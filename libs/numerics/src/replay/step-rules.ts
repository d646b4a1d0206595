import { type StepRuleType } from './adapter-state.js';

const momentum = 0.9;
const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/** One step: changes copies of the state's arrays in place. */
interface Step {
  /** [B], [B, m] or [B, m, v]; overwritten */
  values: readonly Float64Array[];
  /** [size] */
  gradient: Float64Array;
  learningRate: number;
  /** of this step, from 1 */
  step: number;
}

/** The step rules, in the exact order of operations of docs/numerics.md. `normalised` scales the coefficients before they become G. */
export const stepRules: Record<StepRuleType, (step: Step) => void> = { sgd, normalised: sgd, momentum: heavyBall, adam };

/**
 * Coefficients as they enter G. normalised: divided by their root mean square, so that the size of a step is the learning rate's alone
 * (all zero stays zero). Source: FZOO's normalised step. The other rules take them as they are.
 */
export function scaledCoefficients(type: StepRuleType, coefficients: Float64Array): Float64Array {
  if (type !== 'normalised') return coefficients;
  let squares = 0;
  for (const coefficient of coefficients) squares += coefficient * coefficient;
  const rms = Math.sqrt(squares / coefficients.length);
  return rms === 0 ? coefficients : coefficients.map((coefficient) => coefficient / rms);
}

/** B = B - lr G */
function sgd({ values, gradient, learningRate }: Step): void {
  const [b] = values as [Float64Array];
  for (let i = 0; i < b.length; i++) b[i] = (b[i] as number) - learningRate * (gradient[i] as number);
}

/** m = 0.9 m + G; B = B - lr m */
function heavyBall({ values, gradient, learningRate }: Step): void {
  const [b, m] = values as [Float64Array, Float64Array];
  for (let i = 0; i < b.length; i++) {
    const mi = momentum * (m[i] as number) + (gradient[i] as number);
    m[i] = mi;
    b[i] = (b[i] as number) - learningRate * mi;
  }
}

/**
 * m = b1 m + (1 - b1) G; v = b2 v + (1 - b2) (G G); B = B - lr ((m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)).
 * Source: Kingma and Ba (arXiv 1412.6980), Algorithm 1. The powers are t multiplications from 1: Math.pow may differ in the last bit.
 */
function adam({ values, gradient, learningRate, step }: Step): void {
  const [b, m, v] = values as [Float64Array, Float64Array, Float64Array];
  let power1 = 1;
  let power2 = 1;
  for (let t = 0; t < step; t++) {
    power1 *= beta1;
    power2 *= beta2;
  }
  for (let i = 0; i < b.length; i++) {
    const g = gradient[i] as number;
    const mi = beta1 * (m[i] as number) + (1 - beta1) * g;
    const vi = beta2 * (v[i] as number) + (1 - beta2) * (g * g);
    m[i] = mi;
    v[i] = vi;
    b[i] = (b[i] as number) - learningRate * ((mi / (1 - power1)) / (Math.sqrt(vi / (1 - power2)) + epsilon));
  }
}
