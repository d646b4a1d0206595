import { FleetError, toRefusal } from '@seedfleet/errors';
import { Command, CommanderError, Option } from 'commander';
import { addAuditCommands } from './audit/audit-commands.js';
import { addDeviceCommands } from './devices/device-commands.js';
import { addModelCommands } from './models/model-commands.js';
import { addApiTokenCommands } from './operators/api-token-commands.js';
import { addOperatorCommands } from './operators/operator-commands.js';
import { addRunCommands } from './runs/run-commands.js';
import { addLoginCommands } from './session/login-commands.js';
import { errorText } from './terminal/error-text.js';
import { outputFormats, type OutputFormat } from './terminal/printer.js';
import { examples, Shell } from './terminal/shell.js';
import { type Surroundings } from './terminal/surroundings.js';
import { addTokenCommands } from './tokens/token-commands.js';

/** 0: done. 1: refused or failed, or the answer is no. 2: the command line is wrong. */
export type ExitCode = 0 | 1 | 2;

/** The command line as commander knows it; the shell is what its commands share. */
export function buildProgram(surroundings: Surroundings): { program: Command; shell: Shell } {
  const program = new Command('seedfleet');
  const shell = new Shell(surroundings, program);
  program
    .description('Operate a Seedfleet coordinator: devices, enrolment tokens, base models, runs, operators.')
    .addOption(new Option('-o, --format <format>', 'how to print; json is for programs').choices(outputFormats).default('table'))
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .configureOutput({ writeOut: (text) => surroundings.stdout.write(text), writeErr: (text) => surroundings.stderr.write(text) });
  examples(program, 'seedfleet login --url http://127.0.0.1:7337 --token-file .seedfleet/admin-token', 'seedfleet runs list -o json');
  program.addHelpText('after', '\nExit codes: 0 done, 1 refused or failed, 2 wrong command line.\nEnvironment: SEEDFLEET_URL and SEEDFLEET_TOKEN stand before the saved login.');
  addLoginCommands(program, shell);
  addDeviceCommands(program, shell);
  addTokenCommands(program, shell);
  addModelCommands(program, shell);
  addRunCommands(program, shell);
  addOperatorCommands(program, shell);
  addApiTokenCommands(program, shell);
  addAuditCommands(program, shell);
  return { program, shell };
}

/** Runs one command. @param words what was typed after `seedfleet` */
export async function runCommandLine(words: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { program, shell } = buildProgram(surroundings);
  try {
    await program.parseAsync(words, { from: 'user' });
    return shell.exitCode;
  } catch (error) {
    // Commander has written its own message; help that was asked for is no failure.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return fail(error, { format: shell.format, surroundings });
  }
}

function fail(error: unknown, { format, surroundings }: { format: OutputFormat; surroundings: Surroundings }): ExitCode {
  const refusal = error instanceof FleetError ? toRefusal(error) : { ...toRefusal(error), problem: `The command failed: ${error instanceof Error ? error.message : 'unknown reason'}.`, fix: 'This is a fault of seedfleet itself: please report it with the command that you typed.' };
  surroundings.stderr.write(errorText(refusal, format));
  return error instanceof FleetError && error.code === 'command.invalid' ? 2 : 1;
}
