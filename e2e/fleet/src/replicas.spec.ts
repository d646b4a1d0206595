import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '@seedfleet/ledger';
import { waitUntil, type Coordinator } from '@seedfleet/example-sentiment';
import { readFile } from 'node:fs/promises';
import { acknowledgedReports, storedReports } from './toy/report-rows.js';
import { ReplicaFleet } from './replicas/replica-fleet.js';

const devices = ['device-0', 'device-1', 'device-2'];

let all: ReplicaFleet;
let run: number;
/** the log as it was read last */
let before: string[] = [];

beforeAll(async () => {
  all = await ReplicaFleet.start({ replicas: 3, workers: devices.length });
  run = await all.fleet.startRun({ rounds: 100_000, deadlineMs: 30_000 });
  await all.fleet.reached(run, 2);
}, 300_000);

afterAll(() => (all as ReplicaFleet | undefined)?.remove(), 60_000);

/** What was read before stands there now, commit for commit, and the run goes on by so many rounds. */
async function goesOn(rounds: number): Promise<void> {
  const after = (await all.fleet.log(run)).map(toHex);
  expect(after.slice(0, before.length)).toEqual(before);
  await all.fleet.reached(run, after.length + rounds);
  before = (await all.fleet.log(run)).map(toHex);
}

const logHas = (replica: Coordinator, event: string) => waitUntil({ what: `the event ${event}`, timeoutMs: 20_000, everyMs: 50 }, async () => (await readFile(replica.logPath, 'utf8')).includes(`"event":"${event}"`));

async function anotherLeader(than: Coordinator): Promise<Coordinator> {
  return waitUntil({ what: 'another replica to lead', timeoutMs: 30_000, everyMs: 100 }, async () => {
    const others = all.replicas.filter((replica) => replica !== than && replica.running());
    const led = await Promise.all(others.map(async (replica) => (await replica.client.call('showSystem')).runs.ledHere > 0 ? replica : null));
    return led.find((replica) => replica !== null) ?? null;
  });
}

test('devices of every replica take part in one run, and any of them answers for it', async () => {
  await goesOn(3);
  const answers = await Promise.all(all.replicas.map(async (replica) => {
    const { replicas } = await replica.client.call('showSystem');
    return { round: (await replica.client.call('showRun', { params: { id: run } })).round > 0, replicas: replicas.length, leads: replicas.filter(({ leads }) => leads > 0).length };
  }));
  expect(answers).toEqual([0, 1, 2].map(() => ({ round: true, replicas: 3, leads: 1 })));
  await waitUntil({ what: 'a round of all devices', timeoutMs: 30_000, everyMs: 100 }, async () => {
    const [row] = await all.postgres.query<{ reports: number }>('SELECT max(reports) AS reports FROM commits');
    return row?.reports === devices.length;
  });
  const [connected] = await all.postgres.query<{ replicas: string }>('SELECT count(DISTINCT replica_id) AS replicas FROM devices');
  expect(Number(connected?.replicas)).toBeGreaterThan(1);
}, 60_000);

test('a leader that stood still past its lease finds that another one leads: it commits nothing, and the log does not fork', async () => {
  const former = await all.leader();
  const token = await all.fencingToken(run);
  process.kill(former.pid, 'SIGSTOP');
  all.door.lead(all.replicas.filter((replica) => replica !== former).map(({ port }) => port));
  const next = await anotherLeader(former);
  all.fleet.coordinator = next;
  expect(await all.fencingToken(run)).toBeGreaterThan(token);
  await goesOn(2);
  process.kill(former.pid, 'SIGCONT');
  // It may have stood in the middle of a transaction, which was ended: then its run is broken before it is lost.
  await logHas(former, 'lease.lost');
  all.openDoor();
  await goesOn(3);
}, 90_000);

test('Redis dies and comes back: rounds go on without it, and after it', async () => {
  await all.redis.kill();
  await goesOn(2);
  await all.redis.restart();
  await goesOn(3);
}, 90_000);

test('a leader that is killed is followed by another, and every replica is restarted in turn without a lost round', async () => {
  const killed = await all.leader();
  await killed.kill('SIGKILL');
  all.openDoor();
  await Promise.all([anotherLeader(killed), all.addReplica()]);
  await goesOn(2);
  const [abandoned] = await all.postgres.query<{ count: string }>(`SELECT count(*) AS count FROM rounds WHERE state = 'abandoned'`);
  for (const replica of all.replicas.filter((candidate) => candidate.running())) {
    const exit = replica.stop();
    all.door.lead(all.replicas.filter((candidate) => candidate !== replica && candidate.running()).map(({ port }) => port));
    const [{ code }] = await Promise.all([exit, all.addReplica()]);
    expect(code).toBe(0);
    all.openDoor();
    await goesOn(1);
  }
  const [after] = await all.postgres.query<{ count: string }>(`SELECT count(*) AS count FROM rounds WHERE state = 'abandoned'`);
  expect(after).toEqual(abandoned);
}, 300_000);

test('nothing that was acknowledged is lost, and every device ends with the state of the fleet', async () => {
  await all.fleet.coordinator.client.call('stopRun', { params: { id: run } });
  const { round, stateHash, state } = await all.fleet.run(run);
  expect(state).toBe('cancelled');
  for (const device of devices) expect(await all.fleet.workerReached(device, { run, round })).toBe(stateHash);
  await sleep(200); // the last lines of the logs of the workers
  const acknowledged = (await Promise.all(devices.map((device) => acknowledgedReports(all.fleet, device, run)))).flat();
  const stored = new Set(await storedReports(all.fleet, run));
  expect(acknowledged.length).toBeGreaterThan(devices.length);
  expect(acknowledged.filter((report) => !stored.has(report))).toEqual([]);
}, 90_000);
