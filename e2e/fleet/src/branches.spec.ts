import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeCommit, decodeLog, toHex, verifyChain, verifyManifest } from '@seedfleet/ledger';
import { ToyFleet } from './toy/toy-fleet.js';

const seedfleet = new URL('../../../apps/cli/dist/main.js', import.meta.url).pathname;

test('a run is rolled back to a round: both devices go on from its state then, and the branch verifies and exports', async () => {
  const fleet = await ToyFleet.start(2);
  try {
    const env = { PATH: process.env['PATH'], XDG_CONFIG_HOME: join(fleet.folder, 'config') };
    const typed = async (...words: string[]) => (await promisify(execFile)(process.execPath, [seedfleet, ...words], { env })).stdout;
    await typed('login', '--url', fleet.coordinator.url, '--token-file', join(fleet.coordinator.home, 'admin-token'));

    const parent = await fleet.startRun({ rounds: 8, reportsMin: 2, checkpointEveryRounds: 3 });
    expect(await fleet.ended(parent)).toMatchObject({ state: 'completed', round: 8 });
    const kept = (await fleet.log(parent)).slice(0, 5);

    const { id } = JSON.parse(await typed('runs', 'branch', String(parent), '--round', '5', '--rounds', '60', '-o', 'json')) as { id: number };
    await fleet.reached(id, 3);
    // A device that dies in the middle goes on from its own folder; one that has lost the first state there is assigned the run again.
    await fleet.worker('device-0').kill('SIGKILL');
    await rm(join(fleet.homeOf('device-0'), 'runs', String(id), 'first-state'));
    await fleet.startWorker('device-0');
    await fleet.worker('device-1').kill('SIGKILL');
    // From here on it computes in eight bits beside one in float32: what they report goes into the same commits.
    await fleet.startWorker('device-1', { precision: 'w8a8' });
    await fleet.reached(id, 10);
    const run = await fleet.ended(id);
    expect(run).toMatchObject({ state: 'completed', round: 60, branch: { run: parent, round: 5 } });
    for (const name of ['device-0', 'device-1']) expect(await fleet.workerReached(name, { run: id, round: 60 })).toBe(run.stateHash);
    const precisionOf = async (name: string) => (await fleet.worker(name).status())?.runs.find((known) => known.run === id)?.precision;
    expect([await precisionOf('device-0'), await precisionOf('device-1')]).toEqual(['fp32', 'w8a8']);

    expect(JSON.parse(await typed('runs', 'verify', String(id), '-o', 'json'))).toMatchObject({ passed: true, rounds: 60, stateHash: run.stateHash });
    const folder = join(fleet.folder, 'exported');
    await typed('runs', 'export', String(id), '--out', folder);
    const exported = async (prefix: string) => ({
      manifest: verifyManifest(JSON.parse(await readFile(join(folder, `${prefix}manifest.json`), 'utf8'))),
      log: decodeLog(new Uint8Array(await readFile(join(folder, `${prefix}commits.log`)))),
    });
    const ours = await exported('');
    const theirs = await exported(`parent-${parent}.`);
    expect(theirs.log).toEqual(kept);
    // The state of this step rule is B alone: the branch begins with the very state that the fleet had after the fifth commit.
    expect(ours.manifest.manifest.branch).toMatchObject({ manifestHash: toHex(theirs.manifest.hash), stateHash: toHex(decodeCommit(kept[4] as Uint8Array).stateHash) });
    expect(toHex(verifyChain({ manifest: ours.manifest, commits: ours.log }).at(-1)?.stateHash ?? new Uint8Array())).toBe(run.stateHash);

    const late = await fleet.addWorker('late', { data: false });
    expect(await fleet.workerReached('late', { run: id, round: 60 })).toBe(run.stateHash);
    expect(late.running()).toBe(true);
  } finally {
    await fleet.remove();
  }
}, 300_000);
