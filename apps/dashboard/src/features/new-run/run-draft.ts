import { type Model, type RunRequest } from '@seedfleet/protocol';
import { shellWord } from '../../shell/shell-words';

/** What the wizard asks for. Numbers are text while they are typed. */
export interface RunDraft {
  /** null: every active device */
  devices: string[] | null;
  model: string | null;
  name: string;
  labels: string;
  tokensMax: number;
  rank: number;
  alpha: number;
  sites: string;
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
    devices: null, model: null, name: '', labels: 'negative, positive', tokensMax: 128, rank: 8, alpha: 16, sites: '.*', rounds: 120, cohort, reportsMin: Math.min(2, cohort),
    deadlineSeconds: 30, queries: 8, learningRate: 1e-2, batchExamples: 16, evaluationEveryRounds: 20,
  };
}

export const labelsOf = (draft: RunDraft) => draft.labels.split(',').map((label) => label.trim()).filter((label) => label !== '');

/** Sites whose whole name matches, as the coordinator decides it; null where the pattern is none. */
export function matchingSites(model: Model | undefined, pattern: string): Model['sites'] | null {
  try {
    const expression = new RegExp(`^(?:${pattern})$`, 'u');
    return (model?.sites ?? []).filter((site) => expression.test(site.name));
  } catch {
    return null;
  }
}

/** @param model  id */
export function requestOf(draft: RunDraft, model: string): RunRequest {
  return {
    name: draft.name.trim(), model,
    task: { type: 'classification', labels: labelsOf(draft), tokensMax: draft.tokensMax },
    adapter: { rank: draft.rank, alpha: draft.alpha, sites: draft.sites, scale: 1, headScale: 10 },
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

/** The same run from a terminal. What is not said here has the same default there. */
export function commandLineOf(draft: RunDraft, model: string): string {
  const flags: [string, string | number][] = [
    ['--model', model], ['--name', draft.name.trim()], ['--labels', labelsOf(draft).join(',')], ['--tokens-max', draft.tokensMax],
    ['--rank', draft.rank], ['--alpha', draft.alpha], ['--sites', draft.sites], ['--queries', draft.queries], ['--batch', draft.batchExamples],
    ['--learning-rate', draft.learningRate], ['--rounds', draft.rounds], ['--cohort', draft.cohort], ['--reports-min', draft.reportsMin],
    ['--deadline', draft.deadlineSeconds], ['--evaluate-every', draft.evaluationEveryRounds],
    ...(draft.devices === null ? [] : [['--devices', draft.devices.join(',')] satisfies [string, string]]),
  ];
  return `seedfleet runs start ${flags.map(([flag, value]) => `${flag} ${shellWord(String(value))}`).join(' ')}`;
}
