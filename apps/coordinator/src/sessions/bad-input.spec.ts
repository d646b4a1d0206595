import { type Refusal } from '@seedfleet/errors';
import { generateKeyPair, toHex } from '@seedfleet/ledger';
import { packetParser, type Device, type Run } from '@seedfleet/protocol';
import { io } from 'socket.io-client';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { aToken, DeviceUnderTest, enrolmentBody } from '../testing/a-device.js';
import { anUploadedModel, aRun } from '../testing/a-model.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
let run: Run;
let first: DeviceUnderTest;
let second: DeviceUnderTest;

beforeAll(async () => {
  fleet = await aCoordinator();
  run = await aRun(fleet, (await anUploadedModel(fleet)).id, { roundsMax: 100, deadlineMs: 600_000 });
  first = await DeviceUnderTest.ready(fleet, run.id);
  second = await DeviceUnderTest.ready(fleet, run.id);
  await first.nextStart(0);
  await second.nextStart(0);
}, 60_000);

afterAll(async () => {
  first.close();
  second.close();
  await fleet.close();
});

const storedReports = () => fleet.coordinator.database.prisma.report.count();

function refusalOf(answer: { ok: true } | { ok: false; error: Refusal }): Refusal {
  if (answer.ok) throw new Error('the message was accepted');
  return answer.error;
}

/** A packet of our own making on the open socket of a device, under the ack id 77; resolves with the next answer to it, or session:refused. */
async function sendRaw(device: DeviceUnderTest, bytes: Uint8Array): Promise<void> {
  device.socket.io.engine.write(Buffer.from(bytes) as unknown as string, undefined, undefined);
  await device.socket.timeout(5_000).emitWithAck('ledger:tail', { run: run.id, from: 0 });
}

describe('a report that cannot count gets a typed refusal that names the field, and leaves nothing behind', () => {
  const start = () => first.nextStart(0);
  test.each([
    ['one difference too few', { differences: new Float32Array(3) }, 'report.length', 'differences'],
    ['a difference that is NaN', { differences: Float32Array.of(0, Number.NaN, 0, 0) }, 'report.not-finite', 'differences'],
    ['an infinite difference', { differences: Float32Array.of(0, 0, Number.POSITIVE_INFINITY, 0) }, 'report.not-finite', 'differences'],
    ['a run that does not exist', { run: 999 }, 'run.unknown', 'run'],
    ['a round that is not open yet', { round: 7 }, 'round.unknown', 'round'],
    ['another attempt', { attempt: 3 }, 'round.wrong-attempt', 'attempt'],
  ] as const)('%s', async (_, change, code, field) => {
    const before = await storedReports();
    const refusal = refusalOf(await first.send('round:report', first.reportOf(await start(), change)));
    expect(refusal).toMatchObject({ code, field });
    expect(refusal.fix.length).toBeGreaterThan(10);
    expect(await storedReports()).toBe(before);
    expect(first.socket.connected).toBe(true);
  });
});

describe('bytes that are no message are refused, and the socket stays up', () => {
  test.each([
    ['garbage', Uint8Array.of(0xde, 0xad, 0xbe, 0xef), 'packet.malformed'],
    ['an empty packet', new Uint8Array(), 'packet.malformed'],
    ['a packet above 65,536 bytes', new Uint8Array(70_000).fill(0x91), 'packet.too-large'],
  ])('%s', async (_, bytes, code) => {
    const before = first.refused.length;
    await sendRaw(first, bytes);
    expect(first.refused.slice(before).map(({ error }) => error.code)).toEqual([code]);
    expect(first.socket.connected).toBe(true);
  });
});

test('a message before the hello is refused by name', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  await device.connect();
  expect(refusalOf(await device.send('ledger:tail', { run: run.id, from: 0 })).code).toBe('session.hello-missing');
  device.close();
});

test('a run that the device has no part in is unknown to it', async () => {
  const device = await DeviceUnderTest.enrol(fleet);
  await device.connect();
  await device.hello();
  expect(refusalOf(await device.send('ledger:tail', { run: 999, from: 0 }))).toMatchObject({ code: 'run.unknown', field: 'run' });
  expect(refusalOf(await device.send('ledger:tail', { run: run.id, from: 50 }))).toMatchObject({ code: 'round.unknown', field: 'from' });
  device.close();
});

