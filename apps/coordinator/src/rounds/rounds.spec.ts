import { decodeLog, toHex, verifyChain, type SignedManifest } from '@seedfleet/ledger';
import { type ResponseOf, type Run } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRun } from '../testing/a-model.js';
import { aPostgres, type PostgresUnderTest } from '../testing/a-postgres.js';

let fleet: CoordinatorUnderTest;
let server: PostgresUnderTest | null = null;
const devices: DeviceUnderTest[] = [];

afterAll(() => server?.close());

async function readyDevices(run: number, count = 2): Promise<DeviceUnderTest[]> {
  for (let i = 0; i < count; i++) devices.push(await DeviceUnderTest.ready(fleet, run));
  return devices;
}

async function reportRound(round: number): Promise<void> {
  for (const device of devices) expect(await device.send('round:report', device.reportOf(await device.nextStart(round)))).toEqual({ ok: true, recorded: true });
  for (const device of devices) await device.reachRound(round + 1);
}

test.each(['embedded', 'postgresql'] as const)('on the %s database two devices fine-tune for three rounds, and all end with one state that the log proves', async (kind) => {
  if (kind === 'postgresql') server = await aPostgres();
  fleet = await aCoordinator({ databaseUrl: kind === 'postgresql' ? (server as PostgresUnderTest).url : null });
  const { id } = await anUploadedModel(fleet);
  const run = await aRun(fleet, id);
  const [first, second] = await readyDevices(run.id) as [DeviceUnderTest, DeviceUnderTest];
  for (let round = 0; round < 3; round++) await reportRound(round);
  expect(await first.end()).toEqual({ run: run.id, state: 'completed', cause: 'rounds-done' });
  expect(first.stateHash).toBe(second.stateHash);

  const shown = (await fleet.call('GET', `/api/v1/runs/${run.id}`)).json as Run;
  expect(shown).toMatchObject({ state: 'completed', round: 3, stateHash: first.stateHash, devices: 2 });
  const manifest = (await fleet.call('GET', `/api/v1/runs/${run.id}/manifest`)).json as SignedManifest;
  const log = decodeLog((await fleet.call('GET', `/api/v1/runs/${run.id}/log`)).bytes);
  const commits = verifyChain({ manifest, commits: log });
  expect(commits.map(({ round }) => round)).toEqual([0, 1, 2]);
  expect(toHex(commits[2]?.hash ?? new Uint8Array())).toBe(shown.headHash);
  const { items } = (await fleet.call('GET', `/api/v1/runs/${run.id}/rounds`)).json as ResponseOf<'listRounds'>;
  expect(items.map(({ round, state, selected, accepted, reported }) => ({ round, state, selected, accepted, reported })))
    .toEqual([2, 1, 0].map((round) => ({ round, state: 'committed', selected: 2, accepted: 2, reported: 2 })));

  // One that comes when all is over: the run has ended for it once it holds the last commit, not before.
  const late = await DeviceUnderTest.ready(fleet, run.id);
  devices.push(late);
  const tail = await late.send('ledger:tail', { run: run.id, from: 0 });
  if (tail.ok) tail.commits.forEach((commit) => late.take(commit));
  expect(late.ended).toEqual([]);
  expect(await late.prepared(run.id)).toMatchObject({ ok: true, round: 3 });
  expect(await late.end()).toMatchObject({ run: run.id, state: 'completed' });
  expect(late.stateHash).toBe(first.stateHash);
  for (const device of devices.splice(0)) device.close();
  await fleet.close();
}, 60_000);
