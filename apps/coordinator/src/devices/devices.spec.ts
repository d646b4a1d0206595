import { setTimeout as sleep } from 'node:timers/promises';
import { concatBytes, generateKeyPair, sign, toHex, utf8, type KeyPair } from '@seedfleet/ledger';
import { rotationContext, type AuditEntry, type Device, type DeviceDetail, type Enrolment, type EnrolmentToken, type MessageOf, type NewEnrolmentToken, type TimelineEntry } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { aToken, DeviceUnderTest, enrolmentBody } from '../testing/a-device.js';
import { aRunRequest, anUploadedModel } from '../testing/a-model.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
beforeAll(async () => { fleet = await aCoordinator(); }, 60_000);
afterAll(() => fleet.close());

const json = async <T>(path: string) => (await fleet.call('GET', `/api/v1${path}`)).json as T;
const shown = ({ id }: DeviceUnderTest) => json<Device>(`/devices/${id}`);
const entries = async ({ id }: DeviceUnderTest) => (await json<{ items: AuditEntry[] }>(`/audit-entries?subject=${id}&action=device.cloned`)).items;
const kept = ({ id }: DeviceUnderTest) => fleet.coordinator.database.prisma.deviceConnection.count({ where: { deviceId: id } });

/** One process with the key of a device: comes, says hello, and is heard. */
async function comes(device: DeviceUnderTest, instance: string | undefined): Promise<DeviceUnderTest> {
  const before = await kept(device);
  const process = new DeviceUnderTest(fleet, device.keys, device.id);
  await process.connect();
  const message: MessageOf<'session:hello'> = { protocol: 1, workerVersion: '0.0.0', capabilities: { threads: 1, memoryMegabytes: 100, platform: 'linux' }, runs: [], ...(instance === undefined ? {} : { instance }) };
  expect(await process.send('session:hello', message)).toMatchObject({ ok: true });
  while (await kept(device) === before) await sleep(5);
  return process;
}

const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(16));

test('two processes that take turns with one key are told of on the device, in the audit log once, and by the rule', async () => {
  await fleet.call('POST', '/api/v1/alert-rules', { body: { name: 'copies', condition: { type: 'device-cloned' } } });
  const device = await DeviceUnderTest.enrol(fleet);
  for (const instance of [a, b, a]) await comes(device, instance);
  expect((await shown(device)).clonedAt).toBeNull();
  const last = await comes(device, b);
  while ((await shown(device)).clonedAt === null) await sleep(5);
  fleet.pass(20_000);
  await comes(device, a);
  while ((await entries(device)).length === 0) await sleep(5);
  expect(await entries(device)).toMatchObject([{ actor: 'coordinator', detail: { processes: 2, instances: `${a} ${b}` } }]);
  expect(last.refused).toEqual([]);
  expect(await json('/overview')).toMatchObject({ attention: expect.arrayContaining([expect.objectContaining({ kind: 'device-cloned', detail: device.id })]) });
  await fleet.coordinator.lookForAlerts();
  expect(await json('/alerts?open=yes')).toMatchObject({ items: [{ ruleName: 'copies', subject: device.id }] });
  fleet.pass(3_700_000);
  await fleet.coordinator.lookForAlerts();
  expect(await json('/alerts?open=yes')).toEqual({ items: [], next: null });
}, 20_000);

test('restarts, lost connections, and workers that name no process are never taken for copies', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  for (const instance of [a, a, b, b, undefined, c, c, undefined, undefined]) await comes(device, instance);
  expect((await shown(device)).clonedAt).toBeNull();
}, 20_000);

test('turns that are further apart than the window say nothing', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  for (const instance of [a, b, a, b]) {
    await comes(device, instance);
    fleet.pass(400_000);
  }
  expect((await shown(device)).clonedAt).toBeNull();
});

const returnToken = async ({ id }: DeviceUnderTest) => (await fleet.call('POST', `/api/v1/devices/${id}/return-tokens`, { body: {} })).json as NewEnrolmentToken;
const enrols = (token: string, keys: KeyPair) => fleet.call('POST', '/api/v1/device/enrolments', { body: enrolmentBody({ token, keys, name: 'as the wiped device calls itself' }), token: null });
const actions = async ({ id }: DeviceUnderTest) => (await json<{ items: AuditEntry[] }>(`/audit-entries?subject=${id}`)).items.map(({ action }) => action);
const codeOfCredential = async (device: DeviceUnderTest) => problemOf({ status: 0, json: await device.credential() } as never).code;

function keyChange({ device, to, by = device.keys }: { device: DeviceUnderTest; to: KeyPair; by?: KeyPair }) {
  const message = concatBytes([utf8(rotationContext), utf8(device.id), to.publicKey]);
  return { device: device.id, publicKey: toHex(to.publicKey), signature: toHex(sign(by.privateKey, message)), proof: toHex(sign(to.privateKey, message)) };
}
const changeKey = (body: object) => fleet.call('POST', '/api/v1/device/keys', { body, token: null });

