import { type Group, type ResponseOf, type Run } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { anUploadedModel, aRunRequest } from '../testing/a-model.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
let model: string;
let devices: DeviceUnderTest[];

beforeAll(async () => {
  fleet = await aCoordinator();
  model = (await anUploadedModel(fleet)).id;
  devices = [];
  for (let i = 0; i < 4; i++) devices.push(await DeviceUnderTest.enrol(fleet));
}, 60_000);
afterEach(async () => {
  const { items } = (await fleet.call('GET', '/api/v1/runs?filter=state%3Drunning,paused,queued,scheduled')).json as ResponseOf<'listRuns'>;
  for (const { id } of items) await fleet.call('POST', `/api/v1/runs/${id}/stop`);
  for (const device of devices) device.close();
}, 60_000);
afterAll(() => fleet.close());

const tagged = (device: DeviceUnderTest, ...tags: string[]) => fleet.call('PUT', `/api/v1/devices/${device.id}/tags`, { body: { tags } });
const labGroup = async (name: string) => (await fleet.call('POST', '/api/v1/groups', { body: { name, filter: `tag=${name}` } })).json as Group;
const aRunOf = async (group: object, changes: object = {}) => (await fleet.call('POST', '/api/v1/runs', { body: { ...aRunRequest(model, { roundsMax: 50 }), ...changes, group } })).json as Run;
const aRunOfDevices = async (body: object) => (await fleet.call('POST', '/api/v1/runs', { body })).json as Run;
const show = async (id: number) => (await fleet.call('GET', `/api/v1/runs/${id}`)).json as Run;
const membersOf = async (id: number) => ((await fleet.call('GET', `/api/v1/runs/${id}/assignments`)).json as ResponseOf<'listAssignments'>).items.filter(({ aside }) => !aside).map(({ device }) => device).sort();
const idsOf = (...of: DeviceUnderTest[]) => of.map(({ id }) => id).sort();
const four = () => { const [a, b, c, d] = devices; if (!a || !b || !c || !d) throw new Error('four devices'); return { a, b, c, d }; };

/** Waits for something that a socket brings. */
async function soon<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}

async function ready(device: DeviceUnderTest, run: number): Promise<void> {
  device.starts.splice(0);
  await device.connect();
  await device.hello();
  await device.fetchManifest(run);
  expect(await device.prepared(run)).toMatchObject({ ok: true });
}
const report = async (round: number, ...of: DeviceUnderTest[]) => {
  for (const device of of) expect(await device.send('round:report', device.reportOf(await device.nextStart(round)))).toEqual({ ok: true, recorded: true });
  for (const device of of) await device.reachRound(round + 1);
};

test('who comes into the group of a run that follows it is offered the run, and who leaves it is not asked any more but keeps up', async () => {
  const { a, b, c, d } = four();
  for (const device of [a, b]) await tagged(device, 'lab');
  const group = await labGroup('lab');
  const run = await aRunOf({ id: group.id });
  expect(run).toMatchObject({ devices: 2, group: { id: group.id, name: 'lab', membership: 'followed' } });
  await ready(a, run.id);
  await ready(b, run.id);
  await report(0, a, b);

  await c.connect();
  await c.hello();
  const offered = new Promise<number>((resolve) => c.socket.on('run:assigned', ({ run: id }) => resolve(id)));
  await tagged(c, 'lab');
  await tagged(b, 'office');
  await fleet.coordinator.followGroups();
  expect(await offered).toBe(run.id);
  expect(await membersOf(run.id)).toEqual(idsOf(a, c));
  expect((await fleet.call('DELETE', `/api/v1/groups/${group.id}`)).status).toBe(409);

  await c.fetchManifest(run.id);
  const tail = await c.send('ledger:tail', { run: run.id, from: 0 });
  if (!tail.ok) throw new Error(tail.error.problem);
  for (const commit of tail.commits) c.take(commit);
  await c.prepared(run.id);
  // Its part in the round that was open already still counts; later rounds are another's.
  await report(1, a, b);
  await c.reachRound(2);
  await report(2, a, c);
  await b.reachRound(3);
  expect(b.starts.map(({ round }) => round)).toEqual([0, 1]);
  expect(b.stateHash).toBe(a.stateHash);

  await fleet.restart();
  for (const device of [a, b, c]) {
    device.starts.splice(0);
    await device.connect();
    await device.hello();
    await device.prepared(run.id);
  }
  await report(3, a, c);
  expect(b.starts).toEqual([]);

  await tagged(b, 'lab');
  await tagged(a);
  await fleet.coordinator.followGroups();
  await report(4, a, c);
  await report(5, b, c);
  expect(await membersOf(run.id)).toEqual(idsOf(b, c));
  expect(d.starts).toEqual([]);
}, 60_000);

