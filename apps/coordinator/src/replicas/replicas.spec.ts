import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Refusal } from '@seedfleet/errors';
import { concatBytes, fromHex, sign, toHex, utf8 } from '@seedfleet/ledger';
import { credentialContext, type Device, type Health, type ResponseOf, type Run } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRun } from '../testing/a-model.js';
import { aPostgres, type PostgresUnderTest } from '../testing/a-postgres.js';
import { aRedis, type RedisUnderTest } from '../testing/a-redis.js';
import { LeaseRepository } from './lease.repository.js';

let postgres: PostgresUnderTest;
let redis: RedisUnderTest;
/** started first: it leads */
let leader: CoordinatorUnderTest;
let follower: CoordinatorUnderTest;
let model: string;

const share = (change: { home?: string } = {}) => aCoordinator({ home: leader.home, databaseUrl: postgres.url, redisUrl: redis.url, ...change });

beforeAll(async () => {
  [postgres, redis] = await Promise.all([aPostgres(), aRedis()]);
  leader = await aCoordinator({ home: mkdtempSync(join(tmpdir(), 'seedfleet-replicas-')), databaseUrl: postgres.url, redisUrl: redis.url });
  follower = await share();
  model = (await anUploadedModel(leader)).id;
}, 120_000);

afterAll(async () => {
  await follower.close();
  await leader.close();
  await redis.close();
  postgres.close();
}, 60_000);

function refusalOf(answer: { ok: true } | { ok: false; error: Refusal }): Refusal {
  if (answer.ok) throw new Error('the message was accepted');
  return answer.error;
}

const runOf = async (fleet: CoordinatorUnderTest, id: number) => (await fleet.call('GET', `/api/v1/runs/${id}`)).json as Run;

async function waitFor(ask: () => Promise<boolean>): Promise<void> {
  while (!await ask()) await sleep(25);
}