test('a wiped device comes back under its old name with its tags, groups and runs; its old key is out at once', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  const before = await shown(device);
  await fleet.call('PUT', `/api/v1/devices/${device.id}/tags`, { body: { tags: ['lab'] } });
  const group = (await fleet.call('POST', '/api/v1/groups', { body: { name: 'by hand' } })).json as { id: string };
  await fleet.call('POST', `/api/v1/groups/${group.id}/members`, { body: { devices: [device.id] } });
  const run = (await fleet.call('POST', '/api/v1/runs', { body: aRunRequest((await anUploadedModel(fleet)).id) })).json as { id: number };
  await device.connect();
  await device.hello();
  const { credential: old } = await device.credential();
  const copy = new DeviceUnderTest(fleet, device.keys, device.id);

  const token = await returnToken(device);
  expect(token).toMatchObject({ returning: device.id, usesMax: 1, name: before.name });
  const keys = generateKeyPair();
  const answer = await enrols(token.token, keys);
  expect(answer).toMatchObject({ status: 201, json: { device: device.id, name: before.name, state: 'active' } });
  expect((await enrols(token.token, keys)).json).toEqual(answer.json);
  expect(problemOf(await enrols(token.token, generateKeyPair())).code).toBe('token.used-up');
  expect(device.refused).toMatchObject([{ error: { code: 'device.key-replaced' } }]);
  while (device.socket.connected) await sleep(5);
  await expect(copy.connect(old)).rejects.toMatchObject({ data: { code: 'credential.invalid' } });
  expect(await codeOfCredential(copy)).toBe('device.key-replaced');

  const returned = new DeviceUnderTest(fleet, keys, device.id);
  await returned.connect();
  await returned.hello();
  await returned.fetchManifest(run.id);
  expect(await returned.prepared(run.id)).toMatchObject({ ok: true });
  const now = await shown(device);
  expect(now).toMatchObject({ name: before.name, tags: ['lab'], enrolledAt: before.enrolledAt });
  expect(now.fingerprint).not.toBe(before.fingerprint);
  expect((await json<{ items: Device[] }>(`/devices?filter=${encodeURIComponent('group="by hand"')}`)).items.map(({ id }) => id)).toEqual([device.id]);
  expect(await actions(device)).toEqual(expect.arrayContaining(['device.re-enrol', 'device.return']));
  returned.close();
}, 20_000);

test('a key that a device had never lets anybody in again, and a revoked device does not come back', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  await enrols((await returnToken(device)).token, generateKeyPair());
  expect(problemOf(await enrols((await aToken(fleet)).token, device.keys)).code).toBe('enrolment.key-known');
  expect(problemOf(await enrols((await returnToken(device)).token, device.keys)).code).toBe('enrolment.key-known');
  const token = await returnToken(device);
  await fleet.call('POST', `/api/v1/devices/${device.id}/revoke`);
  expect(problemOf(await enrols(token.token, generateKeyPair())).code).toBe('device.revoked');
  expect(await fleet.call('POST', `/api/v1/devices/${device.id}/return-tokens`, { body: {} })).toMatchObject({ status: 409, json: { code: 'state.transition', state: 'revoked' } });
  expect((await json<{ items: EnrolmentToken[] }>('/enrolment-tokens')).items.find(({ id }) => id === token.id)).toMatchObject({ uses: 0 });
});

test('a device gives itself a new key with the old one; asked again it is answered as before, and the old key is out at once', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  await device.connect();
  await device.hello();
  const to = generateKeyPair();
  const change = keyChange({ device, to });
  const answer = await changeKey(change);
  expect(answer).toMatchObject({ status: 200, json: { device: device.id, state: 'active' } satisfies Partial<Enrolment> });
  expect((await changeKey(change)).json).toEqual(answer.json);
  expect(device.refused).toMatchObject([{ error: { code: 'device.key-replaced' } }]);
  expect(await codeOfCredential(device)).toBe('device.key-replaced');
  expect((await new DeviceUnderTest(fleet, to, device.id).credential()).credential).toBeTruthy();
  expect((await actions(device)).filter((action) => action === 'device.rotate-key')).toHaveLength(1);
  expect(problemOf(await changeKey(keyChange({ device, to: generateKeyPair() }))).code).toBe('device.key-replaced');
});

