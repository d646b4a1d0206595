import { FleetError } from '@seedfleet/errors';
import { precisions, routes, taskTypes, type Model, type RunRequest, type TaskType } from '@seedfleet/protocol';
import { Option, type Command } from 'commander';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { listValue, numberValue } from '../terminal/shell.js';
import { addPlanOptions } from './plan-options.js';

/** The settings of a new run as flags; every one is sent, so that what was not said stands in the manifest all the same. */
export interface RunOptions {
  model: string;
  name: string;
  task: TaskType;
  labels?: string[];
  words?: string[];
  template?: string;
  tokensMax: number;
  overlap?: number;
  rank: number;
  alpha: number;
  sites: string;
  scale: number;
  biases?: string;
  biasScale: number;
  headScale: number;
  precision?: (typeof precisions)[number];
  estimator: RunRequest['estimator']['type'];
  queries: number;
  eps: number;
  distribution: RunRequest['estimator']['distribution'];
  groups: number;
  batch: number;
  step: RunRequest['stepRule']['type'];
  learningRate: number;
  schedule: RunRequest['stepRule']['schedule'];
  rounds: number;
  cohort: number;
  overSelection: number;
  reportsMin: number;
  deadline: number;
  evaluateEvery: number;
  checkpointEvery: number;
  attemptsMax: number;
  targetLoss?: number;
  targetAccuracy?: number;
  plateau?: number;
  plateauImprovement: number;
  divergence?: number;
  budgetScalars?: number;
  budgetHours?: number;
  heldOutMin: number;
  draft: boolean;
}

/** What a coordinator does where a manifest says nothing: not said, so that devices of an earlier version can read it. */
const heldOutMinDefault = 10;

/** Adds the flags. The numbers are those that the sentence encoder was tuned with (README). */
export function addRunOptions(command: Command): Command {
  return addPlanOptions(command)
    .option('--model <id-or-name>', 'base model of a new run')
    .option('--name <name>', 'name of the run')
    .addOption(new Option('--task <type>', 'classification by a head, verbalizer: by the word that a language model answers with, language: what follows what').choices(taskTypes).default('classification'))
    .option('--labels <list>', 'labels in the order of their class index, with commas between', listValue)
    .option('--words <list>', 'verbalizer: the word of each label, with commas between; a space before a word counts', (text: string) => text.split(','))
    .option('--template <text>', 'verbalizer: what the model reads, {text} in place of the example; ends where the answer begins')
    .option('--tokens-max <count>', 'tokens of one example; longer ones are cut', numberValue, 128)
    .option('--overlap <count>', 'language: a longer text becomes windows, each reads so many tokens of the one before it again (default: it is cut)', numberValue)
    .option('--rank <r>', 'width of the adapters', numberValue, 8)
    .option('--alpha <alpha>', 'scaling of the adapters: alpha / rank', numberValue, 16)
    .option('--sites <pattern>', 'regular expression over the site names of the model; empty: no adapters', '.*')
    .option('--scale <s>', 'perturbation scale of the adapters', numberValue, 1)
    .option('--biases <pattern>', 'regular expression over the site names whose outputs get a trained bias (default: none)')
    .option('--bias-scale <s>', 'perturbation scale of the biases', numberValue, 1)
    .option('--head-scale <s>', 'perturbation scale of the head of a classification', numberValue, 10)
    .addOption(new Option('--precision <name>', 'what devices compute in unless their owners say otherwise (default: fp32)').choices(precisions))
    .addOption(new Option('--estimator <type>', 'losses to differences').choices(['leave-one-out', 'central', 'forward']).default('leave-one-out'))
    .option('--queries <q>', 'directions a round', numberValue, 8)
    .option('--eps <eps>', 'how far along a direction', numberValue, 1e-2)
    .addOption(new Option('--distribution <name>', 'of the directions').choices(['rademacher', 'gaussian']).default('rademacher'))
    .option('--groups <count>', 'direction groups', numberValue, 1)
    .option('--batch <examples>', 'examples of one report', numberValue, 16)
    .addOption(new Option('--step <rule>', 'step rule').choices(['sgd', 'normalised', 'momentum', 'adam']).default('normalised'))
    .option('--learning-rate <rate>', 'learning rate of the step rule', numberValue, 1e-2)
    .addOption(new Option('--schedule <name>', 'of the learning rate over all rounds').choices(['constant', 'linear', 'cosine']).default('constant'))
    .option('--rounds <count>', 'rounds of the run', numberValue, 120)
    .option('--cohort <devices>', 'reports that a round wants', numberValue, 4)
    .option('--over-selection <factor>', 'devices asked for each report wanted', numberValue, 1.25)
    .option('--reports-min <count>', 'fewer reports at the deadline abandon the round', numberValue, 2)
    .option('--deadline <seconds>', 'time for the reports of a round', numberValue, 30)
    .option('--evaluate-every <rounds>', 'rounds between evaluations; 0: only at start and end', numberValue, 20)
    .option('--checkpoint-every <rounds>', 'rounds between checkpoints; 0: only at the end', numberValue, 20)
    .option('--held-out-min <examples>', 'fewest held-out examples of a device whose evaluation counts: a sum over fewer is nearly the loss of one', numberValue, 10)
    .option('--attempts-max <count>', 'attempts of one round before the run fails', numberValue, 10)
    .option('--target-loss <loss>', 'done once the held-out loss is this or less', numberValue)
    .option('--target-accuracy <share>', 'done once the held-out accuracy is this or more', numberValue)
    .option('--plateau <evaluations>', 'done after so many evaluations in a row without a better loss', numberValue)
    .option('--plateau-improvement <loss>', 'better by more than this, for --plateau', numberValue, 0)
    .option('--divergence <factor>', 'failed once the loss is more than so many times the first', numberValue)
    .option('--budget-scalars <count>', 'done before the round that could take more numbers than this from devices, in all', numberValue)
    .option('--budget-hours <hours>', 'done when so many hours have passed since the start', numberValue)
    .option('--draft', 'make the run without starting it', false);
}

