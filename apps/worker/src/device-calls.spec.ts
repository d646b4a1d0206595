import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicKeyOf, toHex } from '@seedfleet/ledger';
import { parseAck, type AckOf, type AnswerOf, type DeviceEvent, type EventsFrom, type MessageOf } from '@seedfleet/protocol';
import pino from 'pino';
import { type Socket } from 'socket.io';
import { enrol } from './enrolment/enrol.js';
import { computeDefaults } from './preparation/compute-options.js';
import { coordinatorApi } from './session/coordinator-api.js';
import { type Status } from './status/status-file.js';
import { surroundingsOfProcess } from './surroundings-of-process.js';
import { aLog, type ALog } from './testing/a-log.fixture.js';
import { SmallCoordinator, token } from './testing/small-coordinator.fixture.js';
import { initialPolicy, writePolicy } from './vault/policy.js';
import { vaultPath } from './vault/vault.js';
import { FleetWorker } from './worker.js';

const secret = 'a sentence that nobody else may read';
let coordinator: SmallCoordinator;
let url: string;
let home: string;
let dataPath: string;
let log: ALog;
let hellos: MessageOf<'session:hello'>[];
let socket: Socket | null;
let worker: FleetWorker | null;

beforeEach(async () => {
  coordinator = new SmallCoordinator();
  url = await coordinator.start();
  const folder = mkdtempSync(join(tmpdir(), 'seedfleet-calls-'));
  home = join(folder, 'home');
  dataPath = join(folder, 'a-telling-name.jsonl');
  [hellos, socket, worker] = [[], null, null];
  await enrol({ api: coordinatorApi(url), url, token, home, name: 'a device' });
  log = aLog({ commits: 4, privateKey: coordinator.privateKey });
  coordinator.documents.set('/api/v1/runs/1/manifest', log.signed);
  coordinator.documents.set('//version', {});
  coordinator.io.of('/device').on('connection', (connected) => {
    socket = connected;
    connected.on('session:hello', (message: MessageOf<'session:hello'>, answer: (value: unknown) => void) => {
      hellos.push(message);
      answer({ ok: true, deviceName: 'a device', runs: message.runs.map(({ run, round, stateHash }) => ({ run, round: 4, stateMatches: toHex(stateHash) === log.stateHashes[round] })) });
    });
    connected.on('run:prepared', (_: unknown, answer: (value: unknown) => void) => answer({ ok: true, round: 4 }));
    connected.on('ledger:tail', ({ from }: MessageOf<'ledger:tail'>, answer: (value: unknown) => void) => answer({ ok: true, commits: log.commits.slice(from).map(({ bytes }) => bytes), head: 4, checkpoint: null }));
  });
});

afterEach(async () => {
  await worker?.stop();
  await coordinator.stop();
});

