import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetError, toRefusal } from '@seedfleet/errors';
import { type MessageOf } from '@seedfleet/protocol';
import pino from 'pino';
import { enrol } from '../enrolment/enrol.js';
import { surroundingsOfProcess } from '../surroundings-of-process.js';
import { SmallCoordinator, token } from '../testing/small-coordinator.fixture.js';
import { readDeviceRecord } from '../vault/device-record.js';
import { deviceKeysOf } from '../vault/device-keys.js';
import { vaultPath } from '../vault/vault.js';
import { coordinatorApi } from './coordinator-api.js';
import { credentialsOf } from './credential.js';
import { openSession, type Session, type SessionOwner } from './session.js';

const logger = pino({ level: 'silent' });

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const open of opened.splice(0).reverse()) await open.close();
});

async function aCoordinator(): Promise<{ coordinator: SmallCoordinator; url: string }> {
  const coordinator = new SmallCoordinator();
  const url = await coordinator.start();
  opened.push({ close: () => coordinator.stop() });
  return { coordinator, url };
}

const aHome = () => join(mkdtempSync(join(tmpdir(), 'seedfleet-session-')), 'home');

interface Heard { welcomed: number; lost: number; refused: FleetError | null; hellos: number }

function connect({ url, home, handlers = {} }: { url: string; home: string; handlers?: Partial<SessionOwner['handlers']> }): { session: Session; heard: Heard } {
  const heard: Heard = { welcomed: 0, lost: 0, refused: null, hellos: 0 };
  const surroundings = surroundingsOfProcess();
  const credentials = credentialsOf({ api: coordinatorApi(url), device: readDeviceRecord(vaultPath(home, 'device')), keys: deviceKeysOf(home), surroundings });
  const nothing = () => undefined;
  const session = openSession({
    url, credentials, surroundings, logger,
    owner: {
      hello: () => {
        heard.hellos++;
        return { protocol: 1, workerVersion: 'test', capabilities: { threads: 1, memoryMegabytes: 100, platform: 'test' }, runs: [{ run: 3, round: 7, stateHash: new Uint8Array(32).fill(5) }] };
      },
      welcomed: () => { heard.welcomed++; },
      lost: () => { heard.lost++; },
      refused: (error) => { heard.refused = error; },
      handlers: { 'run:assigned': () => ({ accepted: true }), 'round:start': () => ({ accepted: true }), 'round:commit': nothing, 'evaluation:start': () => ({ accepted: true }), 'run:ended': nothing,
        'device:ping': nothing, 'device:resync': nothing, 'device:doctor': nothing, 'device:log': nothing, 'device:rotate-key': nothing, ...handlers },
    },
  });
  opened.push(session);
  return { session, heard };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('enrolment', () => {
  test('proves the new key, keeps the device and pins the key of the coordinator', async () => {
    const { coordinator, url } = await aCoordinator();
    const home = aHome();
    const { state } = await enrol({ api: coordinatorApi(url), url, token, home, name: 'a device' });
    expect(state).toBe('active');
    expect(readDeviceRecord(vaultPath(home, 'device'))).toMatchObject({ device: 'd1', coordinatorKey: coordinator.coordinatorKey, url });
    expect(coordinator.publicKey).not.toBeNull();
  });

  test('with a wrong token shows the coordinator\'s refusal and enrolls nothing', async () => {
    const { url } = await aCoordinator();
    const home = aHome();
    await expect(enrol({ api: coordinatorApi(url), url, token: 'sfe_wrong', home, name: 'a device' })).rejects.toMatchObject({ code: 'token.unknown', field: 'token' });
    expect(() => readDeviceRecord(vaultPath(home, 'device'))).toThrow(expect.objectContaining({ code: 'vault.missing' }));
  });

  test('at a coordinator of another key than expected is refused', async () => {
    const { url } = await aCoordinator();
    await expect(enrol({ api: coordinatorApi(url), url, token, home: aHome(), name: 'a device', coordinatorKey: '00'.repeat(32) })).rejects.toMatchObject({ code: 'coordinator.key-changed' });
  });

  test('without a coordinator says that none answers', async () => {
    await expect(enrol({ api: coordinatorApi('http://127.0.0.1:1'), url: 'http://127.0.0.1:1', token, home: aHome(), name: 'a device' })).rejects.toMatchObject({ code: 'coordinator.unreachable' });
  });
});

describe('a session', () => {
  async function aDevice(): Promise<{ coordinator: SmallCoordinator; url: string; home: string }> {
    const { coordinator, url } = await aCoordinator();
    const home = aHome();
    await enrol({ api: coordinatorApi(url), url, token, home, name: 'a device' });
    return { coordinator, url, home };
  }

  test('greets with the runs that it knows, and its requests and answers cross in both directions', async () => {
    const { coordinator, url, home } = await aDevice();
    const hellos: MessageOf<'session:hello'>[] = [];
    const starts: unknown[] = [];
    coordinator.io.of('/device').on('connection', (socket) => {
      socket.on('session:hello', (message: MessageOf<'session:hello'>, answer: (value: unknown) => void) => {
        hellos.push(message);
        answer({ ok: true, deviceName: 'a device', runs: [{ run: 3, round: 9, stateMatches: true }] });
      });
      socket.on('round:report', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: false, error: toRefusal(new FleetError('round.closed', { field: 'round', problem: 'Round 7 is closed.' })) }));
      socket.on('ledger:tail', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: true, commits: [Uint8Array.of(1, 2, 3)], head: 8, checkpoint: null }));
    });
    const { session, heard } = connect({ url, home, handlers: { 'round:start': (message) => { starts.push(message); return { accepted: false, reason: 'busy' }; } } });
    await until(() => heard.welcomed === 1);
    expect(hellos[0]?.runs).toEqual([{ run: 3, round: 7, stateHash: new Uint8Array(32).fill(5) }]);

    const tail = await session.send('ledger:tail', { run: 3, from: 7 });
    expect(tail).toMatchObject({ head: 8, commits: [Uint8Array.of(1, 2, 3)] });
    await expect(session.send('round:report', { run: 3, round: 7, attempt: 0, stateHash: new Uint8Array(32), examples: 4, differences: Float32Array.of(0.5) }))
      .rejects.toMatchObject({ code: 'round.closed', field: 'round', problem: 'Round 7 is closed.' });

    const [socket] = [...coordinator.io.of('/device').sockets.values()];
    const start = { run: 3, round: 8, attempt: 0, group: 0, seeds: BigUint64Array.of(1n, 2n), deadlineMs: 1000 };
    expect(await socket?.timeout(2000).emitWithAck('round:start', start)).toEqual({ ok: true, accepted: false, reason: 'busy' });
    expect(starts).toEqual([start]);
  });

  test('counts every byte of the connection, over a loss too', async () => {
    const { coordinator, url, home } = await aDevice();
    coordinator.io.of('/device').on('connection', (socket) => {
      socket.on('session:hello', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: true, deviceName: 'a device', runs: [] }));
    });
    const websockets: { down: number; up: number }[] = [];
    coordinator.http.on('upgrade', (_request, socket) => socket.on('close', () => websockets.push({ down: Reflect.get(socket, 'bytesWritten') as number, up: Reflect.get(socket, 'bytesRead') as number })));
    const { session, heard } = connect({ url, home });
    await until(() => heard.welcomed === 1);
    coordinator.io.of('/device').disconnectSockets(true);
    await until(() => heard.welcomed === 2);
    session.close();
    await until(() => websockets.length === 2);
    const sum = websockets.reduce((total, one) => ({ down: total.down + one.down, up: total.up + one.up }));
    expect(session.bytes().up).toBe(sum.up);
    // What the server wrote at the very end may find nobody to read it any more.
    expect(session.bytes().down).toBeGreaterThan(300);
    expect(session.bytes().down).toBeLessThanOrEqual(sum.down);
  });

  test('told to come back it ends the connection, and is welcome when it comes then', async () => {
    const { coordinator, url, home } = await aDevice();
    const cameAtMs: number[] = [];
    let left = 0;
    coordinator.io.of('/device').on('connection', (socket) => {
      cameAtMs.push(performance.now());
      socket.on('disconnect', () => left++);
      socket.on('session:hello', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: true, deviceName: 'a device', runs: [], ...(cameAtMs.length === 1 ? { comeBackMs: 400 } : {}) }));
    });
    const { heard } = connect({ url, home });
    await until(() => heard.welcomed === 1);
    expect(heard).toMatchObject({ hellos: 2, lost: 0, refused: null });
    expect(left).toBe(1);
    expect((cameAtMs[1] as number) - (cameAtMs[0] as number)).toBeGreaterThanOrEqual(399);
  });

  test('a refusal that says when to try again arrives with that time', async () => {
    const { coordinator, url, home } = await aDevice();
    coordinator.io.of('/device').on('connection', (socket) => {
      socket.on('session:hello', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: true, deviceName: 'a device', runs: [] }));
      socket.on('round:report', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: false, error: toRefusal(new FleetError('intake.full', { problem: '3 reports wait to be saved.', retryAfterMs: 1_234 })) }));
    });
    const { session, heard } = connect({ url, home });
    await until(() => heard.welcomed === 1);
    const report = session.send('round:report', { run: 3, round: 7, attempt: 0, stateHash: new Uint8Array(32), examples: 8, differences: Float32Array.of(1) });
    await expect(report).rejects.toMatchObject({ code: 'intake.full', retryable: true, retryAfterMs: 1_234 });
  });

  test('comes back after the connection was lost and greets again', async () => {
    const { coordinator, url, home } = await aDevice();
    coordinator.io.of('/device').on('connection', (socket) => {
      socket.on('session:hello', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: true, deviceName: 'a device', runs: [] }));
    });
    const { heard } = connect({ url, home });
    for (let round = 1; round <= 2; round++) {
      await until(() => heard.welcomed === round);
      coordinator.io.of('/device').disconnectSockets(true);
      await until(() => heard.lost === round);
    }
    await until(() => heard.welcomed === 3);
    expect(heard.refused).toBeNull();
  });

  test('asks for a new credential when the old one is refused', async () => {
    const { coordinator, url, home } = await aDevice();
    coordinator.io.of('/device').on('connection', (socket) => {
      socket.on('session:hello', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: true, deviceName: 'a device', runs: [] }));
    });
    const { heard } = connect({ url, home });
    await until(() => heard.welcomed === 1);
    coordinator.credentialsGiven++;
    coordinator.io.of('/device').disconnectSockets(true);
    await until(() => heard.welcomed === 2);
    expect(coordinator.credentialsGiven).toBe(3);
  });

  test('ends for good when the device is revoked, whether at the door or inside', async () => {
    const { coordinator, url, home } = await aDevice();
    coordinator.io.of('/device').on('connection', (socket) => {
      socket.on('session:hello', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: true, deviceName: 'a device', runs: [] }));
    });
    const inside = connect({ url, home });
    await until(() => inside.heard.welcomed === 1);
    coordinator.io.of('/device').emit('session:refused', { error: toRefusal(new FleetError('device.revoked', { problem: 'The operator revoked this device.' })) });
    await until(() => inside.heard.refused !== null);
    expect(inside.heard.refused).toMatchObject({ code: 'device.revoked' });
    coordinator.revoked = true;
    const door = connect({ url, home });
    await until(() => door.heard.refused !== null);
    expect(door.heard.refused).toMatchObject({ code: 'device.revoked' });
    expect(door.heard.welcomed).toBe(0);
  });

  test('stays up after bytes that are no packet', async () => {
    const { coordinator, url, home } = await aDevice();
    coordinator.io.of('/device').on('connection', (socket) => {
      socket.on('session:hello', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: true, deviceName: 'a device', runs: [] }));
      socket.on('ledger:tail', (_message: unknown, answer: (value: unknown) => void) => answer({ ok: true, commits: [], head: 0, checkpoint: null }));
    });
    const { session, heard } = connect({ url, home });
    await until(() => heard.welcomed === 1);
    const [socket] = [...coordinator.io.of('/device').sockets.values()];
    socket?.conn.write(Buffer.from([255, 254, 253, 0, 1, 2]));
    await expect(session.send('ledger:tail', { run: 3, from: 0 })).resolves.toMatchObject({ head: 0 });
    expect(heard.lost).toBe(0);
  });

  test('renews a credential that is about to expire, and asks once for many at the same time', async () => {
    const { coordinator, url, home } = await aDevice();
    let nowMs = Date.now();
    const credentials = credentialsOf({
      api: coordinatorApi(url), device: readDeviceRecord(vaultPath(home, 'device')), keys: deviceKeysOf(home), surroundings: { ...surroundingsOfProcess(), nowMs: () => nowMs },
    });
    expect(await Promise.all([credentials.current(), credentials.current()])).toEqual(['credential-1', 'credential-1']);
    nowMs += coordinator.lifeMs * 0.7;
    expect(await credentials.current()).toBe('credential-1');
    nowMs += coordinator.lifeMs * 0.2;
    expect(await credentials.current()).toBe('credential-2');
  });
});