/** @throws FleetError `command.invalid` where a flag that a new run needs is missing */
export function requireNewRun(options: Partial<RunOptions>): void {
  const needed = [
    ['--model', options.model], ['--name', options.name], ...(options.task === 'language' ? [] : [['--labels', options.labels]]),
    ...(options.task === 'verbalizer' ? [['--words', options.words], ['--template', options.template]] : []),
  ] as [string, unknown][];
  for (const [flag, value] of needed) {
    if (value === undefined) throw new FleetError('command.invalid', { field: flag, problem: `A new run needs ${flag}.`, fix: 'Add it, or give the number of a draft to start. `seedfleet runs start --help` shows an example.' });
  }
}

/** The request of a new run. @param model id of a model that is ready */
export function runRequestOf(options: RunOptions, model: string): RunRequest {
  return {
    name: options.name,
    model,
    task: taskOf(options),
    adapter: {
      rank: options.rank, alpha: options.alpha, sites: options.sites, scale: options.scale,
      ...(options.biases === undefined ? {} : { biases: options.biases, biasScale: options.biasScale }), ...(options.task === 'classification' ? { headScale: options.headScale } : {}),
    },
    ...(options.precision === undefined ? {} : { precision: options.precision }),
    estimator: { type: options.estimator, queries: options.queries, eps: options.eps, distribution: options.distribution, groups: options.groups, batchExamples: options.batch },
    stepRule: { type: options.step, learningRate: options.learningRate, schedule: options.schedule },
    policy: {
      roundsMax: options.rounds, cohort: options.cohort, overSelection: options.overSelection, reportsMin: options.reportsMin, deadlineMs: Math.round(options.deadline * 1_000),
      evaluationEveryRounds: options.evaluateEvery, checkpointEveryRounds: options.checkpointEvery, attemptsMax: options.attemptsMax,
      ...(options.heldOutMin === heldOutMinDefault ? {} : { heldOutMin: options.heldOutMin }),
      ...stopOf(options),
    },
    start: !options.draft,
  };
}

/** Nothing where no flag says when to stop early. */
function stopOf({ targetLoss, targetAccuracy, plateau, plateauImprovement, divergence, budgetScalars: scalars, budgetHours: hours }: RunOptions): Pick<RunRequest['policy'], 'stop'> {
  const stop = {
    ...(targetLoss === undefined ? {} : { targetLoss }), ...(targetAccuracy === undefined ? {} : { targetAccuracy }),
    ...(plateau === undefined ? {} : { plateau: { evaluations: plateau, improvement: plateauImprovement } }), ...(divergence === undefined ? {} : { divergence }),
    ...((scalars ?? hours) === undefined ? {} : { budget: { ...(scalars === undefined ? {} : { scalars }), ...(hours === undefined ? {} : { hours }) } }),
  };
  return Object.keys(stop).length === 0 ? {} : { stop };
}

function taskOf({ task, labels = [], words = [], template = '', tokensMax, overlap }: RunOptions): RunRequest['task'] {
  switch (task) {
    case 'classification': return { type: task, labels, tokensMax };
    case 'verbalizer': return { type: task, labels, words, template, tokensMax };
    case 'language': return { type: task, tokensMax, ...(overlap === undefined ? {} : { overlap }) };
  }
}

/** The model of that id, or the only one of that name. @throws FleetError `request.not-found`, `model.name-unclear` */
export async function findModel(client: CoordinatorClient, idOrName: string): Promise<Model> {
  const { items } = await client.json(routes.listModels);
  const byId = items.find((model) => model.id === idOrName);
  if (byId) return byId;
  const named = items.filter((model) => model.name === idOrName && model.state === 'ready');
  const [only] = named;
  if (only && named.length === 1) return only;
  if (named.length > 1) throw new FleetError('model.name-unclear', { field: '--model', problem: `${named.length} models are called ${idOrName}: ${named.map((model) => model.id).join(', ')}.` });
  throw new FleetError('request.not-found', { field: '--model', problem: `The coordinator has no ready model of id or name ${idOrName}.`, fix: '`seedfleet models list` shows the models.' });
}