describe('a run whose devices are connected at the replica that leads and at one that does not', () => {
  let run: Run;
  let near: DeviceUnderTest;
  let far: DeviceUnderTest;

  beforeAll(async () => {
    run = await aRun(follower, model, { roundsMax: 100, cohort: 2, reportsMin: 2, deadlineMs: 600_000 });
    near = await DeviceUnderTest.ready(leader, run.id);
    far = await DeviceUnderTest.ready(follower, run.id);
  }, 60_000);

  afterAll(() => {
    near.close();
    far.close();
  });

  test('both are asked for the same round, whoever made the run', async () => {
    const [first, second] = await Promise.all([near.nextStart(0), far.nextStart(0)]);
    expect(second.seeds).toEqual(first.seeds);
    expect(second).toMatchObject({ run: run.id, round: 0, attempt: 0, group: 0 });
  }, 30_000);

  test("an operator's question reaches a device wherever it is connected", async () => {
    for (const device of [near, far]) device.socket.on('device:ping', (_, answer) => answer({ ok: true, nowMs: Date.now(), uptimeSeconds: 7 }));
    for (const replica of [leader, follower]) {
      for (const device of [near, far]) expect(await replica.call('POST', `/api/v1/devices/${device.id}/ping`)).toMatchObject({ status: 200, json: { uptimeSeconds: 7 } });
    }
  }, 30_000);

  test.each([
    ['one difference too few', { differences: new Float32Array(3) }, 'report.length', 'differences'],
    ['a difference that is NaN', { differences: Float32Array.of(0, Number.NaN, 0, 0) }, 'report.not-finite', 'differences'],
    ['a run that does not exist', { run: 999 }, 'run.unknown', 'run'],
    ['a round that is not open yet', { round: 7 }, 'round.unknown', 'round'],
    ['another attempt', { attempt: 3 }, 'round.wrong-attempt', 'attempt'],
  ] as const)('a report to the follower with %s is refused as the leader refuses it', async (_, change, code, field) => {
    const answers = await Promise.all([near, far].map(async (device) => refusalOf(await device.send('round:report', device.reportOf(await device.nextStart(0), change)))));
    for (const refusal of answers) expect(refusal).toMatchObject({ code, field });
  });

  test('a report to the follower is recorded once, counts at the leader, and both devices get the commit', async () => {
    const report = far.reportOf(await far.nextStart(0));
    expect(await Promise.all([far.send('round:report', report), far.send('round:report', report)])).toEqual([0, 1].map(() => ({ ok: true, recorded: true })));
    expect(refusalOf(await far.send('round:report', { ...report, examples: 9 }))).toMatchObject({ code: 'report.duplicate-differs' });
    expect(await near.send('round:report', near.reportOf(await near.nextStart(0)))).toEqual({ ok: true, recorded: true });
    await Promise.all([near.reachRound(1), far.reachRound(1)]);
    expect(far.stateHash).toBe(near.stateHash);
    // Also when the round is over, and to whichever replica it is sent.
    expect(await far.send('round:report', { ...report, stateHash: report.stateHash })).toEqual({ ok: true, recorded: true });
    expect(refusalOf(await far.send('round:report', { ...report, examples: 9 }))).toMatchObject({ code: 'report.duplicate-differs' });
    const { items } = (await follower.call('GET', `/api/v1/runs/${run.id}/rounds`)).json as ResponseOf<'listRounds'>;
    expect(items.find(({ round }) => round === 0)).toMatchObject({ state: 'committed', attempt: 0, accepted: 2, reported: 2 });
  }, 30_000);

  test('a state that is not the fleet\'s is refused at the follower, and the leader waits for that device no more', async () => {
    const start = await far.nextStart(1);
    expect(refusalOf(await far.send('round:report', far.reportOf(start, { stateHash: new Uint8Array(32) })))).toMatchObject({ code: 'report.stale-state', field: 'stateHash' });
    // With one report at most to come, two are not reached any more: the attempt is given up.
    await waitFor(async () => ((await follower.call('GET', `/api/v1/runs/${run.id}/rounds`)).json as ResponseOf<'listRounds'>).items.some(({ round, state }) => round === 1 && state === 'abandoned'));
    expect(await far.prepared(run.id)).toMatchObject({ ok: true, round: 1 });
  }, 30_000);

  test('an operator pauses, resumes and stops the run at the follower', async () => {
    for (const device of [near, far]) device.starts.splice(0);
    const answerAll = async () => {
      const starts = await Promise.all([near.nextStart(1), far.nextStart(1)]);
      await Promise.all([near, far].map((device, index) => device.send('round:report', device.reportOf(starts[index] as (typeof starts)[number]))));
    };
    await Promise.all([near.nextStart(1), far.nextStart(1)]);
    expect((await follower.call('POST', `/api/v1/runs/${run.id}/pause`)).status).toBe(200);
    await answerAll();
    await waitFor(async () => (await runOf(leader, run.id)).state === 'paused');
    expect((await follower.call('POST', `/api/v1/runs/${run.id}/resume`)).json).toMatchObject({ state: 'running' });
    await Promise.all([near.nextStart(2), far.nextStart(2)]);
    const ended = once(far.socket as unknown as NodeJS.EventEmitter, 'run:ended');
    expect((await follower.call('POST', `/api/v1/runs/${run.id}/stop`)).json).toMatchObject({ state: 'cancelled' });
    expect(await ended).toMatchObject([{ run: run.id, state: 'cancelled' }]);
  }, 30_000);
});

test('an evaluation asks the devices of every replica and counts what they answer', async () => {
  const run = await aRun(leader, model, { roundsMax: 100, cohort: 2, reportsMin: 2, deadlineMs: 600_000, evaluationEveryRounds: 1 });
  const devices = await Promise.all([leader, follower].map(async (replica) => {
    const device = await DeviceUnderTest.enrol(replica);
    await device.connect();
    await device.hello();
    await device.fetchManifest(run.id);
    return device;
  }));
  const asked = devices.map((device) => once(device.socket as unknown as NodeJS.EventEmitter, 'evaluation:start'));
  for (const device of devices) expect(await device.prepared(run.id, { trainExamples: 100, heldOutExamples: 20 })).toMatchObject({ ok: true });
  await Promise.all(asked);
  for (const device of devices) expect(await device.send('evaluation:report', { run: run.id, round: 0, lossSum: 10, correct: 15, count: 20 })).toEqual({ ok: true, recorded: true });
  await Promise.all(devices.map((device) => device.nextStart(0)));
  const { items } = (await follower.call('GET', `/api/v1/runs/${run.id}/evaluations`)).json as ResponseOf<'listEvaluations'>;
  expect(items).toMatchObject([{ round: 0, devices: 2, count: 40 }]);
  await leader.call('POST', `/api/v1/runs/${run.id}/stop`);
  for (const device of devices) device.close();
}, 30_000);