test('the devices of a frozen group are those that are in it when the run starts', async () => {
  const { a, b, c } = four();
  await tagged(a, 'rack');
  const group = await labGroup('rack');
  const draft = await aRunOf({ id: group.id, membership: 'frozen' }, { start: false });
  expect(await membersOf(draft.id)).toEqual(idsOf(a));
  await tagged(a);
  await tagged(b, 'rack');
  await fleet.call('POST', `/api/v1/runs/${draft.id}/start`);
  expect(await membersOf(draft.id)).toEqual(idsOf(b));
  await tagged(c, 'rack');
  await fleet.coordinator.followGroups();
  expect(await membersOf(draft.id)).toEqual(idsOf(b));
  expect(await show(draft.id)).toMatchObject({ devices: 1, group: { membership: 'frozen' } });
  expect((await fleet.call('DELETE', `/api/v1/groups/${group.id}`)).status).toBe(204);
  expect(await show(draft.id)).toMatchObject({ devices: 1, group: null });
}, 60_000);

test('a run of a few devices first asks them alone, and pauses with the cause where their loss rises; resumed, it asks everybody', async () => {
  const { a, b, c } = four();
  for (const device of [a, b, c]) await tagged(device, 'pilot');
  const group = await labGroup('pilot');
  const canary = { rounds: 1, devices: 1, departuresMax: 0, onFailure: 'pause' };
  const run = await aRunOf({ id: group.id }, { canary, policy: { ...aRunRequest(model).policy, roundsMax: 20 } });
  expect(run.canary).toEqual({ ...canary, stage: 'trial', cause: null, asked: 0, departed: 0, lossBefore: null, lossAfter: null });
  const losses = [0.5, 0.6];
  for (const device of [a, b, c]) {
    device.starts.splice(0);
    await device.connect();
    device.socket.on('evaluation:start', ({ run: id, round }) => void device.send('evaluation:report', { run: id, round, lossSum: 100 * (losses[round] ?? 0), correct: 50, count: 100 }));
    await device.hello();
    await device.fetchManifest(run.id);
    await device.prepared(run.id, { trainExamples: 100, heldOutExamples: 100 });
  }
  const [few] = await Promise.race([a, b, c].map(async (device) => { await device.nextStart(0); return [device]; }));
  if (few === undefined) throw new Error('nobody was asked');
  await report(0, few);
  while ((await show(run.id)).state !== 'paused') await new Promise((resolve) => { setTimeout(resolve, 20); });
  expect(await show(run.id)).toMatchObject({
    state: 'paused', round: 1, cause: 'canary: the loss rose from 0.5000 to 0.6000',
    canary: { stage: 'failed', asked: 1, departed: 0, lossBefore: 0.5, lossAfter: 0.6, cause: 'canary: the loss rose from 0.5000 to 0.6000' },
  });
  const { marks } = (await fleet.call('GET', `/api/v1/runs/${run.id}/series?names=loss`)).json as ResponseOf<'showSeries'>;
  expect(marks.at(-1)).toMatchObject({ kind: 'canary-failed', round: 1 });
  expect([a, b, c].flatMap(({ starts }) => starts)).toHaveLength(1);
  await fleet.call('POST', `/api/v1/runs/${run.id}/resume`);
  expect(await show(run.id)).toMatchObject({ state: 'running', canary: { stage: 'overruled' } });
  await Promise.race([a, b, c].filter((device) => device !== few).map((device) => device.nextStart(1)));
}, 60_000);

test('two runs over the same devices take turns: no device is asked by one while it works for the other', async () => {
  const { a, b } = four();
  const request = { ...aRunRequest(model, { roundsMax: 4, deadlineMs: 600_000 }), devices: [a.id, b.id] };
  const runs = [await aRunOfDevices(request), await aRunOfDevices(request)];
  const order: number[] = [];
  const twins = new Map<string, DeviceUnderTest>();
  for (const device of [a, b]) {
    device.starts.splice(0);
    await device.connect();
    await device.hello();
    for (const { id } of runs) {
      // One state a run, as a worker has; the socket is one.
      const part = new DeviceUnderTest(fleet, device.keys, device.id);
      part.socket = device.socket;
      await part.fetchManifest(id);
      twins.set(`${device.id} ${id}`, part);
    }
    device.socket.removeAllListeners('round:commit');
    device.socket.on('round:commit', ({ run, commit }) => twins.get(`${device.id} ${run}`)?.take(commit));
  }
  for (const { id } of runs) for (const device of [a, b]) await twins.get(`${device.id} ${id}`)?.prepared(id);
  for (let turn = 0; turn < 8; turn++) {
    const start = await soon(() => a.starts[turn]);
    const other = await soon(() => b.starts[turn]);
    expect(other.run).toBe(start.run);
    expect([a.starts.length, b.starts.length]).toEqual([turn + 1, turn + 1]);
    order.push(start.run);
    for (const device of [a, b]) {
      const part = twins.get(`${device.id} ${start.run}`);
      expect(await device.send('round:report', (part as DeviceUnderTest).reportOf(start))).toEqual({ ok: true, recorded: true });
    }
  }
  const [first, second] = runs.map(({ id }) => id);
  expect(order).toEqual([first, second, first, second, first, second, first, second]);
}, 60_000);

