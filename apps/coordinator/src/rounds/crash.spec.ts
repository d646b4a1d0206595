import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { decodeLog, verifyChain, type SignedManifest } from '@seedfleet/ledger';
import { stateHash } from '@seedfleet/numerics';
import { type ResponseOf, type Run } from '@seedfleet/protocol';
import { aCoordinatorProcess, type CoordinatorProcess } from '../testing/a-coordinator-process.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRun } from '../testing/a-model.js';

let fleet: CoordinatorProcess;

beforeAll(async () => {
  fleet = await aCoordinatorProcess();
}, 60_000);

afterAll(() => fleet.close());

async function comeBack(device: DeviceUnderTest, run: number): Promise<void> {
  device.starts.splice(0);
  await device.connect();
  expect(await device.hello([{ run, round: device.state.round, stateHash: stateHash(device.state) }])).toEqual({ ok: true, deviceName: 'a device', runs: [{ run, round: device.state.round, stateMatches: true }] });
  expect((await device.prepared(run)).ok).toBe(true);
}

test('after a kill -9 in the middle of a round the run goes on at that round by itself, and the report that was acknowledged counts', async () => {
  const run = await aRun(fleet, (await anUploadedModel(fleet)).id, { roundsMax: 4, deadlineMs: 600_000 });
  const first = await DeviceUnderTest.ready(fleet, run.id);
  const second = await DeviceUnderTest.ready(fleet, run.id);
  for (const device of [first, second]) await device.send('round:report', device.reportOf(await device.nextStart(0)));
  await Promise.all([first.reachRound(1), second.reachRound(1)]);
  expect(await first.send('round:report', first.reportOf(await first.nextStart(1)))).toEqual({ ok: true, recorded: true });

  await fleet.crash();
  await comeBack(first, run.id);
  await comeBack(second, run.id);
  const start = await second.nextStart(1);
  expect(start.attempt).toBe(0);
  expect(await second.send('round:report', second.reportOf(start))).toEqual({ ok: true, recorded: true });
  await Promise.all([first.reachRound(2), second.reachRound(2)]);
  expect(first.stateHash).toBe(second.stateHash);

  const rounds = (await fleet.call('GET', `/api/v1/runs/${run.id}/rounds`)).json as ResponseOf<'listRounds'>;
  expect(rounds.items.filter(({ round }) => round === 1).map(({ attempt, state, reported }) => ({ attempt, state, reported }))).toEqual([{ attempt: 0, state: 'committed', reported: 2 }]);

  await fleet.crash();
  const manifest = (await fleet.call('GET', `/api/v1/runs/${run.id}/manifest`)).json as SignedManifest;
  expect(verifyChain({ manifest, commits: decodeLog((await fleet.call('GET', `/api/v1/runs/${run.id}/log`)).bytes) })).toHaveLength(2);
  expect((await fleet.call('GET', `/api/v1/runs/${run.id}`)).json as Run).toMatchObject({ state: 'running', round: 2, stateHash: first.stateHash });
  first.close();
  second.close();
}, 120_000);

test('SIGTERM ends it with code 0 and leaves no lock', async () => {
  expect(await fleet.stop()).toBe(0);
  expect(existsSync(join(fleet.home, 'coordinator.lock'))).toBe(false);
}, 30_000);
