import { type RunRequest } from '@seedfleet/protocol';
import { type PlanOptions } from './plan-options.js';
import { type RunOptions } from './run-options.js';

/** The flags that say a request: what a clone begins with. When it starts is not taken over: that was said of the other run. */
export function optionsOf({ name, model, task, adapter, precision, estimator, stepRule, policy, devices, group, canary }: RunRequest): Partial<RunOptions & PlanOptions> {
  const { targetLoss, targetAccuracy, plateau, divergence, budget } = policy.stop ?? {};
  return given({
    model, name, task: task.type, tokensMax: task.tokensMax,
    ...(task.type === 'language' ? { overlap: task.overlap } : { labels: task.labels }), ...(task.type === 'verbalizer' ? { words: task.words, template: task.template } : {}),
    rank: adapter.rank, alpha: adapter.alpha, sites: adapter.sites, scale: adapter.scale, biases: adapter.biases, biasScale: adapter.biasScale, headScale: adapter.headScale, precision,
    estimator: estimator.type, queries: estimator.queries, eps: estimator.eps, distribution: estimator.distribution, groups: estimator.groups, batch: estimator.batchExamples,
    step: stepRule.type, learningRate: stepRule.learningRate, schedule: stepRule.schedule,
    rounds: policy.roundsMax, cohort: policy.cohort, overSelection: policy.overSelection, reportsMin: policy.reportsMin, deadline: policy.deadlineMs / 1_000, evaluateEvery: policy.evaluationEveryRounds,
    checkpointEvery: policy.checkpointEveryRounds, attemptsMax: policy.attemptsMax, heldOutMin: policy.heldOutMin,
    targetLoss, targetAccuracy, plateau: plateau?.evaluations, plateauImprovement: plateau?.improvement, divergence, budgetScalars: budget?.scalars, budgetHours: budget?.hours,
    devices, group: group?.id, membership: group?.membership,
    canaryRounds: canary?.rounds, canaryDevices: canary?.devices, canaryShare: canary?.share, canaryGroup: canary?.group, canaryDepartures: canary?.departuresMax, canaryFailure: canary?.onFailure,
  });
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}
