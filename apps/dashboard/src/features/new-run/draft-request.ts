import { type ResponseOf, type RunRequest } from '@seedfleet/protocol';
import { canaryDevicesDefault, labelsOf, wordsOf, type RunDraft } from './run-draft';

/** Parts that are said, as an object; nothing where none is. */
function said<T extends object>(parts: { [K in keyof T]: T[K] | null }): T | undefined {
  const found = Object.entries(parts).filter(([, value]) => value !== null);
  return found.length === 0 ? undefined : Object.fromEntries(found) as T;
}

/** @param model  id */
export function requestOf(draft: RunDraft, model: string): RunRequest {
  const { heldOutMin, group, devices, startAt, after, whenFree } = draft;
  const stop = stopOf(draft);
  const canary = canaryOf(draft);
  return {
    name: draft.name.trim(), model,
    task: taskOf(draft),
    adapter: {
      rank: draft.rank, alpha: draft.alpha, sites: draft.sites, scale: draft.scale, ...(draft.biases === '' ? {} : { biases: draft.biases, biasScale: draft.biasScale }), ...(draft.task === 'classification' ? { headScale: draft.headScale } : {}),
    },
    ...(draft.precision === 'fp32' ? {} : { precision: draft.precision }),
    estimator: { type: draft.estimator, queries: draft.queries, eps: draft.eps, distribution: draft.distribution, groups: draft.directionGroups, batchExamples: draft.batchExamples },
    stepRule: { type: draft.step, learningRate: draft.learningRate, schedule: draft.schedule },
    policy: {
      roundsMax: draft.rounds, cohort: draft.cohort, overSelection: draft.overSelection, reportsMin: draft.reportsMin, deadlineMs: Math.round(draft.deadlineSeconds * 1_000),
      evaluationEveryRounds: draft.evaluationEveryRounds, checkpointEveryRounds: draft.checkpointEveryRounds, attemptsMax: draft.attemptsMax,
      // What the coordinator does anyway is not said: devices of an earlier version can read the manifest then.
      ...(heldOutMin === 10 ? {} : { heldOutMin }), ...(stop === undefined ? {} : { stop }),
    },
    start: true,
    ...(devices === null ? {} : { devices }), ...(group === null ? {} : { group: { id: group, membership: draft.membership } }), ...(canary === undefined ? {} : { canary }),
    ...(startAt === null ? {} : { startAt }), ...(after === null ? {} : { after }), ...(whenFree ? { whenFree } : {}),
  };
}

function stopOf({ targetLoss, targetAccuracy, plateau: evaluations, plateauImprovement: improvement, divergence, budgetScalars: scalars, budgetHours: hours }: RunDraft) {
  type Stop = NonNullable<RunRequest['policy']['stop']>;
  return said<Stop>({ targetLoss, targetAccuracy, divergence, plateau: evaluations === null ? null : { evaluations, improvement }, budget: said<NonNullable<Stop['budget']>>({ scalars, hours }) ?? null });
}

function canaryOf({ canaryRounds: rounds, canaryDevices, canaryShare: share, canaryGroup: group, canaryDepartures: departuresMax, canaryFailure: onFailure }: RunDraft): RunRequest['canary'] {
  if (rounds === null) return undefined;
  const devices = canaryDevices ?? (share === null && group === null ? canaryDevicesDefault : null);
  return { rounds, ...(devices === null ? {} : { devices }), ...(share === null ? {} : { share }), ...(group === null ? {} : { group }), departuresMax, onFailure };
}

function taskOf(draft: RunDraft): RunRequest['task'] {
  const { tokensMax } = draft;
  switch (draft.task) {
    case 'classification': return { type: 'classification', labels: labelsOf(draft), tokensMax };
    case 'verbalizer': return { type: 'verbalizer', labels: labelsOf(draft), words: wordsOf(draft), template: draft.template, tokensMax };
    case 'language': return { type: 'language', tokensMax, ...(draft.overlap === null ? {} : { overlap: draft.overlap }) };
  }
}

/** The draft that says what another run was asked to be, except when it started. */
export function draftOf({ name, model, task, adapter, precision = 'fp32', estimator, stepRule, policy, devices, group, canary }: ResponseOf<'showRunRequest'>): Partial<RunDraft> {
  const { stop } = policy;
  return {
    name, model, task: task.type, tokensMax: task.tokensMax, ...(task.type === 'language' ? { overlap: task.overlap ?? null } : { labels: task.labels.join(', ') }),
    ...(task.type === 'verbalizer' ? { words: task.words.join(','), template: task.template } : {}),
    rank: adapter.rank, alpha: adapter.alpha, sites: adapter.sites, scale: adapter.scale, biases: adapter.biases ?? '', biasScale: adapter.biasScale ?? 1, headScale: adapter.headScale ?? 10, precision,
    estimator: estimator.type, queries: estimator.queries, eps: estimator.eps, distribution: estimator.distribution, directionGroups: estimator.groups, batchExamples: estimator.batchExamples,
    step: stepRule.type, learningRate: stepRule.learningRate, schedule: stepRule.schedule,
    rounds: policy.roundsMax, cohort: policy.cohort, overSelection: policy.overSelection, reportsMin: policy.reportsMin, deadlineSeconds: policy.deadlineMs / 1_000,
    evaluationEveryRounds: policy.evaluationEveryRounds, checkpointEveryRounds: policy.checkpointEveryRounds, attemptsMax: policy.attemptsMax, heldOutMin: policy.heldOutMin ?? 10,
    targetLoss: stop?.targetLoss ?? null, targetAccuracy: stop?.targetAccuracy ?? null, plateau: stop?.plateau?.evaluations ?? null, plateauImprovement: stop?.plateau?.improvement ?? 0,
    divergence: stop?.divergence ?? null, budgetScalars: stop?.budget?.scalars ?? null, budgetHours: stop?.budget?.hours ?? null,
    devices: devices ?? null, group: group?.id ?? null, membership: group?.membership ?? 'followed',
    canaryRounds: canary?.rounds ?? null, canaryDevices: canary?.devices ?? null, canaryShare: canary?.share ?? null, canaryGroup: canary?.group ?? null,
    canaryDepartures: canary?.departuresMax ?? 0.25, canaryFailure: canary?.onFailure ?? 'pause',
  };
}
