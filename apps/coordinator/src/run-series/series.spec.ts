import { type RunSeries } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRun } from '../testing/a-model.js';

let fleet: CoordinatorUnderTest;
let devices: DeviceUnderTest[] = [];
let run: number;

beforeAll(async () => {
  fleet = await aCoordinator();
  run = (await aRun(fleet, (await anUploadedModel(fleet)).id)).id;
  devices = [await DeviceUnderTest.ready(fleet, run), await DeviceUnderTest.ready(fleet, run)];
  for (let round = 0; round < 3; round++) {
    for (const device of devices) await device.send('round:report', device.reportOf(await device.nextStart(round)));
    for (const device of devices) await device.reachRound(round + 1);
  }
  await devices[0]?.end();
}, 60_000);

afterAll(async () => {
  for (const device of devices) device.close();
  await fleet.close();
});

async function seriesOf(id: number, query: string): Promise<RunSeries> {
  const answer = await fleet.call('GET', `/api/v1/runs/${id}/series?${query}`);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.json));
  return answer.json as RunSeries;
}

const means = (series: RunSeries, name: keyof NonNullable<RunSeries['rounds']>['series']) => series.rounds?.series[name]?.mean;

test('a round that two devices of two made is seen from eligible to counted', async () => {
  const shown = await seriesOf(run, 'names=eligible,online,selected,accepted,reported,counted,silent,declined.busy');
  expect(shown.rounds).toMatchObject({ rows: 3, rowsPerPoint: 1, x: [0, 1, 2], firstRound: [0, 1, 2], lastRound: [0, 1, 2] });
  for (const name of ['eligible', 'online', 'selected', 'accepted', 'reported', 'counted'] as const) expect(means(shown, name)).toEqual([2, 2, 2]);
  for (const name of ['silent', 'declined.busy'] as const) expect(means(shown, name)).toEqual([0, 0, 0]);
  expect(shown.marks.map(({ kind }) => kind)).toEqual(['start']);
});

test('two devices that measured the same agree, without noise; the steps are as long as the state says', async () => {
  const shown = await seriesOf(run, 'names=signAgreement,signalToNoise,stepNorm,adapterNorm,differenceP90,arrivalMax,deadline');
  expect(means(shown, 'signAgreement')).toEqual([1, 1, 1]);
  expect(means(shown, 'signalToNoise')).toEqual([null, null, null]);
  const [values = new Float64Array()] = devices[0]?.state.values ?? [];
  expect(means(shown, 'adapterNorm')?.at(-1)).toBeCloseTo(Math.hypot(...values), 9);
  // From nothing to the first state, the step is the state.
  expect(means(shown, 'stepNorm')?.[0]).toBe(means(shown, 'adapterNorm')?.[0]);
  // Of the 20 seconds that the run gives, what was left when the opening was durable.
  for (const deadline of means(shown, 'deadline') ?? []) expect(deadline).toBeLessThanOrEqual(20);
  for (const arrival of means(shown, 'arrivalMax') ?? []) expect(arrival).toBeGreaterThanOrEqual(0);
});

test('bytes add up to what the measured packets of two reporting devices are, against averaging the same values', async () => {
  const shown = await seriesOf(run, 'names=bytes,bytesTotal,adapterBytes,modelBytesTotal&x=bytes');
  // docs/protocol.md at q = 4: start 48 and its ack 12, report 67 and its ack 6, commit 227.
  const round = 2 * (48 + 12 + 67 + 6 + 227);
  expect(means(shown, 'bytes')).toEqual([round, round, round]);
  expect(means(shown, 'bytesTotal')).toEqual([round, 2 * round, 3 * round]);
  expect(shown.rounds?.x).toEqual([round, 2 * round, 3 * round]);
  // Two sites of rank 2 and width 6, a head of 6 to 2 and its bias: 38 values, 4 bytes, both ways, two devices.
  expect(means(shown, 'adapterBytes')?.[0]).toBe(2 * 2 * 4 * (2 * 2 * 6 + 6 * 2 + 2));
});