test('a run is scheduled, then queued behind another and behind its devices, and starts by itself; stopping it before takes that back', async () => {
  const { a, b } = four();
  const startAt = new Date(Date.now() + 3_600_000).toISOString();
  const first = await aRunOfDevices({ ...aRunRequest(model), devices: [a.id] });
  const waiting = await aRunOfDevices({ ...aRunRequest(model), devices: [b.id], startAt, after: first.id });
  expect(waiting).toMatchObject({ state: 'scheduled', cause: `starts at ${startAt}`, startAt, after: first.id, startedAt: null });
  const cancelled = await aRunOfDevices({ ...aRunRequest(model), devices: [b.id], startAt });
  expect((await fleet.call('POST', `/api/v1/runs/${cancelled.id}/stop`)).json as Run).toMatchObject({ state: 'cancelled', cause: 'stopped by admin' });
  expect(problemOf(await fleet.call('POST', `/api/v1/runs/${waiting.id}/start`))).toMatchObject({ code: 'state.transition', state: 'scheduled' });
  const behind = await aRunOfDevices({ ...aRunRequest(model), devices: [a.id, b.id], whenFree: true });
  expect(behind).toMatchObject({ state: 'queued', cause: `its devices work for run ${first.id}` });
  const last = await aRunOfDevices({ ...aRunRequest(model), devices: [b.id], whenFree: true });
  expect(last).toMatchObject({ state: 'queued', cause: `its devices work for run ${behind.id}` });

  await fleet.restart();
  fleet.pass(3_600_001);
  await fleet.coordinator.startDueRuns();
  expect(await show(waiting.id)).toMatchObject({ state: 'queued', cause: `after run ${first.id}, which is running` });
  await fleet.call('POST', `/api/v1/runs/${first.id}/stop`);
  await fleet.coordinator.startDueRuns();
  expect(await show(waiting.id)).toMatchObject({ state: 'running', cause: null });
  expect((await show(waiting.id)).startedAt).not.toBeNull();
  expect(await show(behind.id)).toMatchObject({ state: 'queued', cause: `its devices work for run ${waiting.id}` });
  await fleet.call('POST', `/api/v1/runs/${waiting.id}/stop`);
  await fleet.coordinator.startDueRuns();
  expect([(await show(behind.id)).state, (await show(last.id)).state]).toEqual(['running', 'queued']);
  await fleet.call('POST', `/api/v1/runs/${behind.id}/stop`);
  await fleet.coordinator.startDueRuns();
  expect((await show(last.id)).state).toBe('running');
  expect((await show(cancelled.id)).state).toBe('cancelled');
  const { items } = (await fleet.call('GET', `/api/v1/audit-entries?subject=${waiting.id}`)).json as ResponseOf<'listAuditEntries'>;
  expect(items.map(({ actor, action, detail }) => [actor, action, detail['to']])).toEqual([
    ['admin', 'run.stop', undefined], ['coordinator', 'run.change', 'running'], ['admin', 'run.change', 'scheduled'], ['admin', 'run.create', undefined],
  ]);
}, 60_000);

test('a budget is counted, watched, and ends the run before it is exceeded; a device that announces another state is an alert until it has that of the fleet', async () => {
  const { a, b } = four();
  const request = aRunRequest(model, { roundsMax: 50 });
  for (const condition of [{ type: 'budget', share: 0.3 }, { type: 'state-mismatch' }]) await fleet.call('POST', '/api/v1/alert-rules', { body: { name: condition.type, condition } });
  const open = async () => {
    await fleet.coordinator.lookForAlerts();
    return ((await fleet.call('GET', '/api/v1/alerts?open=yes')).json as ResponseOf<'listAlerts'>).items.map(({ ruleName, subject }) => `${ruleName} of ${subject}`).sort();
  };
  // Four differences a report, two reports a round: a third round could take 24.
  const run = await aRunOfDevices({ ...request, devices: [a.id, b.id], policy: { ...request.policy, stop: { budget: { scalars: 20 } } } });
  for (const device of [a, b]) {
    device.starts.splice(0);
    device.ended.splice(0);
  }
  await ready(a, run.id);
  await b.connect();
  await b.hello();
  await b.fetchManifest(run.id);
  expect(await b.send('run:prepared', { run: run.id, round: 0, stateHash: new Uint8Array(32).fill(1), trainExamples: 10, heldOutExamples: 0 })).toMatchObject({ ok: false, error: { code: 'report.stale-state' } });
  expect(await open()).toEqual([`state-mismatch of run ${run.id}`]);
  await b.prepared(run.id);
  await report(0, a, b);
  expect(await open()).toEqual([`budget of run ${run.id}`]);
  expect((await show(run.id)).budget).toMatchObject({ scalars: 20, scalarsSpent: 8, hours: null });
  await report(1, a, b);
  expect(await a.end()).toMatchObject({ state: 'completed', cause: 'budget-spent' });
  expect(await show(run.id)).toMatchObject({ state: 'completed', cause: 'budget-spent', round: 2, budget: { scalarsSpent: 16 } });
  expect(await open()).toEqual([]);
}, 60_000);