/** @param lines of its data file; null: it has none, and follows the log */
function start({ lines = ['{"text":"a","label":"x"}', '{"text":"b","label":"y"}'] }: { lines?: string[] | null } = {}): void {
  writeFileSync(dataPath, (lines ?? []).join('\n'));
  worker = new FleetWorker({
    home, data: lines === null ? null : { path: dataPath, format: 'jsonl', fields: { text: 'text', label: 'label' }, heldOutFraction: 0, declared: { name: 'reviews', tags: ['english'] } },
    compute: computeDefaults, version: 'test', surroundings: surroundingsOfProcess(), logger: pino({ level: 'silent' }),
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
const status = () => JSON.parse(readFileSync(vaultPath(home, 'status'), 'utf8')) as Status;

async function ask<E extends DeviceEvent & EventsFrom<'coordinator'>>(event: E, message: MessageOf<E>): Promise<AckOf<E>> {
  await until(() => socket?.connected === true && status().state === 'connected');
  const answer: AnswerOf<E> = parseAck(event, await socket?.timeout(5_000).emitWithAck(event, message));
  if (!answer.ok) throw new Error(answer.error.code);
  return answer;
}

test('a device states its policy and its data: names, counts and fields, and nothing of the rows or the path', async () => {
  writePolicy(vaultPath(home, 'policy'), { ...initialPolicy, roundsPerDay: 2 ** 40, models: ['x'.repeat(300)] });
  start({ lines: [JSON.stringify({ text: secret, label: `${secret} too` })] });
  await until(() => hellos.at(-1)?.statement?.datasets[0]?.examples === 1);
  const hello = hellos.at(-1);
  expect(hello?.instance).toMatch(/^[0-9a-f]{16}$/);
  expect(hello?.statement).toMatchObject({
    policy: { tasks: null, models: ['x'.repeat(100)], roundsPerDay: 4_294_967_295, hours: null, precision: 'run', sharesPaths: false },
    datasets: [{ name: 'reviews', tags: ['english'], format: 'jsonl', examples: 1, labels: 1, fields: [{ name: 'text', holds: 'text' }, { name: 'label', holds: 'label' }], tasks: ['classification', 'verbalizer', 'language'] }],
  });
  for (const word of [secret, 'a-telling-name', home]) expect(JSON.stringify(hellos)).not.toContain(word);
});

test('a device answers a ping, and its log tells what happened without a word of text', async () => {
  start({ lines: [`{"text":"${secret}"`] });
  await ask('device:ping', {});
  await until(() => status().state === 'connected');
  const { entries } = await ask('device:log', { after: 0, limit: 100 });
  expect(entries.map(({ code }) => code)).toEqual(expect.arrayContaining(['worker.started', 'session.connected']));
  expect(JSON.stringify(entries)).not.toContain(secret);
  const last = entries.at(-1)?.sequence ?? 0;
  expect((await ask('device:log', { after: last, limit: 100 })).entries.filter(({ sequence }) => sequence <= last)).toEqual([]);
});

test.each([[false, 'stays on the device'], [true, 'is told where its owner lets paths out']])('with sharesPaths %s, what the doctor says in words %s', async (sharesPaths) => {
  writePolicy(vaultPath(home, 'policy'), { ...initialPolicy, sharesPaths });
  start({ lines: [`{"text":"${secret}"`] });
  const { findings } = await ask('device:doctor', {});
  expect(findings.find(({ check }) => check === 'engine')).toMatchObject({ result: 'passed', detail: 'rewrites and runs a small graph' });
  const data = findings.find(({ check }) => check === 'data');
  expect(data).toMatchObject({ result: 'failed', code: expect.stringMatching(/^dataset\./) });
  expect(data?.problem !== undefined).toBe(sharesPaths);
  expect(JSON.stringify(findings).includes(home)).toBe(sharesPaths);
  expect(JSON.stringify(findings)).not.toContain(secret);
}, 20_000);

test('a resync compares every run, and only a state that differs begins anew', async () => {
  start({ lines: null });
  await ask('run:assigned', { run: 1 });
  await until(() => status().runs[0]?.round === 4);
  expect(await ask('device:resync', {})).toEqual({ ok: true, runs: [{ run: 1, round: 4, head: 4, stateMatches: true }] });
  const [right] = log.stateHashes.splice(4, 1, 'another');
  expect(await ask('device:resync', {})).toMatchObject({ runs: [{ round: 4, stateMatches: false }] });
  log.stateHashes.splice(4, 1, right ?? '');
  await until(() => status().runs[0]?.round === 4);
  await until(() => socket?.connected === true);
  expect(await ask('device:resync', {})).toMatchObject({ runs: [{ run: 1, stateMatches: true }] });
});

test('a device that is asked for another key comes back by itself under that key', async () => {
  start();
  const before = toHex(coordinator.publicKey ?? new Uint8Array());
  await ask('device:ping', {});
  const first = socket;
  expect(await ask('device:rotate-key', {})).toEqual({ ok: true, accepted: true });
  await until(() => socket !== first && socket?.connected === true && status().state === 'connected');
  expect(toHex(coordinator.publicKey ?? new Uint8Array())).not.toBe(before);
  expect(toHex(publicKeyOf(readFileSync(vaultPath(home, 'key'))))).toBe(toHex(coordinator.publicKey ?? new Uint8Array()));
  expect((await ask('device:log', { after: 0, limit: 100 })).entries.map(({ code }) => code)).toContain('device.key-rotated');
});
