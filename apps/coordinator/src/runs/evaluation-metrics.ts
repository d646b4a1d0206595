import { type Evaluation } from '@seedfleet/protocol';
import { type ClassSums } from '@seedfleet/rounds';
import { type EvaluationRow } from '../rounds/evaluation.repository.js';

/**
 * Mean over classes of F1 = 2 TP / (2 TP + FP + FN) = 2 correct / (actual + predicted). Classes that nobody has or says are left out, as
 * scikit-learn's f1_score(average='macro') does: it takes the labels that occur in truth or prediction.
 */
export function macroF1({ actual, predicted, correct }: ClassSums): number | null {
  const scores = actual.flatMap((count, index) => {
    const both = count + (predicted[index] ?? 0);
    return both === 0 ? [] : [2 * (correct[index] ?? 0) / both];
  });
  return scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** The means that an evaluation shows. @param isLanguage whether examples are predicted tokens */
export function metricsOf({ round, lossSum, correct, count, perClass }: EvaluationRow, { isLanguage }: { isLanguage: boolean }): Omit<Evaluation, 'devices' | 'at'> {
  const loss = lossSum / count;
  // Shown, never replayed.
  const perplexity = isLanguage ? Math.exp(loss) : null;
  return { round, loss, accuracy: correct / count, macroF1: perClass === null ? null : macroF1(perClass), perplexity: perplexity !== null && Number.isFinite(perplexity) ? perplexity : null, count };
}
