import { routes, type RunRequest } from '@seedfleet/protocol';
import { createArgument, type Command } from 'commander';
import { examples, runNumber, type Shell } from '../terminal/shell.js';
import { type PlanOptions } from './plan-options.js';
import { optionsOf } from './request-options.js';
import { addRunOptions, type RunOptions } from './run-options.js';
import { startRun } from './start-run.js';
import { addWaitOptions, type WaitOptions } from './wait-option.js';

type Options = RunOptions & PlanOptions & WaitOptions;

/** The same run anew: with another number, keys and log, and with whatever is said otherwise. */
export function addCloneCommand(runs: Command, shell: Shell): void {
  const command = runs.command('clone').description('start a new run with the settings of another; flags say what is different')
    .addArgument(createArgument('<run>', 'number of the run').argParser(runNumber));
  examples(addWaitOptions(addRunOptions(command)).action(async (id: number, options: Options) => {
    const client = await shell.client();
    const asked: RunRequest = await client.json(routes.showRunRequest, { params: { id } });
    await startRun(shell, client, { ...options, ...optionsOf(asked), ...said(command, options) });
  }), 'seedfleet runs clone 3', 'seedfleet runs clone 3 --name gentler --learning-rate 0.003 --draft', 'seedfleet runs clone 3 --after 3');
}

/** What was typed, without the defaults. Who takes part is said whole: a list of devices leaves no group of the other run. */
function said(command: Command, options: Options): Partial<Options> {
  const typed = Object.fromEntries(Object.entries(options).filter(([name]) => command.getOptionValueSource(name) === 'cli'));
  if ('devices' in typed) return { ...typed, group: undefined } as Partial<Options>;
  return ('group' in typed ? { ...typed, devices: undefined } : typed) as Partial<Options>;
}
