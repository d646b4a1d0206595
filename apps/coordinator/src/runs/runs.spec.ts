import { decodeCheckpoint, toHex } from '@seedfleet/ledger';
import { type ResponseOf, type Run } from '@seedfleet/protocol';
import pg from 'pg';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRun, aRunRequest } from '../testing/a-model.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
let model: string;
const devices: DeviceUnderTest[] = [];

beforeAll(async () => {
  fleet = await aCoordinator();
  model = (await anUploadedModel(fleet)).id;
}, 60_000);

afterEach(() => {
  for (const device of devices.splice(0)) device.close();
});

afterAll(() => fleet.close());

const show = async (run: number) => (await fleet.call('GET', `/api/v1/runs/${run}`)).json as Run;
const act = (run: number, action: string) => fleet.call('POST', `/api/v1/runs/${run}/${action}`);

async function readyPair(run: number): Promise<void> {
  for (let i = 0; i < 2; i++) devices.push(await DeviceUnderTest.ready(fleet, run));
}

async function reportRound(round: number): Promise<void> {
  for (const device of devices) await device.send('round:report', device.reportOf(await device.nextStart(round)));
  for (const device of devices) await device.reachRound(round + 1);
}

test('a draft is started, paused after its open round, resumed and stopped; what may not follow is refused', async () => {
  const draft = (await fleet.call('POST', '/api/v1/runs', { body: { ...aRunRequest(model, { roundsMax: 50 }), start: false } })).json as Run;
  expect(draft).toMatchObject({ state: 'draft', round: 0, startedAt: null, stateHash: null, headHash: draft.manifestHash });
  const tooEarly = await act(draft.id, 'pause');
  expect([tooEarly.status, problemOf(tooEarly)]).toEqual([409, expect.objectContaining({ code: 'state.transition', state: 'draft' })]);
  expect((await act(draft.id, 'start')).json as Run).toMatchObject({ state: 'running' });
  await readyPair(draft.id);
  await reportRound(0);
  await devices[0]?.nextStart(1);
  expect((await act(draft.id, 'pause')).json as Run).toMatchObject({ state: 'running' });
  // Ordered, and entered, before it is carried out.
  const { items } = (await fleet.call('GET', `/api/v1/audit-entries?subject=${draft.id}`)).json as ResponseOf<'listAuditEntries'>;
  expect(items.map(({ action }) => action)).toEqual(['run.pause', 'run.change', 'run.create']);
  await reportRound(1);
  expect(await show(draft.id)).toMatchObject({ state: 'paused', round: 2 });
  await fleet.restart();
  expect(await show(draft.id)).toMatchObject({ state: 'paused', round: 2 });
  expect((await act(draft.id, 'resume')).json as Run).toMatchObject({ state: 'running' });
  const stopped = (await act(draft.id, 'stop')).json as Run;
  expect(stopped).toMatchObject({ state: 'cancelled', cause: 'stopped by admin', round: 2 });
  expect(stopped.endedAt).not.toBeNull();
  expect(problemOf(await act(draft.id, 'resume'))).toMatchObject({ code: 'state.transition', state: 'cancelled' });
}, 60_000);

test('a device that enrols after the end of a run is given its adapter: it replays the log and has the state of the fleet', async () => {
  const run = await aRun(fleet, model, { roundsMax: 2, checkpointEveryRounds: 1 });
  await readyPair(run.id);
  await reportRound(0);
  await reportRound(1);
  await devices[0]?.end();
  const late = await DeviceUnderTest.enrol(fleet);
  devices.push(late);
  await late.connect();
  const assigned = new Promise<number>((resolve) => late.socket.on('run:assigned', ({ run: offered }) => resolve(offered)));
  await late.hello();
  expect(await assigned).toBe(run.id);
  await late.fetchManifest(run.id);
  const tail = await late.send('ledger:tail', { run: run.id, from: 0 });
  if (!tail.ok) throw new Error(tail.error.problem);
  expect([tail.head, tail.commits.length, tail.checkpoint?.round]).toEqual([2, 2, 2]);
  for (const commit of tail.commits) late.take(commit);
  expect(await late.prepared(run.id, { trainExamples: 0, heldOutExamples: 0 })).toEqual({ ok: true, round: 2 });
  expect(late.stateHash).toBe((await show(run.id)).stateHash);
  const { items } = (await fleet.call('GET', `/api/v1/runs/${run.id}/assignments`)).json as ResponseOf<'listAssignments'>;
  const ready = items.filter(({ state }) => state === 'ready').length;
  expect((await fleet.call('GET', `/api/v1/runs/${run.id}/assignments/summary`)).json).toMatchObject({ devices: items.length, states: { ready }, behind: [{ rounds: 0, devices: 1 }, { rounds: 2, devices: ready - 1 }] });
  const paged = (await fleet.call('GET', `/api/v1/runs/${run.id}/assignments?limit=1`)).json as ResponseOf<'listAssignments'>;
  const rest = (await fleet.call('GET', `/api/v1/runs/${run.id}/assignments?cursor=${paged.next}`)).json as ResponseOf<'listAssignments'>;
  expect([...paged.items, ...rest.items]).toEqual(items);
  expect(items.find(({ device }) => device === late.id)).toMatchObject({ state: 'ready', round: 2, trainExamples: 0 });
}, 60_000);