test.each([[0, 'protocol.client-too-old'], [2, 'protocol.server-too-old']])('protocol %i is told which side has to be updated: %s', async (protocol, code) => {
  const device = await DeviceUnderTest.enrol(fleet);
  await device.connect();
  expect(refusalOf(await device.hello([], protocol))).toMatchObject({ code, field: 'protocol' });
  device.close();
});

test('a report that comes again is answered as the first was; one that differs is refused, one of a committed round too', async () => {
  const report = first.reportOf(await first.nextStart(0));
  expect(await first.send('round:report', report)).toEqual({ ok: true, recorded: true });
  expect(await first.send('round:report', report)).toEqual({ ok: true, recorded: true });
  expect(await storedReports()).toBe(1);
  expect(refusalOf(await first.send('round:report', { ...report, examples: 9 }))).toMatchObject({ code: 'report.duplicate-differs', field: 'differences' });
  expect(await second.send('round:report', second.reportOf(await second.nextStart(0)))).toEqual({ ok: true, recorded: true });
  await Promise.all([first.reachRound(1), second.reachRound(1)]);
  expect(await first.send('round:report', report)).toEqual({ ok: true, recorded: true });
  expect(await storedReports()).toBe(2);
});

test('a report of a committed round by a device that has not reported in it is late: the round is closed', async () => {
  const third = await DeviceUnderTest.enrol(fleet);
  await third.connect();
  await third.hello();
  await third.fetchManifest(run.id);
  const late = third.reportOf(await first.nextStart(0));
  expect(refusalOf(await third.send('round:report', late))).toMatchObject({ code: 'round.closed', field: 'round' });
  const uninvited = third.reportOf(await first.nextStart(1));
  expect(refusalOf(await third.send('round:report', uninvited))).toMatchObject({ code: 'report.not-in-cohort', field: 'round' });
  third.close();
});

test('a device whose state is another is refused, catches up from the log, and counts again', async () => {
  const start = await first.nextStart(1);
  const refusal = refusalOf(await first.send('round:report', first.reportOf(start, { stateHash: new Uint8Array(32).fill(1) })));
  expect(refusal).toMatchObject({ code: 'report.stale-state', field: 'stateHash', retryable: true });
  await first.fetchManifest(run.id); // back to round 0
  const tail = await first.send('ledger:tail', { run: run.id, from: 0 });
  if (!tail.ok) throw new Error(tail.error.problem);
  expect(tail.head).toBe(1);
  for (const commit of tail.commits) first.take(commit);
  first.starts.splice(0);
  expect(await first.prepared(run.id)).toEqual({ ok: true, round: 1 });
  const again = await first.nextStart(1);
  expect(again.attempt).toBeGreaterThan(start.attempt);
  expect(await first.send('round:report', first.reportOf(again))).toEqual({ ok: true, recorded: true });
});

