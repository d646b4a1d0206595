import { setTimeout as sleep } from 'node:timers/promises';
import { mulberry } from './toy/mulberry.js';
import { ToyFleet } from './toy/toy-fleet.js';

const kills = 20;
const seed = Number(process.env['SEEDFLEET_TEST_SEED'] ?? Date.now() % 1_000_000);

test(`a worker killed at ${kills} random instants comes back with the state of the fleet and takes part again (seed ${seed})`, async () => {
  const fleet = await ToyFleet.start(3);
  try {
    const random = mulberry(seed);
    const run = await fleet.startRun({ rounds: 100_000, reportsMin: 2 });
    await fleet.workerReached('device-2', { run, round: 1 });
    for (let kill = 0; kill < kills; kill++) {
      await sleep(random() * 400);
      await fleet.worker('device-2').kill('SIGKILL');
      await fleet.startWorker('device-2');
      const { round } = await fleet.run(run);
      await fleet.workerReached('device-2', { run, round: round + 1 });
    }
    await fleet.coordinator.client.call('stopRun', { params: { id: run } });
    const { round, stateHash } = await fleet.run(run);
    for (let device = 0; device < 3; device++) expect(await fleet.workerReached(`device-${device}`, { run, round })).toBe(stateHash);
    expect((await fleet.logOf('device-2')).split('\n').filter((line) => line.includes('"the report was recorded"')).length).toBeGreaterThan(0);
  } finally {
    await fleet.remove();
  }
}, 300_000);
