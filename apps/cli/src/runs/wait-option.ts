import { type Run } from '@seedfleet/protocol';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { exitCodes } from '../terminal/exit-code.js';
import { numberValue, type Shell } from '../terminal/shell.js';
import { watchRun, watchText } from './watch-run.js';

export interface WaitOptions { wait?: boolean; timeout?: number }

const lookEveryMs = 1_000;

/** Adds --wait and --timeout to a command that sets a run going or ends it. */
export function addWaitOptions(command: Command): Command {
  return command
    .addOption(new Option('--wait', 'come back when the run has ended; the exit code says how').conflicts('draft'))
    .addOption(timeoutOption().implies({ wait: true }));
}

/** How long to wait for a run. Checked before anything is asked of the coordinator. */
export function timeoutOption(): Option {
  return new Option('--timeout <seconds>', 'wait no longer than this, then exit code 7; the run goes on').argParser((text) => {
    const seconds = numberValue(text);
    if (seconds <= 0) throw new InvalidArgumentError('Expected more than 0 seconds.');
    return seconds;
  });
}

/**
 * The run as it is, or with --wait as it ended: exit code 0 if it completed, 1 if it did not.
 * @param run       as the coordinator answered the command
 * @param isStopped ending it is what the command was for: however it ended is fine
 * @throws FleetError `wait.timed-out`
 */
export async function awaited(shell: Shell, { client, run, options: { wait, timeout }, isStopped = false }: { client: CoordinatorClient; run: Run; options: WaitOptions; isStopped?: boolean }): Promise<Run> {
  if (wait !== true) return run;
  const progress = shell.surroundings.startProgress(`run ${run.id} is ${run.state}`);
  try {
    const ended = await watchRun({ client, id: run.id, intervalMs: lookEveryMs, timeoutMs: timeout === undefined ? null : timeout * 1_000, sleep: shell.surroundings.sleep, nowMs: shell.surroundings.nowMs, show: (line) => progress.show(watchText(line)) });
    if (ended.state !== 'completed' && !isStopped) shell.exitCode = exitCodes.failed;
    return ended;
  } finally {
    progress.end();
  }
}
