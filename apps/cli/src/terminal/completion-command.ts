import completions from '@bomb.sh/tab/commander';
import { type Command } from 'commander';
import { examples } from './shell.js';

/**
 * `seedfleet completion SHELL` prints a script that asks this program for what may follow. Made from the commands as they are: call it after all
 * of them were added. The library prints by itself; nothing else of the command line goes past the surroundings.
 */
export function addCompletionCommand(program: Command): void {
  completions(program, { completionCommandName: 'completion' });
  for (const { name, line } of [{ name: 'completion', line: 'source <(seedfleet completion bash)' }, { name: 'complete', line: 'seedfleet complete -- runs ""' }]) {
    const command = program.commands.find((found) => found.name() === name);
    if (command) examples(command, line);
  }
}
