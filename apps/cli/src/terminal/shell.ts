import { InvalidArgumentError, type Command } from 'commander';
import { CoordinatorClient } from '../coordinator/coordinator-client.js';
import { readSession } from '../session/session-file.js';
import { Printer, type OutputFormat } from './printer.js';
import { type Surroundings } from './surroundings.js';

/** What the commands share: the surroundings, the global options, the coordinator of the session. */
export class Shell {
  /** What the process ends with if nothing is thrown: 0, or 1 where the command ran well and the answer is no. */
  exitCode: 0 | 1 = 0;

  constructor(readonly surroundings: Surroundings, private readonly program: Command) {}

  get format(): OutputFormat {
    return this.program.opts<{ format: OutputFormat }>().format;
  }

  get printer(): Printer {
    return new Printer(this.format, this.surroundings.stdout);
  }

  /** A remark for the person in front: never data, silent where a program reads. */
  remark(text: string): void {
    if (this.format === 'table') this.surroundings.stderr.write(`${text}\n`);
  }

  /** @throws FleetError `login.missing` */
  async client(): Promise<CoordinatorClient> {
    return new CoordinatorClient(await readSession(this.surroundings));
  }
}

/** Adds examples to the help of a command: every command has at least one. */
export function examples(command: Command, ...lines: string[]): Command {
  return command.addHelpText('after', `\nExample:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}

/** Reads the value of an option as a number. Ranges are the schema's business: here only what is no number at all is refused. */
export function numberValue(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

/** Reads `a,b,c` as a list. */
export function listValue(text: string): string[] {
  return text.split(',').map((part) => part.trim()).filter((part) => part !== '');
}

/** Reads the number of a run. */
export function runNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected the number of a run, as `seedfleet runs list` shows it.');
  return Number(text);
}
