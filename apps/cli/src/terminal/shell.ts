import { FleetError } from '@seedfleet/errors';
import { InvalidArgumentError, type Command } from 'commander';
import { CoordinatorClient } from '../coordinator/coordinator-client.js';
import { readSession } from '../session/session-file.js';
import { exitCodes, type ExitCode } from './exit-code.js';
import { Printer, type OutputFormat } from './printer.js';
import { type Surroundings } from './surroundings.js';

/** What the commands share: the surroundings, the global options, the coordinator of the session. */
export class Shell {
  /** What the process ends with if nothing is thrown: 0, or another code where the command ran well and the answer is no. */
  exitCode: ExitCode = exitCodes.done;

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

  /** Which saved login to use, where the command line names one. */
  get context(): string | undefined {
    return this.program.opts<{ context?: string }>().context;
  }

  /** Whether --dry-run was given: nothing may be changed. */
  get isDryRun(): boolean {
    return this.program.opts<{ dryRun?: boolean }>().dryRun === true;
  }

  /** @throws FleetError `login.missing`, `context.unknown` */
  async client(): Promise<CoordinatorClient> {
    return new CoordinatorClient(await readSession(this.surroundings, this.context));
  }

  /**
   * Asks before something that cannot be undone. @param change what will happen to what, by name and count: "Revoke device laptop-7"
   * @returns whether to go on: not after --dry-run, which only says what would happen
   * @throws FleetError `command.unconfirmed` where the person says no, or nobody is there to ask and --yes is not given
   */
  async confirmed(change: string): Promise<boolean> {
    const { yes, dryRun } = this.program.opts<{ yes?: boolean; dryRun?: boolean }>();
    if (dryRun) {
      this.surroundings.stderr.write(`Would happen: ${change}. Nothing was changed.\n`);
      return false;
    }
    if (yes) return true;
    const answer = await this.surroundings.ask(`${change}? Type yes to go on: `);
    if (answer === 'yes') return true;
    throw new FleetError('command.unconfirmed', { problem: `${change}: ${answer === null ? 'this cannot be undone, and nobody is there to confirm it' : 'not confirmed'}. Nothing was changed.` });
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
