import { verifyRun } from '@seedfleet/artifacts';
import { decodeLog, type SignedManifest } from '@seedfleet/ledger';
import { type Run } from '@seedfleet/protocol';
import { bytea } from '../database/bytea.js';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { aRun, anUploadedModel } from '../testing/a-model.js';
import { aPostgres, type PostgresUnderTest } from '../testing/a-postgres.js';
import { scrape, valueOf } from '../testing/scrape.js';

const dayMs = 86_400_000;
const retention = { reportDays: 30, reportRounds: 2, checkpointEvery: 2 };
let postgres: PostgresUnderTest;

beforeAll(async () => {
  postgres = await aPostgres();
}, 60_000);

afterAll(() => postgres.close());

async function doRound(devices: readonly DeviceUnderTest[], round: number): Promise<void> {
  for (const device of devices) await device.send('round:report', device.reportOf(await device.nextStart(round)));
  for (const device of devices) await device.reachRound(round + 1);
}

const sweep = (fleet: CoordinatorUnderTest) => fleet.coordinator.sweep();
const reportsOf = async (fleet: CoordinatorUnderTest, run: number) => (await fleet.coordinator.database.prisma.report.findMany({ where: { runId: run }, select: { round: true } })).map(({ round }) => round);

describe.each(['embedded', 'postgresql'])('retention on the %s database', (kind) => {
  test('an old run gives up reports and checkpoints, never its log: it verifies as before, and the open round of another run keeps its report', async () => {
    const fleet = await aCoordinator({ databaseUrl: kind === 'embedded' ? null : postgres.url, retention });
    try {
      const { id: model } = await anUploadedModel(fleet);
      const ended = await aRun(fleet, model, { roundsMax: 6, checkpointEveryRounds: 1 });
      const devices = [await DeviceUnderTest.ready(fleet, ended.id), await DeviceUnderTest.ready(fleet, ended.id)];
      for (let round = 0; round < 6; round++) await doRound(devices, round);
      for (const device of devices) await device.end();
      const head = ((await fleet.call('GET', `/api/v1/runs/${ended.id}`)).json as Run).headHash;

      // Beyond the last two rounds of an ended run; checkpoints 6, 5 and each second one.
      expect(await sweep(fleet)).toMatchObject({ reports: 8, checkpoints: 2 });
      expect(await reportsOf(fleet, ended.id)).toEqual([4, 4, 5, 5]);
      const checkpoints = (await fleet.call('GET', `/api/v1/runs/${ended.id}/artifacts`)).json as { items: { round: number }[] };
      expect(checkpoints.items.map(({ round }) => round)).toEqual([6, 5, 4, 2]);

      const open = await aRun(fleet, model, { roundsMax: 6, checkpointEveryRounds: 0 });
      for (const device of devices) {
        device.starts.length = 0;
        await device.fetchManifest(open.id);
        await device.prepared(open.id);
      }
      await doRound(devices, 0);
      const [first] = devices as [DeviceUnderTest];
      await first.send('round:report', first.reportOf(await first.nextStart(1)));
      fleet.pass(31 * dayMs);
      await fleet.coordinator.database.prisma.operatorSession.create({
        data: { id: 'ses_old', operatorId: (await fleet.coordinator.database.prisma.operator.findFirstOrThrow()).id, hash: bytea(new Uint8Array(32)), createdAt: new Date(0), expiresAt: new Date(1) },
      });
      expect(await sweep(fleet)).toMatchObject({ reports: 6, checkpoints: 0, sessions: 1, connections: devices.length });
      expect(await reportsOf(fleet, ended.id)).toEqual([]);
      expect(await reportsOf(fleet, open.id)).toEqual([1]);

      const signedManifest = (await fleet.call('GET', `/api/v1/runs/${ended.id}/manifest`)).json as SignedManifest;
      const log = decodeLog((await fleet.call('GET', `/api/v1/runs/${ended.id}/log`)).bytes);
      expect(verifyRun({ signedManifest, log })).toMatchObject({ rounds: 6, head });
      const rounds = (await fleet.call('GET', `/api/v1/runs/${ended.id}/rounds`)).json as { items: { reported: number }[] };
      expect(rounds.items.map(({ reported }) => reported)).toEqual([2, 2, 2, 2, 2, 2]);

      const audit = (await fleet.call('GET', '/api/v1/audit-entries?action=retention.delete')).json as { items: { actor: string; detail: object }[] };
      expect(audit.items.map(({ actor, detail }) => ({ actor, detail }))).toEqual([
        { actor: 'coordinator', detail: { reports: 6, checkpoints: 0, ...retention } }, { actor: 'coordinator', detail: { reports: 8, checkpoints: 2, ...retention } },
      ]);
      expect(valueOf(await scrape(fleet), 'seedfleet_retention_deleted_total', { kind: 'reports' })).toBe(14);
      expect(await sweep(fleet)).toMatchObject({ reports: 0, checkpoints: 0 });
      for (const device of devices) device.close();
    } finally {
      await fleet.close();
    }
  }, 90_000);
});

test('with 0 everything is kept', async () => {
  const fleet = await aCoordinator({ retention: { reportDays: 0, reportRounds: 0, checkpointEvery: 0 } });
  try {
    const run = await aRun(fleet, (await anUploadedModel(fleet)).id, { roundsMax: 4, checkpointEveryRounds: 1 });
    const devices = [await DeviceUnderTest.ready(fleet, run.id), await DeviceUnderTest.ready(fleet, run.id)];
    for (let round = 0; round < 4; round++) await doRound(devices, round);
    for (const device of devices) {
      await device.end();
      device.close();
    }
    fleet.pass(4_000 * dayMs);
    expect(await fleet.coordinator.sweep()).toMatchObject({ reports: 0, checkpoints: 0 });
    expect((await reportsOf(fleet, run.id)).length).toBe(8);
  } finally {
    await fleet.close();
  }
}, 60_000);
