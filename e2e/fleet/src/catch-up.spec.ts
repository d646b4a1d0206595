import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '@seedfleet/example-sentiment';
import { ToyFleet } from './toy/toy-fleet.js';

let fleet: ToyFleet;

afterEach(async () => fleet.remove());

test('a device that sleeps through rounds catches up with the fleet and takes part again', async () => {
  fleet = await ToyFleet.start(3);
  const run = await fleet.startRun({ rounds: 100_000, reportsMin: 2, checkpointEveryRounds: 1_000_000 });
  await fleet.workerReached('device-2', { run, round: 1 });
  await fleet.worker('device-2').stop();
  const asleep = (await fleet.run(run)).round;
  await fleet.reached(run, asleep + 30);
  await fleet.startWorker('device-2');
  await fleet.workerReached('device-2', { run, round: asleep + 30 });
  const status = await fleet.worker('device-2').status();
  // No checkpoint was made: the log is the only way back.
  expect(status?.catchUp).toMatchObject({ by: 'log' });
  expect(status?.catchUp?.rounds).toBeGreaterThanOrEqual(29);
  await takesPartAgain('device-2', run);
}, 120_000);

test('a newcomer far behind takes the checkpoint where that is cheaper, and ends with the same state', async () => {
  fleet = await ToyFleet.start(2);
  const run = await fleet.startRun({ rounds: 400, checkpointEveryRounds: 100 });
  const { stateHash, round } = await fleet.ended(run, 180_000);
  expect(round).toBe(400);
  await fleet.addWorker('late', { data: true });
  expect(await fleet.workerReached('late', { run, round })).toBe(stateHash);
  const status = await fleet.worker('late').status();
  // 400 commits of about 200 bytes against one checkpoint of 66 float64: the checkpoint is cheaper by far.
  expect(status?.catchUp).toMatchObject({ by: 'checkpoint' });
  // The first page of the tail is on its way before the choice is made; the other pages are saved.
  expect(status?.catchUp?.bytes).toBeLessThan(60_000);
}, 240_000);

test('a device without data is there to check: it replays every commit', async () => {
  fleet = await ToyFleet.start(2);
  const run = await fleet.startRun({ rounds: 30, checkpointEveryRounds: 10 });
  const { stateHash, round } = await fleet.ended(run);
  await fleet.addWorker('auditor', { data: false });
  expect(await fleet.workerReached('auditor', { run, round })).toBe(stateHash);
  expect((await fleet.worker('auditor').status())?.catchUp).toMatchObject({ by: 'log', rounds: round });
}, 120_000);

test('a device whose saved state was changed is not believed: it rebuilds its state from the log and takes part again', async () => {
  fleet = await ToyFleet.start(2);
  const run = await fleet.startRun({ rounds: 100_000, reportsMin: 1 });
  await fleet.workerReached('device-1', { run, round: 5 });
  await fleet.worker('device-1').stop();
  await flipStateBytes(fleet.homeOf('device-1'), run);
  await fleet.startWorker('device-1');
  const { round } = await fleet.run(run);
  await fleet.workerReached('device-1', { run, round: round + 2 });
  expect(await fleet.logOf('device-1')).toMatch(/rebuilt from the log|fetched again/);
  await takesPartAgain('device-1', run);
}, 120_000);

/** Waits for reports of the device that were recorded after now, and stops the run: all states are equal then. */
async function takesPartAgain(name: string, run: number): Promise<void> {
  const recorded = async () => (await fleet.logOf(name)).split('"the report was recorded"').length - 1;
  const before = await recorded();
  await waitUntil({ what: `a report of ${name}`, timeoutMs: 30_000 }, async () => (await recorded()) > before);
  await fleet.coordinator.client.call('stopRun', { params: { id: run } });
  const { round, stateHash } = await fleet.run(run);
  for (const worker of fleet.workers) {
    const device = worker.home.slice(fleet.folder.length + 1);
    expect(await fleet.workerReached(device, { run, round })).toBe(stateHash);
  }
}

/** Changes one byte in the middle of every state and tail file of a run in a worker's home. */
async function flipStateBytes(home: string, run: number): Promise<void> {
  const folder = join(home, 'runs', String(run));
  const files = (await readdir(folder)).filter((name) => /state|checkpoint|tail|log/.test(name));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const bytes = await readFile(join(folder, file));
    if (bytes.length === 0) continue;
    const middle = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 0x10, middle);
    await writeFile(join(folder, file), bytes);
  }
}