test('a new key that the old one did not sign, or that did not sign itself, or that somebody has, is refused', async () => {
  const [device, other] = [await DeviceUnderTest.enrol(fleet), await DeviceUnderTest.enrol(fleet)];
  const to = generateKeyPair();
  expect(problemOf(await changeKey(keyChange({ device, to, by: other.keys }))).code).toBe('device.key-proof');
  expect(problemOf(await changeKey({ ...keyChange({ device, to }), proof: keyChange({ device, to: generateKeyPair() }).proof })).code).toBe('device.key-proof');
  expect(problemOf(await changeKey({ ...keyChange({ device, to }), device: other.id })).code).toBe('device.key-proof');
  expect(problemOf(await changeKey(keyChange({ device, to: other.keys }))).code).toBe('enrolment.key-known');
  expect(await actions(device)).toEqual(['device.enrol']);
});

type Statement = NonNullable<MessageOf<'session:hello'>['statement']>;
const statement: Statement = {
  policy: { tasks: null, models: ['toy'], roundsPerDay: 100, scalarsPerDay: null, hours: { from: 22, to: 6 }, memoryMegabytes: 512, evaluationExamplesMin: 10, precision: 'run', cacheMegabytes: 256, sharesPaths: false },
  datasets: [{ name: 'notes', examples: 160, format: 'jsonl', fields: [{ name: 'text', holds: 'text' }, { name: 'label', holds: 'label' }], labels: 2, tags: ['english'], tasks: ['classification', 'language'] }],
  lastError: { code: 'dataset.missing-field', atMs: 1_700_000_000_000, run: 3 },
};
const detail = ({ id }: DeviceUnderTest) => json<DeviceDetail>(`/devices/${id}`);
const ask = ({ id }: DeviceUnderTest, what: string) => fleet.call('POST', `/api/v1/devices/${id}/${what}`);

async function aGreetedDevice(stated?: Statement): Promise<DeviceUnderTest> {
  const device = await DeviceUnderTest.enrol(fleet);
  await device.connect();
  const message: MessageOf<'session:hello'> = { protocol: 1, workerVersion: '0.0.0', capabilities: { threads: 1, memoryMegabytes: 100, platform: 'linux' }, runs: [], ...(stated === undefined ? {} : { statement: stated }) };
  expect(await device.send('session:hello', message)).toMatchObject({ ok: true });
  return device;
}

test('what a device states of policy and data stands on its page and can be searched; one that states nothing is as before', async () => {
  const [stating, silent] = [await aGreetedDevice(statement), await aGreetedDevice()];
  const { lastError, ...stated } = statement;
  const shownDetail = await detail(stating);
  expect(shownDetail.statement).toEqual({ at: expect.any(String), ...stated });
  expect(shownDetail.lastError).toEqual({ code: lastError?.code, run: 3, at: '2023-11-14T22:13:20.000Z', fix: expect.stringMatching(/^[A-Z]/) });
  expect(await detail(silent)).toMatchObject({ statement: null, lastError: null, formerKeys: [], checks: { ping: null, resync: null, doctor: null } });
  const found = async (filter: string) => (await json<{ items: Device[] }>(`/devices?filter=${encodeURIComponent(filter)}`)).items.map(({ id }) => id);
  expect(await found('dataset=notes task=classification')).toEqual([stating.id]);
  expect(await found('dataset=notes task=verbalizer')).toEqual([]);
}, 20_000);

test('a device answers ping, resync and doctor; the last answers are kept, and the words of what failed are not among them', async () => {
  const device = await aGreetedDevice();
  device.socket.on('device:ping', (_, answer) => answer({ ok: true, nowMs: Date.now() + 5_000, uptimeSeconds: 12 }));
  device.socket.on('device:resync', (_, answer) => answer({ ok: true, runs: [{ run: 1, round: 3, head: 4, stateMatches: true }] }));
  device.socket.on('device:doctor', (_, answer) => answer({ ok: true, findings: [{ check: 'node', result: 'passed', detail: 'v20' }, { check: 'clock', result: 'failed', code: 'clock.skewed' }] }));
  const ping = (await ask(device, 'ping')).json as NonNullable<DeviceDetail['checks']['ping']>;
  expect(ping).toMatchObject({ uptimeSeconds: 12, milliseconds: expect.any(Number) });
  expect((await ask(device, 'resync')).json).toMatchObject({ runs: [{ run: 1, round: 3, head: 4, stateMatches: true }] });
  const doctor = (await ask(device, 'doctor')).json as NonNullable<DeviceDetail['checks']['doctor']>;
  expect(doctor).toMatchObject({ passed: false, findings: [{ check: 'node', code: null, fix: null }, { check: 'clock', code: 'clock.skewed', fix: 'Set the clock of this device, best by NTP.', problem: null }] });
  expect((await detail(device)).checks).toMatchObject({ ping, doctor });
  // Its ETag covers what operators change: nobody may keep the rest and ask by the tag whether it still holds.
  expect((await fleet.call('GET', `/api/v1/devices/${device.id}`)).headers.get('cache-control')).toBe('no-store');
});

