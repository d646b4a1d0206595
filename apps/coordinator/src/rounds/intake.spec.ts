import { type AnswerOf } from '@seedfleet/protocol';
import { serverLimits } from '../app/limits.js';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRun } from '../testing/a-model.js';

let fleet: CoordinatorUnderTest;
beforeAll(async () => {
  Reflect.set(serverLimits, 'reportsWaitingMax', 4);
  fleet = await aCoordinator();
}, 60_000);
afterAll(() => fleet.close());

test('while the database is held up, reports beyond the bound are refused with a time; what was taken is acknowledged, and what comes again is recorded', async () => {
  const run = await aRun(fleet, (await anUploadedModel(fleet)).id);
  const [first, second] = [await DeviceUnderTest.ready(fleet, run.id), await DeviceUnderTest.ready(fleet, run.id)];
  const [report, other] = [first.reportOf(await first.nextStart(0)), second.reportOf(await second.nextStart(0))];

  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => { letGo = resolve; });
  // The embedded database has one connection: nothing is saved before this transaction is over.
  const holding = fleet.coordinator.database.transact(() => held);
  // One report and its repetitions, in their order on one connection.
  const taken = Array.from({ length: 4 }, () => first.send('round:report', report));
  const beyond: AnswerOf<'round:report'> = await first.send('round:report', report);
  expect(beyond).toMatchObject({ ok: false, error: { code: 'intake.full', retryable: true, retryAfterMs: expect.any(Number) as unknown } });
  letGo();
  await holding;
  expect(await Promise.all(taken)).toEqual(Array.from({ length: 4 }, () => ({ ok: true, recorded: true })));

  expect(await first.send('round:report', report)).toEqual({ ok: true, recorded: true });
  expect(await second.send('round:report', other)).toEqual({ ok: true, recorded: true });
  await first.reachRound(1);
  expect(await fleet.coordinator.database.prisma.report.count({ where: { runId: run.id, round: 0 } })).toBe(2);
}, 30_000);
