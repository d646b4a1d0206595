import { dirname } from 'node:path';
import { FleetError, toRefusal, type Refusal } from '@seedfleet/errors';
import { inspectModel, requireSites } from '@seedfleet/onnx';
import { type Command } from 'commander';
import { exitCodes } from '../terminal/exit-code.js';
import { sheetOf, tableOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { checkBatches } from './check-batches.js';
import { addCheckOptions, type CheckOptions } from './check-options.js';
import { chooseSites } from './choose-sites.js';
import { readingOf, useOf, type ModelReading } from './guess-model.js';
import { loadRuntime, type ModelCheck } from './load-runtime.js';
import { locateModel, type FoundModel } from './model-source.js';

/** Errors that say something of the model; others say that the check could not be made. */
const ofTheModel = /^((check|model)\..+|engine\.(model-unusable|run-failed)|(loss|numerics)\.not-finite)$/;

/** What `models check -o json` prints. */
interface Checked extends Partial<ModelCheck> {
  origin: string;
  file: string;
  verdict: 'passed' | 'refused';
  /** why, where it is refused */
  refusal?: Refusal;
  output: string;
  pool: string | null;
  task: string;
  sites: string[];
  decided: string[];
}

/** `seedfleet models check`: the one command that runs a model. It loads the engine only when it is called (docs/decisions/0004). */
export function addCheckCommand(models: Command, shell: Shell): void {
  examples(addCheckOptions(models.command('check <source>')
    .description('run training steps of a model on this machine and say whether its differences can be trusted, which eps and learning rate to start with, what a step costs; nothing is sent'))
    .action(async (place: string, options: CheckOptions) => {
      const found = await locateModel(place, options, shell);
      const checked = await check(found, { options, shell });
      if (checked.verdict === 'refused') shell.exitCode = exitCodes.problemsFound;
      shell.printer.value(checked, checkText);
    }), 'seedfleet models check ./encoder', 'seedfleet models check ./decoder --task language --precision w8a8 --batch 2 --tokens 64 -o json', 'seedfleet models check ./encoder --data reviews.jsonl --labels negative,positive', 'seedfleet models check ./decoder --task verbalizer --data reviews.jsonl --labels negative,positive --words " bad, good" --template "{text} It was"');
}

async function check(found: FoundModel, { options, shell }: { options: CheckOptions; shell: Shell }): Promise<Checked> {
  requireSites(found.model, { file: found.file });
  const reading = readingOf(found.model, { config: found.config, words: options });
  const { checkModel, vocabularyOf } = await loadRuntime();
  const vocabulary = options.vocabulary ?? vocabularyOf(found.model, reading.inputs.ids) ?? found.config.vocabulary;
  const { batches, task, from } = await checkBatches({ task: options.task ?? taskOf(found, reading), vocabulary, found, options });
  const sites = chooseSites(found.model, { output: reading.output, vocabulary, ...(options.sites === undefined ? {} : { pattern: options.sites }) });
  const biases = options.biases === undefined ? [] : chooseSites(found.model, { output: reading.output, vocabulary, pattern: options.biases });
  const { rank, alpha, scale, headScale, biasScale, precision, eps, threads, estimator, queries } = options;
  const common = {
    origin: found.origin, file: found.file, output: reading.output, pool: reading.pool ?? null, task: task.type, sites,
    decided: [...reading.decided, `task ${task.type}`, `${sites.length} sites: ${options.sites === undefined ? 'the last third' : 'those that match'}`, `batches of ${from}`],
  };
  const progress = shell.surroundings.startProgress('checking');
  try {
    const measured = await checkModel({
      model: found.model, folder: dirname(found.file), ...reading, task, adapter: { sites, rank, alpha, scale, headScale, biases, biasScale }, precision, batches, eps, threads,
      estimator: { type: estimator, queries, distribution: 'rademacher' }, onProgress: (doing) => progress.show(doing),
    });
    return { ...common, verdict: 'passed', ...measured };
  } catch (error) {
    if (!(error instanceof FleetError && ofTheModel.test(error.code))) throw error;
    return { ...common, verdict: 'refused', refusal: toRefusal(error) };
  } finally {
    progress.end();
  }
}

/** What an output is for, where nobody says. */
function taskOf({ model, config }: FoundModel, { output }: ModelReading): NonNullable<CheckOptions['task']> {
  const declared = inspectModel(model).outputs.find(({ name }) => name === output);
  return declared && useOf(declared, config) === 'logits a token' ? 'language' : 'classification';
}

function checkText(checked: Checked): string {
  const { origin, output, pool, decided, verdict, refusal, step, parallel, noise, linearity, learningRate, cost, scales = [], warnings = [] } = checked;
  const head = [sheetOf({ model: origin, output: pool === null ? output : `${output}, pooled by ${pool}` }), decided.map((line) => `decided: ${line}`).join('\n')];
  if (refusal) return [...head, `${verdict.toUpperCase()}: ${refusal.problem} (${refusal.code})\nDo: ${refusal.fix}`].join('\n\n');
  if (!step || !noise || !linearity || !cost || parallel === undefined || learningRate === undefined) return head.join('\n\n');
  const share = (value: number) => `${value.toExponential(1)} (${(100 * value / noise.size).toPrecision(2)} % of a difference)`;
  return [...head,
    sheetOf({
      step: `${step.rows} rows of ${step.examples} examples of ${step.tokens} tokens, ${step.sites} sites, ${step.trainable.toLocaleString('en')} values, ${step.precision}`,
      cost: `${cost.milliseconds.toFixed(1)} ms, ${cost.cpuMilliseconds.toFixed(1)} ms of processor time, ${cost.megabytes.toFixed(0)} MB (${cost.processMegabytes.toFixed(0)} MB the whole process)`,
      parallel: `all rows at once against each by itself: losses differ by ${parallel.toExponential(1)} of themselves at most`,
      differences: `${noise.size.toExponential(1)} at eps ${noise.eps}, by the adapters alone`,
      'noise, same again': share(noise.repeat), 'noise, rows apart': share(noise.separate), 'noise, other neighbours': share(noise.neighbours),
    }),
    tableOf({ head: ['EPS', 'SIGNAL / NOISE', 'CORRELATION', 'WITH NEXT', 'WITH FLOAT32'], rows: linearity.findings.map(({ eps, signalToNoise, correlation, agreement, float32 }) => [`${eps}`, Number.isFinite(signalToNoise) ? signalToNoise.toPrecision(3) : 'no noise', correlation?.toFixed(3), agreement?.toFixed(3), float32?.toFixed(3)]), empty: '' }),
    sheetOf({
      'linear': linearity.reference === null ? 'nowhere' : `from eps ${linearity.reference} to ${linearity.upTo}`, 'try eps': linearity.suggested,
      ...Object.fromEntries(scales.map(({ option, scale, suggested, best }) => [`try ${option}`, suggested === null ? `${scale}: nothing says more` : `${suggested} (checked with ${scale}; correlation alone up to ${best.toFixed(3)})`])),
      'try learning rate': learningRate === null ? 'no step lowered the loss of its own batch: check with more --queries' : `${learningRate.suggested} with --step normalised (its own batch allows ${learningRate.greatest})`,
    }),
    ...warnings.map((warning) => `Note: ${warning}`),
    `${verdict.toUpperCase()}: differences of this model can be trusted on this machine.`,
  ].join('\n\n');
}
