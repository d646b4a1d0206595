import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ResponseOf } from '@seedfleet/protocol';
import { bytea } from '../database/bytea.js';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRun } from '../testing/a-model.js';

let fleet: CoordinatorUnderTest;
let model: string;

beforeAll(async () => {
  fleet = await aCoordinator();
  model = (await anUploadedModel(fleet)).id;
}, 60_000);

afterAll(() => fleet.close());

async function readyDevices(run: number, count: number): Promise<DeviceUnderTest[]> {
  const devices: DeviceUnderTest[] = [];
  for (let index = 0; index < count; index++) devices.push(await DeviceUnderTest.ready(fleet, run));
  return devices;
}

async function waitFor(ask: () => Promise<boolean>): Promise<void> {
  while (!await ask()) await sleep(50);
}

test('reports that arrive together are each answered for themselves, and every one that was acknowledged is kept', async () => {
  const run = await aRun(fleet, model, { cohort: 6, reportsMin: 6, deadlineMs: 600_000 });
  const devices = await readyDevices(run.id, 6);
  const starts = await Promise.all(devices.map((device) => device.nextStart(0)));
  const answers = await Promise.all(devices.flatMap((device, index) => {
    const report = device.reportOf(starts[index] as (typeof starts)[number]);
    const sent = index === 0 ? { ...report, differences: report.differences.subarray(1) } : report;
    return [device.send('round:report', sent), device.send('round:report', sent)];
  }));
  expect(answers.slice(2)).toEqual(Array.from({ length: 10 }, () => ({ ok: true, recorded: true })));
  expect(answers.slice(0, 2)).toEqual([0, 1].map(() => ({ ok: false, error: expect.objectContaining({ code: 'report.length' }) as unknown })));
  expect(await fleet.coordinator.database.prisma.report.count({ where: { runId: run.id } })).toBe(5);

  expect(await devices[0]?.send('round:report', (devices[0] as DeviceUnderTest).reportOf(starts[0] as (typeof starts)[number]))).toEqual({ ok: true, recorded: true });
  await Promise.all(devices.map((device) => device.reachRound(1)));
  expect(new Set(devices.map(({ stateHash }) => stateHash)).size).toBe(1);
  await fleet.call('POST', `/api/v1/runs/${run.id}/stop`);
  for (const device of devices) device.close();
}, 60_000);

test('a run that its database broke is taken up again, and hears of devices that spoke while nobody led it', async () => {
  const run = await aRun(fleet, model, { cohort: 2, reportsMin: 2, deadlineMs: 600_000 });
  const [first, second] = await readyDevices(run.id, 2) as [DeviceUnderTest, DeviceUnderTest];
  const [start] = await Promise.all([first.nextStart(0), second.nextStart(0)]);
  const report = first.reportOf(start);
  // A row that the loop knows nothing of: its own cannot be saved, and its memory is thrown away.
  await fleet.coordinator.database.prisma.report.create({
    data: { runId: run.id, round: 0, attempt: 0, deviceId: first.id, group: 0, examples: report.examples, differences: bytea(new Uint8Array(report.differences.buffer.slice(0))), recordedAt: new Date() },
  });
  const cut = Promise.all([first, second].map(({ socket }) => once(socket as unknown as NodeJS.EventEmitter, 'disconnect')));
  // Refused, or cut off before the refusal; never acknowledged.
  expect(await first.send('round:report', report).then(({ ok }) => ok, () => false)).toBe(false);
  await cut;
  for (const device of [first, second]) {
    device.starts.splice(0);
    await device.connect();
    await device.hello();
    // As a worker does: what is refused for now is said again.
    await waitFor(async () => (await device.prepared(run.id)).ok);
  }
  // The row counts as the report that it is; the other device is asked again in the same attempt.
  expect(await second.send('round:report', second.reportOf(await second.nextStart(0)))).toEqual({ ok: true, recorded: true });
  await Promise.all([first.reachRound(1), second.reachRound(1)]);
  const rounds = (await fleet.call('GET', `/api/v1/runs/${run.id}/rounds`)).json as ResponseOf<'listRounds'>;
  expect(rounds.items.find(({ round }) => round === 0)).toMatchObject({ state: 'committed', attempt: 0, reported: 2 });
  for (const device of [first, second]) device.close();
}, 60_000);
