import { type RunBudget } from './run-budget.js';

/** When a run ends before its last round: `policy.stop` of its manifest. Looked at after each evaluation. */
export interface StopConditions {
  /** done once the held-out loss is this or less */
  targetLoss?: number | undefined;
  /** done once the held-out accuracy is this or more */
  targetAccuracy?: number | undefined;
  /** done once the best loss of so many evaluations in a row is not better by `improvement` than the best before them */
  plateau?: { evaluations: number; improvement: number } | undefined;
  /** failed once the loss is more than so many times the first one */
  divergence?: number | undefined;
  /** completed before the attempt that could spend more than this */
  budget?: RunBudget | undefined;
}

/** What the conditions need of the evaluations so far. */
export interface Progress { firstLoss: number | null; bestLoss: number | null; evaluationsWithoutImprovement: number }

/** Means of one evaluation. */
export interface Evaluated { loss: number; accuracy: number }

export interface Verdict { state: 'completed' | 'failed'; cause: string }

export const noProgress: Progress = { firstLoss: null, bestLoss: null, evaluationsWithoutImprovement: 0 };

/** The progress with one more evaluation, and how the run ends by it; null where it goes on. */
export function judgeProgress(progress: Progress, { loss, accuracy }: Evaluated, conditions: StopConditions): { progress: Progress; verdict: Verdict | null } {
  const { plateau, divergence, targetLoss, targetAccuracy } = conditions;
  const firstLoss = progress.firstLoss ?? loss;
  const improved = progress.bestLoss === null || loss < progress.bestLoss - (plateau?.improvement ?? 0);
  const next: Progress = {
    firstLoss, bestLoss: improved ? loss : progress.bestLoss, evaluationsWithoutImprovement: improved ? 0 : progress.evaluationsWithoutImprovement + 1,
  };
  const verdict = (state: Verdict['state'], cause: string) => ({ progress: next, verdict: { state, cause } });
  if (divergence !== undefined && loss > divergence * firstLoss) return verdict('failed', 'diverged');
  if (targetLoss !== undefined && loss <= targetLoss) return verdict('completed', 'target-reached');
  if (targetAccuracy !== undefined && accuracy >= targetAccuracy) return verdict('completed', 'target-reached');
  if (plateau !== undefined && next.evaluationsWithoutImprovement >= plateau.evaluations) return verdict('completed', 'plateau');
  return { progress: next, verdict: null };
}
