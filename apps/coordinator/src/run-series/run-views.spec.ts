import { type ResponseOf, type RouteName, type Run } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRun } from '../testing/a-model.js';

let fleet: CoordinatorUnderTest;
let first: DeviceUnderTest;
let second: DeviceUnderTest;
let run: number;

/** Two devices make two rounds of three; in the third one the second says that it is busy, and the coordinator is started again meanwhile. */
beforeAll(async () => {
  fleet = await aCoordinator();
  run = (await aRun(fleet, (await anUploadedModel(fleet)).id, { reportsMin: 1, deadlineMs: 10_000 })).id;
  first = await DeviceUnderTest.ready(fleet, run);
  await first.send('round:report', first.reportOf(await first.nextStart(0)));
  await first.reachRound(1);
  // Its statistics are made now, while it was the only one.
  await fleet.call('GET', `/api/v1/runs/${run}/rounds/0`);
  second = await DeviceUnderTest.enrol(fleet);
  await second.connect();
  await second.hello();
  await second.fetchManifest(run);
  const tail = await second.send('ledger:tail', { run, from: 0 });
  if (tail.ok) tail.commits.forEach((commit) => second.take(commit));
  second.socket.off('round:start').on('round:start', (_, answer) => answer({ ok: true, accepted: false, reason: 'busy' }));
  await second.prepared(run);
}, 60_000);

afterAll(async () => {
  first.close();
  second.close();
  await fleet.close();
});

/** @param _ names the route, and with it the type of the answer */
async function read<N extends RouteName>(_: N, path: string): Promise<ResponseOf<N>> {
  const answer = await fleet.call('GET', `/api/v1${path}`);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.json));
  return answer.json as ResponseOf<N>;
}

test('a round says its seeds as the device heard them, and that its commit and its reports hold', async () => {
  const round = await read('showRound', `/runs/${run}/rounds/0`);
  expect(round.attempts).toEqual([expect.objectContaining({ attempt: 0, state: 'committed', eligible: 1, online: 1, selected: 1, accepted: 1, reported: 1, counted: 1, declines: {} })]);
  const { manifestHash } = (await fleet.call('GET', `/api/v1/runs/${run}`)).json as Run;
  const start = await first.nextStart(0);
  expect(round.commit?.groups).toEqual([{ group: 0, seeds: [...start.seeds].map((seed) => seed.toString(16).padStart(16, '0')), coefficients: expect.any(Array) as number[] }]);
  expect(round.commit).toMatchObject({ previousHash: manifestHash, verified: { link: true, reports: true }, reports: 1 });
});

test('a report that was changed in the database no longer fits the commit', async () => {
  const { prisma } = fleet.coordinator.database;
  await prisma.$executeRawUnsafe(`UPDATE reports SET differences = set_byte(differences, 0, get_byte(differences, 0) # 1) WHERE run_id = ${run} AND round = 0`);
  expect((await read('showRound', `/runs/${run}/rounds/0`)).commit?.verified).toEqual({ link: true, reports: false });
  await prisma.$executeRawUnsafe(`UPDATE reports SET differences = set_byte(differences, 0, get_byte(differences, 0) # 1) WHERE run_id = ${run} AND round = 0`);
  expect((await read('showRound', `/runs/${run}/rounds/0`)).commit?.verified).toEqual({ link: true, reports: true });
});

test('a busy device is seen to decline, in the round and beside the others', async () => {
  for (let round = 1; round < 3; round++) {
    await first.send('round:report', first.reportOf(await first.nextStart(round)));
    await first.reachRound(round + 1);
  }
  await first.end();
  const asked = (await read('listRoundDevices', `/runs/${run}/rounds/2/devices`)).items.concat((await read('listRoundDevices', `/runs/${run}/rounds/1/devices`)).items);
  expect(asked.find(({ device }) => device === second.id)).toMatchObject({ outcome: 'declined', reason: 'busy', arrival: null, differences: null });
  const { items, attempts } = await read('showParticipation', `/runs/${run}/participation`);
  expect(attempts.map(({ round }) => round)).toEqual([0, 1, 2]);
  expect(items.find(({ device }) => device === first.id)?.cells).toBe('ccc');
  expect(items.find(({ device }) => device === second.id)?.cells).toContain('d');
});

