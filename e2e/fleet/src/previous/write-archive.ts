import { execFileSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil, workspaceFolder } from '@seedfleet/example-sentiment';
import { type RunRequest } from '@seedfleet/protocol';
import { ToyFleet } from '../toy/toy-fleet.js';
import { buildPrevious } from './build-previous.js';
import { previousVersion } from './previous-version.js';

/**
 * `node e2e/fleet/dist/previous/write-archive.js`: a fleet of the previous version, with a row in nearly every table, backed up by its own command into
 * apps/coordinator/vectors/previous. Run at a release, after previous-version.json has been changed.
 */
async function main(): Promise<void> {
  const build = await buildPrevious();
  const fleet = await ToyFleet.start(2, { build });
  try {
    const { client } = fleet.coordinator;
    const { items: devices } = await client.call('listDevices');
    const byHand = await client.call('createGroup', { body: { name: 'by hand', filter: null } });
    await client.call('addGroupMembers', { params: { id: byHand.id }, body: { devices: devices.map(({ id }) => id) } });
    await client.call('createGroup', { body: { name: 'by filter', filter: 'state=active' } });
    const channel = await client.call('createAlertChannel', { body: { type: 'webhook', name: 'chat', url: 'http://127.0.0.1:9/hook' } });
    await client.call('createAlertRule', { body: { name: 'gone', condition: { type: 'device-gone', hours: 0.0005 }, channels: [channel.id] } });
    const run = await fleet.startRun({ rounds: 3, reportsMin: 2, checkpointEveryRounds: 2 });
    await fleet.ended(run);
    await fleet.startRun({ rounds: 100_000, reportsMin: 2 });
    await fleet.reached(run + 1, 2);
    await Promise.all(fleet.workers.map((worker) => worker.stop()));
    await waitUntil({ what: 'an alert', timeoutMs: 60_000, everyMs: 500 }, async () => (await client.call('listAlerts')).items.length > 0);
    await client.call('createRun', { body: draftOn((await client.call('showRun', { params: { id: run } })).model) });
    await fleet.coordinator.stop();
    const folder = join(workspaceFolder, 'apps/coordinator/vectors/previous');
    await mkdir(folder, { recursive: true });
    const archive = join(folder, `${previousVersion.version}.backup`);
    await rm(archive, { force: true });
    console.log(execFileSync(process.execPath, [build.coordinator, 'backup', '--out', archive], { encoding: 'utf8', env: { PATH: process.env['PATH'], SEEDFLEET_HOME: fleet.coordinator.home } }).trim());
  } finally {
    await fleet.remove();
  }
}

/** A run that never started. */
function draftOn(model: string): RunRequest {
  return {
    name: 'draft', model, task: { type: 'classification', labels: ['early', 'late'], tokensMax: 16 },
    adapter: { rank: 2, alpha: 4, sites: 'dense', scale: 1, headScale: 3 },
    estimator: { type: 'leave-one-out', queries: 4, eps: 1e-2, distribution: 'rademacher', groups: 1, batchExamples: 8 },
    stepRule: { type: 'normalised', learningRate: 3e-2, schedule: 'constant' },
    policy: { roundsMax: 5, cohort: 2, overSelection: 1, reportsMin: 1, deadlineMs: 5_000, evaluationEveryRounds: 0, checkpointEveryRounds: 0, attemptsMax: 10 },
    start: false,
  };
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
