import { verifyManifest, type Manifest } from '@seedfleet/ledger';
import { routes, type BranchRequest } from '@seedfleet/protocol';
import { createArgument, Option, type Command } from 'commander';
import { examples, listValue, numberValue, runNumber, type Shell } from '../terminal/shell.js';
import { runSheet } from './run-text.js';
import { addWaitOptions, awaited, type WaitOptions } from './wait-option.js';

interface BranchOptions {
  round: number;
  name?: string;
  step?: Manifest['stepRule']['type'];
  learningRate?: number;
  schedule?: Manifest['stepRule']['schedule'];
  queries?: number;
  eps?: number;
  batch?: number;
  rounds?: number;
  cohort?: number;
  reportsMin?: number;
  devices?: string[];
  draft: boolean;
}

/** Rolls a run back: a log is never cut, the run goes on as another one from the state that it had. */
export function addBranchCommand(runs: Command, shell: Shell): void {
  examples(addWaitOptions(runs.command('branch').description('roll back: start a new run with the adapter that a run had after some rounds; the run itself stays as it is')
    .addArgument(createArgument('<run>', 'number of the run').argParser(runNumber))
    .requiredOption('--round <count>', 'how many rounds of the run to keep', numberValue)
    .option('--name <name>', 'name of the new run (default: that of the run, and the round)')
    .addOption(new Option('--step <rule>', 'step rule (default of this and all below: as in the run)').choices(['sgd', 'normalised', 'momentum', 'adam']))
    .option('--learning-rate <rate>', 'learning rate of the step rule', numberValue)
    .addOption(new Option('--schedule <name>', 'of the learning rate over all rounds; begins anew').choices(['constant', 'linear', 'cosine']))
    .option('--queries <q>', 'directions a round', numberValue)
    .option('--eps <eps>', 'how far along a direction', numberValue)
    .option('--batch <examples>', 'examples of one report', numberValue)
    .option('--rounds <count>', 'rounds of the new run', numberValue)
    .option('--cohort <devices>', 'reports that a round wants', numberValue)
    .option('--reports-min <count>', 'fewer reports at the deadline abandon the round', numberValue)
    .option('--devices <ids>', 'only these devices, with commas between', listValue)
    .option('--draft', 'make the run without starting it', false))
    .action(async (id: number, options: BranchOptions & WaitOptions) => {
      const client = await shell.client();
      const parent = verifyManifest(await client.json(routes.showManifest, { params: { id } })).manifest;
      const run = await client.json(routes.branchRun, { params: { id }, body: branchRequestOf(options, parent) });
      shell.printer.value(await awaited(shell, { client, run, options }), runSheet);
      if (options.wait !== true) shell.remark(run.state === 'draft' ? `Start it with: seedfleet runs start ${run.id}` : `Follow it with: seedfleet runs watch ${run.id}`);
    }), 'seedfleet runs branch 3 --round 40', 'seedfleet runs branch 3 --round 40 --name gentler --learning-rate 0.003 --rounds 80 --draft');
}

function branchRequestOf(options: BranchOptions, { estimator, stepRule, policy }: Manifest): BranchRequest {
  const { round, name, draft, devices } = options;
  return {
    round, start: !draft, ...(name === undefined ? {} : { name }), ...(devices === undefined ? {} : { devices }),
    changes: {
      estimator: changed(estimator, { queries: options.queries, eps: options.eps, batchExamples: options.batch }),
      stepRule: changed(stepRule, { type: options.step, learningRate: options.learningRate, schedule: options.schedule }),
      policy: changed(policy, { roundsMax: options.rounds, cohort: options.cohort, reportsMin: options.reportsMin }),
    },
  };
}

/** A part of the manifest with the settings that were given; undefined if none was: it stays as it is. */
function changed<T extends object>(part: T, settings: { [S in keyof T]?: T[S] | undefined }): T | undefined {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : { ...part, ...Object.fromEntries(given) };
}