test('what was asked for can be asked for again; of a branch what comes to the same', async () => {
  const { a } = four();
  const request = { ...aRunRequest(model, { roundsMax: 7 }), devices: [a.id], start: false, policy: { ...aRunRequest(model).policy, roundsMax: 7, heldOutMin: 20, stop: { budget: { scalars: 10_000, hours: 2 } } } };
  const run = await aRunOfDevices(request);
  expect(run).toMatchObject({ budget: { scalars: 10_000, scalarsSpent: 0, hours: 2, hoursSpent: 0 } });
  const requestOf = async (id: number) => (await fleet.call('GET', `/api/v1/runs/${id}/request`)).json as Record<string, unknown>;
  expect(await requestOf(run.id)).toEqual({ ...request, start: true });
  const branch = (await fleet.call('POST', `/api/v1/runs/${run.id}/branches`, { body: { round: 0, name: 'again' } })).json as Run;
  expect(await requestOf(branch.id)).toEqual({ ...request, name: 'again', start: false, adapter: { ...request.adapter, sites: '.*' } });
  const again = (await fleet.call('POST', '/api/v1/runs', { body: { ...await requestOf(branch.id), start: false } })).json as Run;
  const policyOf = async (id: number) => ((await fleet.call('GET', `/api/v1/runs/${id}/manifest`)).json as ResponseOf<'showManifest'>).manifest;
  const { adapter, policy } = await policyOf(again.id);
  expect(await policyOf(run.id)).toMatchObject({ adapter, policy });
}, 60_000);

test('a preview says who would take part, what it would cost and what would be signed, and makes nothing', async () => {
  const { a, b, c, d } = four();
  const count = async () => ((await fleet.call('GET', '/api/v1/runs?limit=500')).json as ResponseOf<'listRuns'>).items.length;
  const before = await count();
  const preview = (body: object) => fleet.call('POST', '/api/v1/runs/previews', { body: { ...aRunRequest(model, { roundsMax: 100 }), ...body } });
  const { json } = await preview({ devices: [a.id, b.id, c.id] });
  // q = 4: 155 bytes a reporting device and round, and 227 to one that follows (docs/protocol.md, "Measured bytes").
  expect(json).toMatchObject({
    devices: 3, online: 0, measured: { devices: 0, stepMsMedian: null, stepMsP90: null },
    cost: { scalarsPerReport: 4, bytesPerReport: 360, reports: 200, bytes: 200 * 360 + 100 * 227, values: 2 * 6 + 2 * 6 + 6 * 2 + 2, minutes: null },
    manifest: { name: 'toy run', policy: { roundsMax: 100 } },
  });
  for (const [index, device] of [a, b, c, d].entries()) await fleet.coordinator.database.prisma.device.update({ where: { id: device.id }, data: { forwardMs: 100 * (index + 1) } });
  expect((await preview({ devices: [a.id, b.id, c.id] })).json).toMatchObject({ measured: { devices: 3, stepMsMedian: 200, stepMsP90: 300 }, cost: { minutes: 0.5 } });
  expect(problemOf(await preview({ adapter: { ...aRunRequest(model).adapter, sites: 'none' } }))).toMatchObject({ code: 'run.no-sites' });
  expect(await count()).toBe(before);
}, 60_000);

test.each([
  ['a group that there is not', { group: { id: 'grp_none' } }, 404, 'request.not-found', 'group.id'],
  ['a group beside a list', { group: { id: 'grp_none' }, devices: ['dev_1'] }, 422, 'request.invalid', 'group'],
])('a run of %s is refused', async (_, change, status, code, field) => {
  const answer = await fleet.call('POST', '/api/v1/runs', { body: { ...aRunRequest(model), ...change } });
  expect(problemOf(answer)).toMatchObject({ status, code, field });
}, 60_000);