describe('enrolment', () => {
  const enrol = async (body: object) => fleet.call('POST', '/api/v1/device/enrolments', { body, token: null });

  test('a token that was never made', async () => {
    const answer = await enrol(enrolmentBody({ token: 'sfe_wrong', keys: generateKeyPair() }));
    expect([answer.status, problemOf(answer)]).toMatchObject([401, { code: 'token.unknown', field: 'token' }]);
  });

  test('a token that is used up; the device that used it may ask again', async () => {
    const { token } = await aToken(fleet, { usesMax: 1 });
    const body = enrolmentBody({ token, keys: generateKeyPair() });
    const once = await enrol(body);
    expect(once.status).toBe(201);
    expect((await enrol(body)).json).toEqual(once.json);
    expect(problemOf(await enrol(enrolmentBody({ token, keys: generateKeyPair() })))).toMatchObject({ code: 'token.used-up', field: 'token' });
  });

  test('a last use that many devices race for goes to one of them', async () => {
    const { token } = await aToken(fleet, { usesMax: 1 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => enrol(enrolmentBody({ token, keys: generateKeyPair() }))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401, 401]);
  });

  test('a token that the operator deleted', async () => {
    const { token, id } = await aToken(fleet);
    expect((await fleet.call('DELETE', `/api/v1/enrolment-tokens/${id}`)).status).toBe(204);
    expect(problemOf(await enrol(enrolmentBody({ token, keys: generateKeyPair() }))).code).toBe('token.revoked');
  });

  test('a proof by another key', async () => {
    const { token } = await aToken(fleet);
    const body = { ...enrolmentBody({ token, keys: generateKeyPair() }), publicKey: toHex(generateKeyPair().publicKey) };
    expect(problemOf(await enrol(body))).toMatchObject({ code: 'enrolment.proof', field: 'proof' });
  });

  test('a body that is not JSON, a field that is missing, a body above 1 MB', async () => {
    const raw = await fetch(`${fleet.url}/api/v1/device/enrolments`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' });
    expect([raw.status, await raw.json()]).toMatchObject([422, { code: 'request.invalid' }]);
    expect(problemOf(await enrol({ name: 'x' }))).toMatchObject({ code: 'request.invalid', field: 'token' });
    expect(problemOf(await enrol({ token: 'x'.repeat(1_100_000) })).code).toBe('request.too-large');
  });
});

describe('credentials', () => {
  const handshake = (credential: unknown) => new Promise<Refusal>((resolve, reject) => {
    const socket = io(`${fleet.url}/device`, { parser: packetParser, transports: ['websocket'], auth: { credential }, reconnection: false, forceNew: true });
    socket.once('connect', () => reject(new Error('connected')));
    socket.once('connect_error', (error) => resolve((error as Error & { data: Refusal }).data));
  });

  test('none, and one that nobody signed', async () => {
    expect(await handshake(undefined)).toMatchObject({ code: 'credential.invalid', field: 'credential' });
    expect((await handshake('eyJhbGciOiJub25lIn0.e30.')).code).toBe('credential.invalid');
  });

  test('a challenge is good once, and only for the device that asked', async () => {
    const device = await DeviceUnderTest.enrol(fleet);
    const answer = await fleet.call('POST', '/api/v1/device/credentials', { body: { device: device.id, challenge: 'ab'.repeat(32), signature: 'cd'.repeat(64) }, token: null });
    expect(problemOf(answer)).toMatchObject({ code: 'credential.challenge', field: 'challenge' });
  });

  test('a signature of another key', async () => {
    const device = await DeviceUnderTest.enrol(fleet);
    const { challenge } = (await fleet.call('POST', '/api/v1/device/challenges', { body: { device: device.id }, token: null })).json as { challenge: string };
    const answer = await fleet.call('POST', '/api/v1/device/credentials', { body: { device: device.id, challenge, signature: 'cd'.repeat(64) }, token: null });
    expect(problemOf(answer)).toMatchObject({ code: 'credential.signature', field: 'signature' });
  });

  test('a device that was revoked while connected is told why, disconnected, and not let in again', async () => {
    const device = await DeviceUnderTest.enrol(fleet);
    const { credential } = await device.credential();
    await device.connect(credential);
    await device.hello();
    const gone = new Promise((resolve) => device.socket.once('disconnect', resolve));
    expect(((await fleet.call('POST', `/api/v1/devices/${device.id}/revoke`)).json as Device).state).toBe('revoked');
    await gone;
    expect(device.refused.map(({ error }) => error.code)).toEqual(['device.revoked']);
    expect((await handshake(credential)).code).toBe('device.revoked');
    const challenge = await fleet.call('POST', '/api/v1/device/challenges', { body: { device: device.id }, token: null });
    expect(problemOf(challenge).code).toBe('device.revoked');
  });

  test('a device that waits for approval, until an operator approves it', async () => {
    const { token } = await aToken(fleet, { approval: true });
    const device = await DeviceUnderTest.enrol(fleet, token);
    const ask = () => fleet.call('POST', '/api/v1/device/challenges', { body: { device: device.id }, token: null });
    expect(problemOf(await ask()).code).toBe('device.not-approved');
    expect(problemOf(await fleet.call('POST', `/api/v1/devices/${device.id}/resume`))).toMatchObject({ code: 'state.transition', field: 'state' });
    await fleet.call('POST', `/api/v1/devices/${device.id}/approve`);
    expect((await ask()).status).toBe(201);
  });
});

test('time ends tokens and credentials', async () => {
  const { token } = await aToken(fleet, { expiresInSeconds: 60 });
  const device = await DeviceUnderTest.enrol(fleet);
  const { credential } = await device.credential();
  fleet.pass(3_700_000);
  const answer = await fleet.call('POST', '/api/v1/device/enrolments', { body: enrolmentBody({ token, keys: generateKeyPair() }), token: null });
  expect([answer.status, problemOf(answer)]).toMatchObject([401, { code: 'token.expired', field: 'token' }]);
  const manifest = await fleet.call('GET', `/api/v1/runs/${run.id}/manifest`, { token: credential });
  expect([manifest.status, problemOf(manifest)]).toMatchObject([401, { code: 'credential.invalid' }]);
});
