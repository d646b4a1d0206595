import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceFolder } from '@seedfleet/example-sentiment';
import { protocolVersionMin } from '@seedfleet/protocol';
import { buildPrevious } from './previous/build-previous.js';
import { historyHere, previousVersion } from './previous/previous-version.js';
import { builtHere, ToyFleet, type Build } from './toy/toy-fleet.js';

const history = historyHere();

test(`workers of version ${previousVersion.version} are still served`, () => {
  expect(previousVersion.protocol).toBeGreaterThanOrEqual(protocolVersionMin);
});

if (history === 'whole') {
  describe(`from version ${previousVersion.version} (${previousVersion.commit.slice(0, 7)}) to this one, and back`, () => {
    let previous: Build;
    let fleet: ToyFleet;
    let run: number;
    beforeAll(async () => {
      previous = await buildPrevious();
      fleet = await ToyFleet.start(1, { build: previous });
    }, 120_000);
    afterAll(() => fleet.remove());

    /** Both devices take part in two more rounds, or the run would not go on, and then hold the state of the log. */
    async function goesOn(): Promise<void> {
      const { round } = await fleet.reached(run, (await fleet.run(run)).round + 2);
      for (const { home } of fleet.workers) await fleet.workerReached(home.slice(fleet.folder.length + 1), { run, round });
    }

    /** The last line of a coordinator that does not start. */
    const startOf = ({ coordinator }: Build, home: string) => new Promise<unknown>((resolve) => {
      execFile(process.execPath, [coordinator], { env: { PATH: process.env['PATH'], SEEDFLEET_HOME: home, SEEDFLEET_PORT: '0' }, timeout: 30_000 }, (_error, _stdout, stderr) => resolve(JSON.parse(stderr.trim().split('\n').at(-1) ?? '{}')));
    });

    test('a worker of this version takes part with a coordinator of the previous', async () => {
      fleet.build = builtHere();
      await fleet.addWorker('device-1', { data: true });
      run = await fleet.startRun({ rounds: 100_000, reportsMin: 2 });
      await goesOn();
    }, 60_000);

    test('the home and the database of the previous coordinator open in this one, and its workers go on', async () => {
      await fleet.coordinator.stop();
      await fleet.restartCoordinator();
      await goesOn();
    }, 60_000);

    test('homes of workers open in the other version, either way', async () => {
      for (const [name, build] of [['device-0', builtHere()], ['device-1', previous]] as const) {
        await fleet.worker(name).stop();
        fleet.build = build;
        await fleet.startWorker(name);
      }
      await goesOn();
      const { client } = fleet.coordinator;
      await client.call('stopRun', { params: { id: run } });
      const { round, stateHash } = await fleet.run(run);
      for (const name of ['device-0', 'device-1']) expect(await fleet.workerReached(name, { run, round })).toBe(stateHash);
    }, 60_000);

    test('the previous version refuses a database that this one has migrated, and says what to do', async () => {
      await fleet.stop();
      const added = await migrationsSince(previous);
      if (added.length > 0) expect(await startOf(previous, fleet.coordinator.home)).toMatchObject({ event: 'failed', code: 'database.newer', fix: expect.stringContaining('restore') });
    }, 60_000);
  });
} else {
  test(`the upgrade from ${previousVersion.commit} is not tested here: this clone does not have its history (git fetch --unshallow brings it)`, () => {
    // In a clone with its whole history the commit is there, or previous-version.json names none of ours.
    expect(history === 'shallow' || !existsSync(join(workspaceFolder, '.git'))).toBe(true);
  });
}

/** Migrations of ours that the previous version does not have. Those that it has are ours too, unchanged. */
async function migrationsSince({ coordinator }: Build): Promise<string[]> {
  const [here, there] = [workspaceFolder, join(coordinator, '../../../..')].map((root) => join(root, 'prisma/migrations')) as [string, string];
  const [ours, theirs] = await Promise.all([readdir(here), readdir(there)]);
  for (const name of theirs.filter((folder) => /^\d/.test(folder))) {
    const [mine, their] = await Promise.all([here, there].map((folder) => readFile(join(folder, name, 'migration.sql'), 'utf8').catch(() => null)));
    expect({ name, sql: mine }).toEqual({ name, sql: their });
  }
  return ours.filter((name) => !theirs.includes(name));
}
