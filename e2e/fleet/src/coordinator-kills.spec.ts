import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '@seedfleet/ledger';
import { mulberry } from './toy/mulberry.js';
import { acknowledgedReports, storedReports } from './toy/report-rows.js';
import { ToyFleet } from './toy/toy-fleet.js';

const kills = 20;
const seed = Number(process.env['SEEDFLEET_TEST_SEED'] ?? Date.now() % 1_000_000);

test(`a coordinator killed at ${kills} random instants loses nothing that it acknowledged, never forks, and goes on by itself (seed ${seed})`, async () => {
  const fleet = await ToyFleet.start(3);
  try {
    const random = mulberry(seed);
    const run = await fleet.startRun({ rounds: 100_000 });
    await fleet.reached(run, 1);
    let before: string[] = [];
    for (let kill = 0; kill < kills; kill++) {
      await sleep(random() * 400);
      await fleet.killCoordinator();
      await fleet.restartCoordinator();
      const after = (await fleet.log(run)).map(toHex);
      // What was read before is what stands there now, commit for commit: the log only grows.
      expect(after.slice(0, before.length)).toEqual(before);
      // It goes on by itself: nobody starts, resumes or repairs anything.
      await fleet.reached(run, after.length + 1);
      before = (await fleet.log(run)).map(toHex);
    }
    await fleet.coordinator.client.call('stopRun', { params: { id: run } });
    const { round, stateHash } = await fleet.run(run);
    for (let device = 0; device < 3; device++) expect(await fleet.workerReached(`device-${device}`, { run, round })).toBe(stateHash);
    await fleet.stop();
    const acknowledged = (await Promise.all([0, 1, 2].map((device) => acknowledgedReports(fleet, `device-${device}`, run)))).flat();
    const stored = new Set(await storedReports(fleet, run));
    expect(acknowledged.length).toBeGreaterThan(kills);
    expect(acknowledged.filter((report) => !stored.has(report))).toEqual([]);
  } finally {
    await fleet.remove();
  }
}, 300_000);