/** A run with many rounds, filled behind the coordinator's back; the loss of evaluation i is i. */
async function aLongRun(rounds: number): Promise<number> {
  const { prisma } = fleet.coordinator.database;
  const { id } = (await fleet.call('POST', `/api/v1/runs/${run}/branches`, { body: { round: 3, name: 'long' } })).json as { id: number };
  await prisma.$executeRawUnsafe(`INSERT INTO rounds (run_id, round, attempt, state, cohort, accepted, opened_at, deadline_at, ended_at)
    SELECT ${id}, i, 0, 'committed', '[{"device":"a","group":0}]', 1, '2026-01-01'::timestamptz + i * interval '1 second', '2026-01-02', '2026-01-01'::timestamptz + i * interval '1 second' + interval '250 milliseconds' FROM generate_series(0, ${rounds} - 1) i`);
  await prisma.$executeRawUnsafe(`INSERT INTO round_statistics (run_id, round, attempt, reported, counted, declines, declined, step_norm) SELECT ${id}, i, 0, 1, 1, '{"busy": 2}', '[]', i FROM generate_series(0, ${rounds} - 1) i`);
  await prisma.$executeRawUnsafe(`INSERT INTO evaluations (run_id, round, loss_sum, correct, count, devices, at) SELECT ${id}, i, 10 * i, 8, 10, 2, '2026-01-01' FROM generate_series(0, ${rounds}, 5) i`);
  return id;
}

test('of ten thousand rounds a thousand points remain, each with mean, least and most of its ten rounds; a window shows each round', async () => {
  const long = await aLongRun(10_000);
  const whole = await seriesOf(long, 'names=stepNorm,declined.busy,duration,loss,accuracyLow,accuracyHigh');
  expect(whole.rounds).toMatchObject({ rows: 10_000, rowsPerPoint: 10 });
  expect(whole.rounds?.x).toHaveLength(1_000);
  expect(whole.rounds?.series.stepNorm?.mean.slice(0, 2)).toEqual([4.5, 14.5]);
  // Over bytes: one device asked and heard a round, by the measured packets (start 48 and its ack 12, report 67 and its ack 6, no commit stored).
  expect((await seriesOf(long, 'names=loss&x=bytes&from=0&to=10')).evaluations?.x).toEqual([0, 5 * 133, 10 * 133]);
  expect(whole.rounds?.series.stepNorm?.min?.at(-1)).toBe(9_990);
  expect(whole.rounds?.series.stepNorm?.max?.at(-1)).toBe(9_999);
  expect(whole.rounds?.series['declined.busy']?.mean.at(-1)).toBe(2);
  expect(whole.rounds?.series.duration?.mean[0]).toBeCloseTo(0.25, 9);
  expect(whole.evaluations).toMatchObject({ rows: 2_001, rowsPerPoint: 3 });
  // 8 of 10: R's prop.test(8, 10, correct = FALSE) says 0.4901625 to 0.9433178.
  expect(whole.evaluations?.series.accuracyLow?.mean[0]).toBeCloseTo(0.4901625, 6);
  expect(whole.evaluations?.series.accuracyHigh?.mean[0]).toBeCloseTo(0.9433178, 6);

  const window = await seriesOf(long, 'names=stepNorm&from=5000&to=5099&points=50');
  expect(window.rounds).toMatchObject({ rows: 100, rowsPerPoint: 2 });
  expect(window.rounds?.firstRound[0]).toBe(5_000);
  expect(window.rounds?.lastRound.at(-1)).toBe(5_099);
}, 30_000);

test('the parent of a branch is marked where it was branched off, the branch where it began', async () => {
  expect((await seriesOf(run, 'names=loss')).marks).toContainEqual(expect.objectContaining({ kind: 'branched', round: 3 }));
  const branch = (await seriesOf(run, 'names=loss')).marks.find(({ kind }) => kind === 'branched')?.run ?? 0;
  expect((await seriesOf(branch, 'names=loss')).marks).toEqual([expect.objectContaining({ kind: 'branch', round: 0, run })]);
});

test.each([['names=nothing', 'names'], ['names=loss&points=5', 'points'], ['names=loss&x=miles', 'x']])('a query of %s is refused', async (query, field) => {
  const answer = await fleet.call('GET', `/api/v1/runs/${run}/series?${query}`);
  expect(answer.status).toBe(422);
  expect(JSON.stringify(answer.json)).toContain(field);
});
