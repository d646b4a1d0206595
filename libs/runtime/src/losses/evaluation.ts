import { type BatchEvaluation } from '../engine/engine.js';

/**
 * Sums over one batch with classes; of equal logits the first is the greatest.
 * @param losses [b]
 * @param logits [b*C]
 * @param labels [b]
 */
export function evaluationOfClasses({ losses, logits, labels }: { losses: Float32Array; logits: Float32Array; labels: BigInt64Array }): BatchEvaluation {
  const classes = logits.length / labels.length;
  const zeros = () => Array<number>(classes).fill(0);
  const perClass = { actual: zeros(), predicted: zeros(), correct: zeros() };
  const count = (of: number[], at: number) => { of[at] = (of[at] ?? 0) + 1; };
  let correct = 0;
  labels.forEach((label, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const greatest = row.indexOf(Math.max(...row));
    count(perClass.actual, Number(label));
    count(perClass.predicted, greatest);
    if (greatest !== Number(label)) return;
    count(perClass.correct, greatest);
    correct++;
  });
  return { lossSum: losses.reduce((sum, loss) => sum + loss, 0), correct, count: labels.length, perClass };
}

/**
 * Sums over the counted tokens of one batch.
 * @param losses [b] mean over the counted tokens of each example
 * @param predicted token held likeliest behind each position: [b*T], or [b*(T-1)] without the last
 * @param labels [b*T] negative where nothing is counted; nothing is at position 0
 */
export function evaluationOfTokens({ losses, predicted, labels }: { losses: Float32Array; predicted: BigInt64Array; labels: BigInt64Array }): BatchEvaluation {
  const tokens = labels.length / losses.length;
  const foretold = predicted.length / losses.length;
  const sums = { lossSum: 0, correct: 0, count: 0 };
  losses.forEach((loss, i) => {
    let counted = 0;
    for (let t = 1; t < tokens; t++) {
      const label = labels[i * tokens + t] ?? -1n;
      if (label < 0n) continue;
      counted++;
      if (predicted[i * foretold + t - 1] === label) sums.correct++;
    }
    sums.count += counted;
    sums.lossSum += loss * counted;
  });
  return sums;
}
