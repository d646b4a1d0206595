import { type Model, type precisions, type RunRequest, type TaskType } from '@seedfleet/protocol';
import { trainedValues } from '../../shell/round-bytes';
import { shellWord } from '../../shell/shell-words';

/** What the wizard asks for. Numbers are text while they are typed. */
export interface RunDraft {
  /** null: every active device */
  devices: string[] | null;
  model: string | null;
  name: string;
  task: TaskType;
  labels: string;
  /** of a verbalizer: one a label, with commas between; a space before a word counts */
  words: string;
  template: string;
  tokensMax: number;
  rank: number;
  alpha: number;
  sites: string;
  /** linears whose outputs get a trained bias; empty: none */
  biases: string;
  precision: (typeof precisions)[number];
  rounds: number;
  cohort: number;
  reportsMin: number;
  deadlineSeconds: number;
  queries: number;
  learningRate: number;
  batchExamples: number;
  evaluationEveryRounds: number;
}

/** The settings that the sentence encoder was tuned with, as `seedfleet runs start` has them; cohort and reports no larger than the fleet. */
export function draftFor(devices: number): RunDraft {
  const cohort = Math.max(1, Math.min(4, devices));
  return {
    devices: null, model: null, name: '', task: 'classification', labels: 'negative, positive', words: ' bad, good', template: '{text} It was', tokensMax: 128,
    rank: 8, alpha: 16, sites: '.*', biases: '', precision: 'fp32', rounds: 120, cohort, reportsMin: Math.min(2, cohort),
    deadlineSeconds: 30, queries: 8, learningRate: 1e-2, batchExamples: 16, evaluationEveryRounds: 20,
  };
}

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

/** @param model  id */
export function requestOf(draft: RunDraft, model: string): RunRequest {
  return {
    name: draft.name.trim(), model,
    task: taskOf(draft),
    adapter: {
      rank: draft.rank, alpha: draft.alpha, sites: draft.sites, scale: 1, ...(draft.biases === '' ? {} : { biases: draft.biases, biasScale: 1 }), ...(draft.task === 'classification' ? { headScale: 10 } : {}),
    },
    ...(draft.precision === 'fp32' ? {} : { precision: draft.precision }),
    estimator: { type: 'leave-one-out', queries: draft.queries, eps: 1e-2, distribution: 'rademacher', groups: 1, batchExamples: draft.batchExamples },
    stepRule: { type: 'normalised', learningRate: draft.learningRate, schedule: 'constant' },
    policy: {
      roundsMax: draft.rounds, cohort: draft.cohort, overSelection: 1.25, reportsMin: draft.reportsMin, deadlineMs: Math.round(draft.deadlineSeconds * 1_000),
      evaluationEveryRounds: draft.evaluationEveryRounds, checkpointEveryRounds: 20, attemptsMax: 10,
    },
    start: true,
    ...(draft.devices === null ? {} : { devices: draft.devices }),
  };
}

function taskOf(draft: RunDraft): RunRequest['task'] {
  const { tokensMax } = draft;
  switch (draft.task) {
    case 'classification': return { type: 'classification', labels: labelsOf(draft), tokensMax };
    case 'verbalizer': return { type: 'verbalizer', labels: labelsOf(draft), words: wordsOf(draft), template: draft.template, tokensMax };
    case 'language': return { type: 'language', tokensMax };
  }
}

/** The same run from a terminal. What is not said here has the same default there. */
export function commandLineOf(draft: RunDraft, model: string): string {
  const flags: [string, string | number][] = [
    ['--model', model], ['--name', draft.name.trim()], ...taskFlags(draft), ['--tokens-max', draft.tokensMax],
    ['--rank', draft.rank], ['--alpha', draft.alpha], ['--sites', draft.sites], ...(draft.biases === '' ? [] : [['--biases', draft.biases] satisfies [string, string]]),
    ...(draft.precision === 'fp32' ? [] : [['--precision', draft.precision] satisfies [string, string]]), ['--queries', draft.queries], ['--batch', draft.batchExamples],
    ['--learning-rate', draft.learningRate], ['--rounds', draft.rounds], ['--cohort', draft.cohort], ['--reports-min', draft.reportsMin],
    ['--deadline', draft.deadlineSeconds], ['--evaluate-every', draft.evaluationEveryRounds],
    ...(draft.devices === null ? [] : [['--devices', draft.devices.join(',')] satisfies [string, string]]),
  ];
  return `seedfleet runs start ${flags.map(([flag, value]) => `${flag} ${shellWord(String(value))}`).join(' ')}`;
}

function taskFlags(draft: RunDraft): [string, string][] {
  const labels: [string, string] = ['--labels', labelsOf(draft).join(',')];
  switch (draft.task) {
    case 'classification': return [labels];
    case 'verbalizer': return [['--task', 'verbalizer'], labels, ['--words', wordsOf(draft).join(',')], ['--template', draft.template]];
    case 'language': return [['--task', 'language']];
  }
}