test('lines of the log of a device come with what to do about them, and the last error of it is kept', async () => {
  const device = await aGreetedDevice();
  const lines = [{ sequence: 7, atMs: 1_700_000_000_000, level: 'error', code: 'vault.unwritable', run: 2, round: 5 }, { sequence: 8, atMs: 1_700_000_001_000, level: 'info', code: 'worker.of-next-year' }] as const;
  device.socket.on('device:log', ({ after, limit }, answer) => answer({ ok: true, entries: lines.filter(({ sequence }) => sequence > after).slice(-limit) }));
  const answer = await fleet.call('GET', `/api/v1/devices/${device.id}/log?after=6`);
  expect(answer.json).toEqual({ items: [
    { sequence: 7, at: '2023-11-14T22:13:20.000Z', level: 'error', code: 'vault.unwritable', run: 2, round: 5, fix: expect.stringMatching(/free space/) },
    { sequence: 8, at: '2023-11-14T22:13:21.000Z', level: 'info', code: 'worker.of-next-year', fix: null },
  ] });
  expect((await detail(device)).lastError).toMatchObject({ code: 'vault.unwritable', run: 2 });
});

test('a device that is offline, too old, or gone before it answers says so by name', async () => {
  const device = await aGreetedDevice();
  const { error } = { error: { code: 'packet.malformed', problem: 'The packet names an unknown event.', fix: 'x', retryable: false } } as const;
  device.socket.on('device:ping', (_, answer) => answer({ ok: false, error }));
  expect(await ask(device, 'ping')).toMatchObject({ status: 409, json: { code: 'device.worker-too-old' } });
  device.socket.on('device:resync', () => device.socket.disconnect());
  expect(await ask(device, 'resync')).toMatchObject({ status: 504, json: { code: 'device.unanswered' } });
  while ((await shown(device)).online) await sleep(5);
  expect(await ask(device, 'ping')).toMatchObject({ status: 409, json: { code: 'device.offline', detail: expect.stringContaining(`last seen at ${new Date(Date.now()).toISOString().slice(0, 4)}`) } });
  const never = await DeviceUnderTest.enrol(fleet);
  expect(await ask(never, 'doctor')).toMatchObject({ status: 409, json: { code: 'device.offline', detail: expect.stringContaining('never been connected') } });
  expect(problemOf(await fleet.call('POST', '/api/v1/devices/dev_nobody/ping')).code).toBe('request.not-found');
}, 20_000);

test('the timeline tells, page by page, what happened to a device and came of it', async () => {
  const device = await DeviceUnderTest.enrol(fleet, (await aToken(fleet, { approval: true })).token);
  await ask(device, 'approve');
  await comes(device, a);
  await fleet.call('PUT', `/api/v1/devices/${device.id}/tags`, { body: { tags: ['lab'] } });
  const run = (await fleet.call('POST', '/api/v1/runs', { body: aRunRequest((await anUploadedModel(fleet)).id) })).json as { id: number };
  const { prisma } = fleet.coordinator.database;
  const recordedAt = new Date((await shown(device)).lastSeenAt ?? 0);
  await prisma.round.create({ data: { runId: run.id, round: 900, attempt: 0, state: 'abandoned', cohort: [], openedAt: recordedAt, deadlineAt: recordedAt } });
  await prisma.report.create({ data: { runId: run.id, round: 900, attempt: 0, deviceId: device.id, group: 0, examples: 8, differences: new Uint8Array(4), recordedAt } });
  await changeKey(keyChange({ device, to: generateKeyPair() }));
  const kindsOf = (entries: TimelineEntry[]) => entries.map(({ kind }) => kind);
  const pages: TimelineEntry[][] = [];
  for (let cursor = ''; ;) {
    const page = await json<{ items: TimelineEntry[]; next: string | null }>(`/devices/${device.id}/timeline?limit=2${cursor}`);
    pages.push(page.items);
    if (page.next === null) break;
    cursor = `&cursor=${page.next}`;
  }
  const all = (await json<{ items: TimelineEntry[] }>(`/devices/${device.id}/timeline`)).items;
  while (!kindsOf((await json<{ items: TimelineEntry[] }>(`/devices/${device.id}/timeline`)).items).includes('disconnected')) await sleep(5);
  expect(pages.flat().length).toBeGreaterThanOrEqual(all.length);
  expect([...kindsOf(all)].sort()).toEqual(expect.arrayContaining(['approved', 'connected', 'enrolled', 'key-rotated', 'reported', 'tagged']));
  expect(all.at(-1)?.kind).toBe('enrolled');
  expect(all.find(({ kind }) => kind === 'reported')).toMatchObject({ run: run.id, firstRound: 900, lastRound: 900, reports: 1 });
  expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).sort().reverse());
}, 20_000);
