import { routes } from '@seedfleet/protocol';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { type Shell } from '../terminal/shell.js';
import { planOf, type PlanOptions } from './plan-options.js';
import { findModel, runRequestOf, type RunOptions } from './run-options.js';
import { previewSheet, runSheet } from './run-text.js';
import { awaited, type WaitOptions } from './wait-option.js';

/** Makes the run that the flags say; with --dry-run only shows what it would be and cost. */
export async function startRun(shell: Shell, client: CoordinatorClient, options: RunOptions & PlanOptions & WaitOptions): Promise<void> {
  const model = await findModel(client, options.model);
  const body = { ...runRequestOf(options, model.id), ...await planOf(client, options) };
  if (shell.isDryRun) {
    shell.printer.value(await client.json(routes.previewRun, { body }), previewSheet);
    shell.remark('Nothing was made.');
    return;
  }
  const run = await client.json(routes.createRun, { body });
  shell.printer.value(await awaited(shell, { client, run, options }), runSheet);
  if (options.wait !== true) shell.remark(run.state === 'draft' ? `Start it with: seedfleet runs start ${run.id}` : `Follow it with: seedfleet runs watch ${run.id}`);
}