test('a device proves itself with a challenge of one replica at another, and only once', async () => {
  const device = await DeviceUnderTest.enrol(leader);
  const { challenge } = (await leader.call('POST', '/api/v1/device/challenges', { body: { device: device.id }, token: null })).json as { challenge: string };
  const signature = toHex(sign(device.keys.privateKey, concatBytes([utf8(credentialContext), fromHex(challenge)])));
  const answer = (fleet: CoordinatorUnderTest, id = device.id) => fleet.call('POST', '/api/v1/device/credentials', { body: { device: id, challenge, signature }, token: null });
  const other = await DeviceUnderTest.enrol(leader);
  expect((await answer(follower, other.id)).json).toMatchObject({ code: 'credential.challenge' });
  expect((await answer(follower)).status).toBe(201);
  for (const replica of [follower, leader]) expect((await answer(replica)).json).toMatchObject({ code: 'credential.challenge' });
});

test('a device has one connection, wherever it is, and an operator at any replica ends it', async () => {
  const device = await DeviceUnderTest.enrol(leader);
  await device.connect();
  await device.hello();
  const here = device.socket;
  const cut = once(here as unknown as NodeJS.EventEmitter, 'disconnect');
  const again = new DeviceUnderTest(follower, device.keys, device.id);
  await again.connect();
  await again.hello();
  await cut;
  const shown = async () => (await leader.call('GET', `/api/v1/devices/${device.id}`)).json as Device;
  expect((await shown()).online).toBe(true);
  const refused = once(again.socket as unknown as NodeJS.EventEmitter, 'session:refused');
  await leader.call('POST', `/api/v1/devices/${device.id}/revoke`);
  expect(await refused).toMatchObject([{ error: { code: 'device.revoked' } }]);
  await waitFor(async () => !(await shown()).online);
});

test('a lease is of one holder until it expires by the clock of the database, and is taken over then', async () => {
  const leases = new LeaseRepository(leader.coordinator.database);
  expect([await leases.take('run:1000', 'a'), await leases.take('run:1000', 'b'), await leases.take('run:1000', 'a')]).toEqual([true, false, true]);
  expect([await leases.renew(['run:1000'], 'a'), await leases.renew(['run:1000'], 'b')]).toEqual([['run:1000'], []]);
  await leader.coordinator.database.rows(`UPDATE leases SET expires_at = clock_timestamp() - interval '1 millisecond' WHERE name = 'run:1000'`);
  expect(await leases.take('run:1000', 'b')).toBe(true);
  expect(await leases.renew(['run:1000'], 'a')).toEqual([]);
  await leases.release('run:1000', 'a');
  expect(await leases.take('run:1000', 'c')).toBe(false);
});

test('a replica with another home is refused before it signs anything', async () => {
  const home = mkdtempSync(join(tmpdir(), 'seedfleet-other-'));
  const refused = expect.objectContaining({ code: 'coordinator.other-key', field: 'SEEDFLEET_HOME' }) as Error;
  await expect(share({ home })).rejects.toThrow(refused);
  // Nor did it make a key of its own: on a shared disk it would stand in the place of everybody's.
  expect(existsSync(join(home, 'signing-key'))).toBe(false);
  writeFileSync(join(home, 'signing-key'), `${'7'.repeat(64)}\n`);
  await expect(share({ home })).rejects.toThrow(refused);
});

test('a process that takes itself for the only one does not start beside replicas', async () => {
  await expect(aCoordinator({ databaseUrl: postgres.url })).rejects.toThrow(expect.objectContaining({ code: 'coordinator.not-alone', field: 'SEEDFLEET_REDIS_URL' }));
});

test('each replica says that it is ready, with Redis, and what it leads', async () => {
  for (const [replica, runs] of [[leader, 1], [follower, 0]] as const) {
    expect((await replica.call('GET', '/readyz')).json as Health).toMatchObject({ status: 'ok', parts: { redis: 'ok' } });
    const text = Buffer.from((await replica.call('GET', '/metrics')).bytes).toString('utf8');
    expect(text).toContain('seedfleet_replicas 2');
    expect(text).toContain('seedfleet_redis_up 1');
    expect(text).toContain(`seedfleet_leases{kind="duty"} ${runs * 3}`);
  }
  expect(readFileSync(join(leader.home, 'admin-token'), 'utf8').trim()).toBe(follower.adminToken);
});
