import { cp, rm } from 'node:fs/promises';
import { enrolWorker, startWorker, waitUntil } from '@seedfleet/example-sentiment';
import { type ResponseOf } from '@seedfleet/protocol';
import { ToyFleet } from './toy/toy-fleet.js';

type Shown = ResponseOf<'showDevice'>;

test('a device changes its key, is wiped and comes back, and is copied, while a run goes on: it stays the same device, and the copy is noticed', async () => {
  const fleet = await ToyFleet.start(2);
  const { client } = fleet.coordinator;
  const [name, home] = ['device-1', fleet.homeOf('device-1')];
  try {
    const { items } = await client.call('listDevices', { query: { filter: `name=${name}` } });
    const params = { id: items[0]?.id ?? '' };
    const until = (what: string, holds: (device: Shown) => boolean) => waitUntil({ what, timeoutMs: 60_000, everyMs: 50 }, async () => {
      const device = await client.call('showDevice', { params });
      return holds(device) ? device : null;
    });
    const run = await fleet.startRun({ rounds: 100_000, reportsMin: 2 });
    /** Two more rounds cannot be committed without it: both must report. */
    const takesPart = async () => fleet.workerReached(name, { run, round: (await fleet.run(run)).round + 2 });
    await takesPart();

    const first = await until('the counts of its data', ({ statement }) => statement?.datasets[0]?.examples === 200);
    expect(first).toMatchObject({ formerKeys: [], clonedAt: null, lastError: null, statement: { policy: { sharesPaths: false }, datasets: [{ name: 'examples', labels: 2, fields: [{ name: 'text' }, { name: 'label' }] }] } });
    const doctor = await client.call('diagnoseDevice', { params });
    expect(doctor.findings.filter(({ result }) => result !== 'passed')).toEqual([]);
    expect((await client.call('resyncDevice', { params })).runs).toMatchObject([{ run, stateMatches: true }]);
    const log = await client.call('showDeviceLog', { params, query: {} });
    expect(log.items.map(({ code }) => code)).toEqual(expect.arrayContaining(['worker.started', 'run.joined', 'run.prepared']));
    for (const answer of [first, doctor, log]) expect(JSON.stringify(answer)).not.toContain(fleet.folder);

    await client.call('rotateDeviceKey', { params });
    const rotated = await until('its new key', ({ formerKeys, online }) => online && formerKeys.length === 1);
    expect(rotated.formerKeys).toMatchObject([{ fingerprint: first.fingerprint, cause: 'rotated' }]);
    await takesPart();

    await fleet.worker(name).kill('SIGKILL');
    await rm(home, { recursive: true });
    const { token } = await client.call('createReturnToken', { params, body: {} });
    await enrolWorker({ home, url: fleet.coordinator.url, token, name: 'called otherwise since' });
    await fleet.startWorker(name);
    const returned = await until('its return', ({ formerKeys, online }) => online && formerKeys.length === 2);
    expect(returned).toMatchObject({ id: first.id, name, enrolledAt: first.enrolledAt });
    await takesPart();

    await cp(home, `${home}-copy`, { recursive: true });
    await rm(`${home}-copy/lock`);
    const copy = await startWorker({ home: `${home}-copy` });
    await until('the alarm', ({ clonedAt }) => clonedAt !== null);
    await copy.stop();
    await takesPart();
    await client.call('stopRun', { params: { id: run } });
    const { round, stateHash } = await fleet.run(run);
    for (const device of ['device-0', name]) expect(await fleet.workerReached(device, { run, round })).toBe(stateHash);
  } finally {
    await fleet.remove();
  }
}, 240_000);
