import { availableParallelism } from 'node:os';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { listValue, numberValue } from '../terminal/shell.js';
import { addReadingOptions, type ReadingOptions } from './reading-options.js';
import { addSourceOptions, type SourceOptions } from './model-source.js';

export const checkTasks = ['classification', 'verbalizer', 'language'] as const;

export interface CheckOptions extends SourceOptions, ReadingOptions {
  task?: (typeof checkTasks)[number];
  classes: number;
  sites?: string;
  rank: number;
  alpha: number;
  scale: number;
  headScale: number;
  estimator: 'leave-one-out' | 'central' | 'forward';
  queries: number;
  batch: number;
  tokens: number;
  precision: 'fp32' | 'w8a8';
  eps: number;
  threads: number;
  vocabulary?: number;
  data?: string;
  format: 'jsonl' | 'csv' | 'text';
  textField: string;
  labelField: string;
  labels?: string[];
  words?: string[];
  template?: string;
  biases?: string;
  biasScale: number;
}

/** Adds the flags of a check: which step is taken, on what. Their defaults are those of `runs start`, but for size. */
export function addCheckOptions(command: Command): Command {
  return addReadingOptions(addSourceOptions(command))
    .addOption(new Option('--task <type>', 'what is trained (default: language where the output is logits a token, else classification)').choices(checkTasks))
    .option('--classes <count>', 'classes, where no --labels are given', atLeast(2), 2)
    .option('--sites <pattern>', 'regular expression over whole site names (default: the last third)')
    .option('--rank <r>', 'width of the adapters', atLeast(1), 8)
    .option('--alpha <alpha>', 'scaling of the adapters: alpha / rank', numberValue, 16)
    .option('--scale <s>', 'perturbation scale of the adapters', numberValue, 1)
    .option('--biases <pattern>', 'regular expression over whole site names whose outputs get a trained bias (default: none)')
    .option('--bias-scale <s>', 'perturbation scale of the biases', numberValue, 1)
    .option('--head-scale <s>', 'perturbation scale of the head', numberValue, 10)
    .addOption(new Option('--estimator <type>', 'losses to differences').choices(['leave-one-out', 'central', 'forward']).default('leave-one-out'))
    .option('--queries <q>', 'directions; the correlations are over them', atLeast(3), 16)
    .option('--batch <examples>', 'examples of a step', atLeast(2), 4)
    .option('--tokens <T>', 'tokens of an example', atLeast(2), 32)
    .addOption(new Option('--precision <name>', 'what the linears compute in').choices(['fp32', 'w8a8']).default('fp32'))
    .option('--eps <eps>', 'where the noise is measured', numberValue, 1e-2)
    .option('--threads <count>', 'threads of a forward pass', atLeast(1), availableParallelism())
    .option('--vocabulary <count>', 'token ids that the model knows (default: as the graph or config.json says)', atLeast(2))
    .option('--data <file>', 'texts of this machine in place of random token ids')
    .addOption(new Option('--format <name>', 'of the data').choices(['jsonl', 'csv', 'text']).default('jsonl'))
    .option('--text-field <name>', 'field of the data that holds the text', 'text')
    .option('--label-field <name>', 'field of the data that holds the label', 'label')
    .option('--labels <list>', 'labels of the data in the order of their class index, with commas between', listValue)
    .option('--words <list>', 'verbalizer, with --data: the word of each label, with commas between; a space before a word counts', (text: string) => text.split(','))
    .option('--template <text>', 'verbalizer, with --data: what the model reads, {text} in place of the example');
}

function atLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`Give a whole number from ${least}.`);
    return value;
  };
}
