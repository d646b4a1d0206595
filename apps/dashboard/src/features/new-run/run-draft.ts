import { type canaryFailures, type memberships, type Model, type precisions, type RunRequest, type TaskType } from '@seedfleet/protocol';
import { trainedValues } from '../../shell/round-bytes';

/** What the wizard asks for: plain values, so that it stands in the address. Null: not said. */
export interface RunDraft {
  /** null: every active device, or those of the group */
  devices: string[] | null;
  /** id */
  group: string | null;
  membership: (typeof memberships)[number];
  model: string | null;
  name: string;
  task: TaskType;
  labels: string;
  /** of a verbalizer: one a label, with commas between; a space before a word counts */
  words: string;
  template: string;
  tokensMax: number;
  /** language: a longer text becomes windows that share so many tokens; null: it is cut */
  overlap: number | null;
  rank: number;
  alpha: number;
  sites: string;
  scale: number;
  /** linears whose outputs get a trained bias; empty: none */
  biases: string;
  biasScale: number;
  headScale: number;
  precision: (typeof precisions)[number];
  estimator: RunRequest['estimator']['type'];
  queries: number;
  eps: number;
  distribution: RunRequest['estimator']['distribution'];
  directionGroups: number;
  batchExamples: number;
  step: RunRequest['stepRule']['type'];
  learningRate: number;
  schedule: RunRequest['stepRule']['schedule'];
  rounds: number;
  cohort: number;
  overSelection: number;
  reportsMin: number;
  deadlineSeconds: number;
  evaluationEveryRounds: number;
  checkpointEveryRounds: number;
  attemptsMax: number;
  heldOutMin: number;
  targetLoss: number | null;
  targetAccuracy: number | null;
  plateau: number | null;
  plateauImprovement: number;
  divergence: number | null;
  budgetScalars: number | null;
  budgetHours: number | null;
  canaryRounds: number | null;
  canaryDevices: number | null;
  canaryShare: number | null;
  canaryGroup: string | null;
  canaryDepartures: number;
  canaryFailure: (typeof canaryFailures)[number];
  /** ISO */
  startAt: string | null;
  after: number | null;
  whenFree: boolean;
}

/** The settings that the sentence encoder was tuned with, as `seedfleet runs start` has them; cohort and reports no larger than the fleet. */
export function draftFor(devices: number): RunDraft {
  const cohort = Math.max(1, Math.min(4, devices));
  return {
    devices: null, group: null, membership: 'followed', model: null, name: '', task: 'classification', labels: 'negative, positive', words: ' bad, good', template: '{text} It was', tokensMax: 128, overlap: null,
    rank: 8, alpha: 16, sites: '.*', scale: 1, biases: '', biasScale: 1, headScale: 10, precision: 'fp32',
    estimator: 'leave-one-out', queries: 8, eps: 1e-2, distribution: 'rademacher', directionGroups: 1, batchExamples: 16, step: 'normalised', learningRate: 1e-2, schedule: 'constant',
    rounds: 120, cohort, overSelection: 1.25, reportsMin: Math.min(2, cohort), deadlineSeconds: 30, evaluationEveryRounds: 20, checkpointEveryRounds: 20, attemptsMax: 10, heldOutMin: 10,
    targetLoss: null, targetAccuracy: null, plateau: null, plateauImprovement: 0, divergence: null, budgetScalars: null, budgetHours: null,
    canaryRounds: null, canaryDevices: null, canaryShare: null, canaryGroup: null, canaryDepartures: 0.25, canaryFailure: 'pause', startAt: null, after: null, whenFree: false,
  };
}

/** Devices of a canary where nothing else says how many, as the command line has it. */
export const canaryDevicesDefault = 3;

export const labelsOf = (draft: RunDraft) => draft.labels.split(',').map((label) => label.trim()).filter((label) => label !== '');

export const wordsOf = (draft: RunDraft) => draft.words.split(',').filter((word) => word.trim() !== '');

/** What is wrong with the task, or null. */
export function problemOfTask(draft: RunDraft): string | null {
  const labels = labelsOf(draft);
  if (draft.task !== 'language' && (labels.length < 2 || new Set(labels).size < labels.length)) return 'Give at least two labels, each once.';
  if (draft.task === 'verbalizer' && wordsOf(draft).length !== labels.length) return 'Give one word for each label.';
  if (draft.task === 'verbalizer' && draft.template.split('{text}').length !== 2) return 'The template must hold {text} once.';
  return null;
}

/** Sites whose whole name matches, as the coordinator decides it; null where the pattern is none. */
export function matchingSites(model: Model | undefined, pattern: string): Model['sites'] | null {
  try {
    const expression = new RegExp(`^(?:${pattern})$`, 'u');
    return (model?.sites ?? []).filter((site) => expression.test(site.name));
  } catch {
    return null;
  }
}

/** Whether every pattern that is given matches something, and something is trained. */
export function patternsFit(draft: RunDraft, model: Model): boolean {
  const patterns = [draft.sites, draft.biases].filter((pattern) => pattern !== '');
  return patterns.every((pattern) => (matchingSites(model, pattern)?.length ?? 0) > 0) && (patterns.length > 0 || draft.task === 'classification');
}

/** Values that the run would train. */
export function trainedBy(draft: RunDraft, model: Model): number {
  const head = draft.task === 'classification' ? { width: model.outputWidth ?? 0, classes: labelsOf(draft).length } : { width: 0, classes: 0 };
  const biases = draft.biases === '' ? [] : matchingSites(model, draft.biases) ?? [];
  const sites = draft.sites === '' ? [] : matchingSites(model, draft.sites) ?? [];
  return trainedValues({ sites, rank: draft.rank, ...head }) + biases.reduce((sum, { outputs }) => sum + outputs, 0);
}
