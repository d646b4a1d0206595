import { FleetError } from '@seedfleet/errors';
import { routes, runStates, type RunState } from '@seedfleet/protocol';
import { createArgument, Option, type Command } from 'commander';
import { allPages } from '../coordinator/all-pages.js';
import { exitCodes } from '../terminal/exit-code.js';
import { sheetOf } from '../terminal/printer.js';
import { examples, numberValue, runNumber, type Shell } from '../terminal/shell.js';
import { auditWithProgress } from './audit-run.js';
import { addBranchCommand } from './branch-command.js';
import { addCloneCommand } from './clone-command.js';
import { addExportCommand } from './export-command.js';
import { keyOption } from './key-option.js';
import { type PlanOptions } from './plan-options.js';
import { addRunOptions, requireNewRun, type RunOptions } from './run-options.js';
import { runSheet, runTable } from './run-text.js';
import { startRun } from './start-run.js';
import { addWaitOptions, awaited, timeoutOption, type WaitOptions } from './wait-option.js';
import { watchRun, watchText } from './watch-run.js';

const runArgument = () => createArgument('<run>', 'number of the run').argParser(runNumber);

const actions = [
  { name: 'pause', route: routes.pauseRun, does: 'open no further round until the run is resumed', waits: false },
  { name: 'resume', route: routes.resumeRun, does: 'go on with a paused run', waits: true },
  { name: 'stop', route: routes.stopRun, does: 'end a run for good; what was committed stays', waits: true },
] as const;

export function addRunCommands(program: Command, shell: Shell): void {
  const runs = examples(program.command('runs').description('runs: fine-tunings of a base model'), 'seedfleet runs list');
  addReadingCommands(runs, shell);
  addStartCommand(runs, shell);
  addCloneCommand(runs, shell);
  addBranchCommand(runs, shell);
  for (const { name, route, does, waits } of actions) {
    const command = runs.command(name).description(does).addArgument(runArgument());
    examples((waits ? addWaitOptions(command) : command).action(async (id: number, options: WaitOptions) => {
      const client = await shell.client();
      const run = await client.json(route, { params: { id } });
      shell.printer.value(await awaited(shell, { client, run, options, isStopped: name === 'stop' }), runSheet);
    }), `seedfleet runs ${name} 3`, ...(waits ? [`seedfleet runs ${name} 3 --wait --timeout 600`] : []));
  }
  addProofCommands(runs, shell);
  addExportCommand(runs, shell);
}

function addReadingCommands(runs: Command, shell: Shell): void {
  examples(runs.command('list').description('list the runs, newest first')
    .addOption(new Option('--state <state>', 'only those in this state').choices(runStates))
    .option('--filter <filter>', 'only those that it means')
    .action(async ({ state, filter }: { state?: RunState; filter?: string }) => {
      const client = await shell.client();
      const found = await allPages((cursor) => client.json(routes.listRuns, { query: { cursor, state, filter } }));
      shell.printer.value({ items: found }, ({ items }) => runTable(items));
    }), 'seedfleet runs list --state running', 'seedfleet runs list --filter "state=completed ended<7d name~review"', 'seedfleet runs list -o json');

  examples(runs.command('show').description('show one run').addArgument(runArgument())
    .action(async (id: number) => {
      const run = await (await shell.client()).json(routes.showRun, { params: { id } });
      shell.printer.value(run, runSheet);
    }), 'seedfleet runs show 3');

  examples(runs.command('watch').description('follow a run until it ends: a line a round; with -o json an object a line').addArgument(runArgument())
    .option('--interval <seconds>', 'time between two looks', numberValue, 1)
    .addOption(timeoutOption())
    .action(async (id: number, { interval, timeout }: { interval: number; timeout?: number }) => {
      if (interval < 0.1) throw new FleetError('command.invalid', { field: '--interval', problem: 'The interval must be at least 0.1 seconds.' });
      const { printer } = shell;
      const run = await watchRun({ client: await shell.client(), id, intervalMs: interval * 1_000, timeoutMs: timeout === undefined ? null : timeout * 1_000, sleep: shell.surroundings.sleep, nowMs: shell.surroundings.nowMs, show: (line) => printer.streamed(line, watchText) });
      if (run.state !== 'completed') shell.exitCode = exitCodes.failed;
    }), 'seedfleet runs watch 3', 'seedfleet runs watch 3 -o json --interval 5');
}

function addStartCommand(runs: Command, shell: Shell): void {
  const command = runs.command('start').description('start a new run with these settings, or the draft of the given number')
    .addArgument(createArgument('[draft]', 'number of a draft').argParser(runNumber));
  examples(addWaitOptions(addRunOptions(command)).action(async (draft: number | undefined, options: RunOptions & PlanOptions & WaitOptions) => {
    const client = await shell.client();
    if (draft !== undefined) {
      const run = await client.json(routes.startRun, { params: { id: draft } });
      shell.printer.value(await awaited(shell, { client, run, options }), runSheet);
      return;
    }
    requireNewRun(options);
    await startRun(shell, client, options);
  }), 'seedfleet runs start --model encoder --name reviews --labels negative,positive', 'seedfleet runs start --model encoder --name reviews --labels negative,positive --rounds 300 --queries 16 --draft', 'seedfleet runs start --model lm --name novels --task language --sites "" --biases ".*fc2"', 'seedfleet runs start --model encoder --name reviews --labels negative,positive --group lab --canary-rounds 3 --budget-scalars 100000', 'seedfleet runs start --model encoder --name night --labels negative,positive --start-at 2026-11-26T03:00:00Z --when-free', 'seedfleet runs start --model encoder --name reviews --labels negative,positive --dry-run', 'seedfleet runs start 4', 'seedfleet runs start 4 --wait --timeout 3600 -o json');
}

function addProofCommands(runs: Command, shell: Shell): void {
  examples(runs.command('verify').description('check signatures and chain of a run, replay its log, compare with what the coordinator says').addArgument(runArgument())
    .addOption(keyOption())
    .action(async (id: number, { coordinatorKey }: { coordinatorKey?: string }) => {
      const { verified, run } = await auditWithProgress(shell, { id, coordinatorKey });
      const proof = { passed: true, run: id, rounds: verified.rounds, manifestHash: run.manifestHash, headHash: verified.head, stateHash: verified.stateHash, coordinatorKey: verified.manifest.coordinatorKey };
      shell.printer.value(proof, () => `${sheetOf({ run: id, rounds: proof.rounds, manifest: proof.manifestHash, 'last commit': proof.headHash, 'state hash': proof.stateHash, 'signed by': proof.coordinatorKey })}\n\nPASSED: manifest and ${proof.rounds} commits are signed and chained, and replay to the state that the coordinator names.`);
    }), 'seedfleet runs verify 3', 'seedfleet runs verify 3 --coordinator-key $(cat coordinator.pub)');
}