test('reports of a device are told apart: its differences as it sent them', async () => {
  const { items } = await read('listRoundDevices', `/runs/${run}/rounds/0/devices`);
  const sent = first.reportOf(await first.nextStart(0)).differences;
  expect(items).toEqual([expect.objectContaining({ device: first.id, group: 0, outcome: 'counted', examples: 8, differences: [...sent] })]);
});

test('the state that devices last said is one for each round, until one says another', async () => {
  const { distinct, devices, rounds, differing } = await read('showStateHashes', `/runs/${run}/state-hashes`);
  expect({ distinct, devices, differing }).toEqual({ distinct: 1, devices: 2, differing: [] });
  expect(rounds.map(({ round }) => round)).toEqual([1, 0]);
  await fleet.coordinator.database.prisma.assignment.update({ where: { runId_deviceId: { runId: run, deviceId: second.id } }, data: { stateHash: new Uint8Array(32) } });
  expect(await read('showStateHashes', `/runs/${run}/state-hashes`)).toMatchObject({ distinct: 2, differing: [{ device: second.id, round: 1, hash: '0'.repeat(64) }] });
});

test('what left the devices: three reports of four numbers, as packets were measured', async () => {
  const told = await read('showDisclosure', `/runs/${run}/disclosure`);
  expect(told).toMatchObject({ queries: 4, reports: 3, countedReports: 3, differences: 12, devices: 2, mechanism: 'none', reportsKeptFrom: null });
  const { items } = await read('listDisclosures', `/runs/${run}/disclosures`);
  // docs/protocol.md at q = 4: a report of 67 bytes, and 12 for the answer to a start.
  expect(items.find(({ device }) => device === first.id)).toMatchObject({ reports: 3, differences: 12, examples: 24, bytesUp: 3 * (67 + 12) });
  expect(items.find(({ device }) => device === second.id)).toMatchObject({ reports: 0, differences: 0, lastReportAt: null });
});

test('the log of a run has what operators did and how rounds ended, page by page', async () => {
  const all = await read('listRunEvents', `/runs/${run}/events`);
  expect(all.items.map(({ what }) => what)).toEqual(expect.arrayContaining(['committed', 'run.create', 'run.change']));
  const pages: string[] = [];
  let cursor = '';
  do {
    const page = await read('listRunEvents', `/runs/${run}/events?limit=2${cursor}`);
    pages.push(...page.items.map(({ at, what, round }) => `${at} ${what} ${round}`));
    cursor = page.next === null ? '' : `&cursor=${encodeURIComponent(page.next)}`;
  } while (cursor !== '');
  expect(pages).toEqual(all.items.map(({ at, what, round }) => `${at} ${what} ${round}`));
  expect((await read('listRunEvents', `/runs/${run}/events?kind=round`)).items.map(({ round }) => round)).toEqual([2, 1, 0]);
});

test('the system page counts its database, and the overview the rounds of this hour', async () => {
  const system = await read('showSystem', '/system');
  expect(system).toMatchObject({ database: { kind: 'embedded', connections: { max: 1 } }, devices: { enrolled: 2 } });
  expect(system.database.tables.length).toBe(10);
  expect(system.disk.freeBytes).toBeGreaterThan(0);
  const { hours } = await read('showOverview', '/overview');
  expect(hours.reduce((sum, { committed }) => sum + committed, 0)).toBe(3);
  expect(hours.at(-1)?.connected).toBe(2);
});

test('a coordinator that takes a run up again leaves a mark', async () => {
  const other = (await aRun(fleet, (await read('listModels', '/models')).items[0]?.id ?? '')).id;
  await fleet.restart();
  const marks = (await read('listRunEvents', `/runs/${other}/events?kind=mark`)).items;
  expect(marks).toEqual([expect.objectContaining({ what: 'restart', round: 0, who: null })]);
}, 30_000);

test.each(['/runs/999/rounds/0', '/runs/1/rounds/77', '/runs/999/participation', '/runs/999/disclosure', '/runs/999/events', '/runs/999/state-hashes'])('%s is not there', async (path) => {
  expect((await fleet.call('GET', `/api/v1${path}`)).status).toBe(404);
});
