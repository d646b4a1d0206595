import { Command, InvalidArgumentError } from 'commander';
import { roundsDefault } from './run-request.js';

export interface DemoOptions {
  /** Where the report goes, as JSON. */
  report?: string;
  rounds: number;
  /** The processes stay when the demo ends. */
  keep: boolean;
  /** Keeps them under our eyes, and starts them again when their code changes. */
  watch: boolean;
  /** Folder of everything that the fleet writes; default: a temporary one. */
  home?: string;
}

export function parseDemoOptions(argv: readonly string[]): DemoOptions {
  return new Command('demo')
    .description('Fine-tunes a real sentence encoder on six worker processes, over real sockets, and shows what crossed them.')
    .option('--report <file>', 'write the figures as JSON')
    .option('--rounds <number>', 'rounds of the run; the accuracy is judged at the default only', positiveInteger, roundsDefault)
    .option('--keep', 'leave coordinator and workers running', false)
    .option('--watch', 'stay, and restart coordinator and workers when their code changes', false)
    .option('--home <folder>', 'folder for keys, database, models and logs: a new or empty one')
    .parse([...argv], { from: 'user' })
    .opts<DemoOptions>();
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return value;
}
