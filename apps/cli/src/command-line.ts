import { FleetError, toRefusal } from '@seedfleet/errors';
import { Command, CommanderError, Option } from 'commander';
import { addAlertCommands } from './alerts/alert-commands.js';
import { addAuditCommands } from './audit/audit-commands.js';
import { addDeclaredCommands } from './declared/declared-commands.js';
import { addDeviceCommands } from './devices/device-commands.js';
import { addGroupCommands } from './groups/group-commands.js';
import { addModelCommands } from './models/model-commands.js';
import { addApiTokenCommands } from './operators/api-token-commands.js';
import { addOperatorCommands } from './operators/operator-commands.js';
import { addRunCommands } from './runs/run-commands.js';
import { addContextCommands } from './session/context-commands.js';
import { addLoginCommands } from './session/login-commands.js';
import { addCompletionCommand } from './terminal/completion-command.js';
import { addSupportCommands } from './support/support-command.js';
import { errorText } from './terminal/error-text.js';
import { exitCodeOf, exitCodes, type ExitCode } from './terminal/exit-code.js';
import { outputFormats, type OutputFormat } from './terminal/printer.js';
import { examples, Shell } from './terminal/shell.js';
import { type Surroundings } from './terminal/surroundings.js';
import { addTokenCommands } from './tokens/token-commands.js';

/** The command line as commander knows it; the shell is what its commands share. */
export function buildProgram(surroundings: Surroundings): { program: Command; shell: Shell } {
  const program = new Command('seedfleet');
  const shell = new Shell(surroundings, program);
  program
    .description('Operate a Seedfleet coordinator: devices, enrolment tokens, base models, runs, operators.')
    .addOption(new Option('-o, --format <format>', 'how to print; all but table are for programs').choices(outputFormats).default('table'))
    .option('--context <name>', 'which saved login to use (`seedfleet contexts list`)')
    .option('--yes', 'do not ask before what cannot be undone')
    .option('--dry-run', 'say what such a command would do, and do nothing')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .configureOutput({ writeOut: (text) => surroundings.stdout.write(text), writeErr: (text) => surroundings.stderr.write(text) });
  examples(program, 'seedfleet login --url http://127.0.0.1:7337 --token-file .seedfleet/admin-token', 'seedfleet runs list -o json');
  program.addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong command line, 3 not found, 4 refused, 5 conflict, 6 coordinator unreachable, 7 timed out, 8 a check found problems.\nEnvironment: SEEDFLEET_URL and SEEDFLEET_TOKEN stand before the saved login; SEEDFLEET_CONTEXT names one; NO_COLOR is respected.');
  addLoginCommands(program, shell);
  addDeviceCommands(program, shell);
  addGroupCommands(program, shell);
  addTokenCommands(program, shell);
  addModelCommands(program, shell);
  addRunCommands(program, shell);
  addOperatorCommands(program, shell);
  addApiTokenCommands(program, shell);
  addAuditCommands(program, shell);
  addAlertCommands(program, shell);
  addDeclaredCommands(program, shell);
  addSupportCommands(program, shell);
  addContextCommands(program, shell);
  addCompletionCommand(program);
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
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return fail(error, { format: shell.format, surroundings });
  }
}

function fail(error: unknown, { format, surroundings }: { format: OutputFormat; surroundings: Surroundings }): ExitCode {
  const refusal = error instanceof FleetError ? toRefusal(error) : { ...toRefusal(error), problem: `The command failed: ${error instanceof Error ? error.message : 'unknown reason'}.`, fix: 'This is a fault of seedfleet itself: please report it with the command that you typed.' };
  surroundings.stderr.write(errorText(refusal, format));
  return error instanceof FleetError ? exitCodeOf(error) : exitCodes.failed;
}