test('the checkpoint proves itself, comes in ranges, and is listed with its hash', async () => {
  const run = await aRun(fleet, model, { roundsMax: 1 });
  const early = await fleet.call('GET', `/api/v1/runs/${run.id}/checkpoint`);
  expect([early.status, problemOf(early).code]).toEqual([404, 'request.not-found']);
  await readyPair(run.id);
  await reportRound(0);
  await devices[0]?.end();
  const whole = await fleet.call('GET', `/api/v1/runs/${run.id}/checkpoint`);
  expect(decodeCheckpoint(whole.bytes)).toMatchObject({ round: 1, values: devices[0]?.state.values });
  const part = await fleet.call('GET', `/api/v1/runs/${run.id}/checkpoint`, { headers: { range: 'bytes=10-19' } });
  expect([part.status, part.bytes]).toEqual([206, whole.bytes.subarray(10, 20)]);
  const { items: [artifact] } = (await fleet.call('GET', `/api/v1/runs/${run.id}/artifacts`)).json as ResponseOf<'listArtifacts'>;
  expect(artifact).toMatchObject({ kind: 'checkpoint', round: 1, bytes: whole.bytes.length });
  expect((await fleet.call('GET', `/api/v1/artifacts/${artifact?.id}`)).bytes).toEqual(whole.bytes);
}, 60_000);

test('held-out sums of all devices become one loss and one accuracy, before the first round and after the last', async () => {
  const run = await aRun(fleet, model, { roundsMax: 1 });
  for (let i = 0; i < 2; i++) {
    const device = await DeviceUnderTest.enrol(fleet);
    await device.connect();
    device.socket.on('evaluation:start', ({ round }) => void device.send('evaluation:report', { run: run.id, round, lossSum: 30 + i * 10, correct: 40 + i * 20, count: 100 }));
    await device.hello();
    await device.fetchManifest(run.id);
    await device.prepared(run.id, { trainExamples: 100, heldOutExamples: 100 });
    devices.push(device);
  }
  await reportRound(0);
  await devices[0]?.end();
  const { items } = (await fleet.call('GET', `/api/v1/runs/${run.id}/evaluations`)).json as ResponseOf<'listEvaluations'>;
  expect(items.map(({ round, loss, accuracy, count, devices: asked }) => ({ round, loss, accuracy, count, asked })))
    .toEqual([0, 1].map((round) => ({ round, loss: 0.35, accuracy: 0.5, count: 200, asked: 2 })));
  expect((await show(run.id)).lastEvaluation).toEqual({ round: 1, loss: 0.35, accuracy: 0.5, macroF1: null, perplexity: null, count: 200 });
}, 60_000);

test.each([
  ['a pattern that matches no whole site name', { adapter: { ...aRunRequest('').adapter, sites: 'layer' } }, 'run.no-sites', 'adapter.sites'],
  ['a device that is not enrolled', { devices: ['dev_unknown'] }, 'run.no-devices', 'devices'],
  ['more reports than the cohort has devices', { policy: { ...aRunRequest('').policy, reportsMin: 3 } }, 'request.invalid', 'policy.reportsMin'],
  ['more groups than the cohort has devices', { estimator: { ...aRunRequest('').estimator, groups: 3 } }, 'manifest.invalid', 'estimator.groups'],
])('a run with %s is refused, and none is made', async (_, change, code, field) => {
  const count = async () => ((await fleet.call('GET', '/api/v1/runs')).json as ResponseOf<'listRuns'>).items.length;
  const before = await count();
  const answer = await fleet.call('POST', '/api/v1/runs', { body: { ...aRunRequest(model), ...change } });
  expect(problemOf(answer)).toMatchObject({ code, field, status: 422 - (code === 'run.no-devices' ? 13 : 0) });
  expect(await count()).toBe(before);
});

test('lists come in pages', async () => {
  const all = (await fleet.call('GET', '/api/v1/runs')).json as ResponseOf<'listRuns'>;
  const first = (await fleet.call('GET', '/api/v1/runs?limit=2')).json as ResponseOf<'listRuns'>;
  const second = (await fleet.call('GET', `/api/v1/runs?limit=2&cursor=${first.next}`)).json as ResponseOf<'listRuns'>;
  expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(all.items.slice(0, 4).map(({ id }) => id));
  expect(problemOf(await fleet.call('GET', '/api/v1/runs?cursor=x'))).toMatchObject({ code: 'request.invalid', field: 'cursor' });
  expect(problemOf(await fleet.call('GET', '/api/v1/devices?limit=0'))).toMatchObject({ code: 'request.invalid', field: 'limit' });
});

test('a page of many runs asks the database as often as a page of one', async () => {
  const query = pg.Client.prototype.query as (...values: unknown[]) => unknown;
  const statementsOf = async (limit: number) => {
    let statements = 0;
    pg.Client.prototype.query = function counted(this: pg.Client, ...values: unknown[]) {
      statements++;
      return query.apply(this, values);
    } as typeof pg.Client.prototype.query;
    try {
      expect(((await fleet.call('GET', `/api/v1/runs?limit=${limit}`)).json as ResponseOf<'listRuns'>).items).toHaveLength(limit);
    } finally {
      pg.Client.prototype.query = query as typeof pg.Client.prototype.query;
    }
    return statements;
  };
  // A timer of the coordinator may ask something of its own meanwhile: the least of several is what a page costs.
  const leastOf = async (limit: number) => {
    let least = Infinity;
    for (let i = 0; i < 8; i++) least = Math.min(least, await statementsOf(limit));
    return least;
  };
  expect(await leastOf(4)).toBe(await leastOf(1));
}, 60_000);

test('a commit says nothing of who took part: it holds no id and no key of a device', async () => {
  const run = await aRun(fleet, model, { roundsMax: 1 });
  await readyPair(run.id);
  await reportRound(0);
  const log = toHex((await fleet.call('GET', `/api/v1/runs/${run.id}/log`)).bytes);
  for (const { id, keys } of devices) {
    expect(log).not.toContain(Buffer.from(id).toString('hex'));
    expect(log).not.toContain(toHex(keys.publicKey));
  }
}, 60_000);
