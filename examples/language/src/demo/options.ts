import { Command, InvalidArgumentError, Option } from 'commander';
import { languageTasks, roundsDefault, type LanguageTask } from './run-requests.js';

export interface LanguageDemoOptions {
  task: LanguageTask;
  /** Where the report goes, as JSON. */
  report?: string;
  rounds: number;
  /** Folder of everything that the fleet writes; default: a temporary one. */
  home?: string;
}

export function parseOptions(argv: readonly string[]): LanguageDemoOptions {
  const options = new Command('demo')
    .description('Fine-tunes a real causal language model on four worker processes, over real sockets, and judges it on text that none of them has.')
    .addOption(new Option('--task <task>', 'lm: next tokens of Moby-Dick; verbalizer: sentiment as the next word').choices(languageTasks).makeOptionMandatory())
    .option('--report <file>', 'write the figures as JSON')
    .option('--rounds <number>', 'rounds of the run; the result is judged at the default only', positiveInteger)
    .option('--home <folder>', 'folder for keys, database, models and logs: a new or empty one')
    .parse([...argv], { from: 'user' })
    .opts<Omit<LanguageDemoOptions, 'rounds'> & { rounds?: number }>();
  return { ...options, rounds: options.rounds ?? roundsDefault[options.task] };
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return value;
}
