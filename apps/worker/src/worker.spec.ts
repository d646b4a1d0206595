import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, toHex, type Manifest, type SignedCommit } from '@seedfleet/ledger';
import { aManifest } from '@seedfleet/ledger/testing';
import { deriveSeeds } from '@seedfleet/numerics';
import { type MessageOf } from '@seedfleet/protocol';
import pino from 'pino';
import { type Socket } from 'socket.io';
import { enrol } from './enrolment/enrol.js';
import { computeDefaults } from './preparation/compute-options.js';
import { coordinatorApi } from './session/coordinator-api.js';
import { type Status } from './status/status-file.js';
import { surroundingsOfProcess } from './surroundings-of-process.js';
import { aLog, type ALog } from './testing/a-log.fixture.js';
import { aSmallModel } from './testing/a-small-model.fixture.js';
import { SmallCoordinator, token } from './testing/small-coordinator.fixture.js';
import { initialPolicy, writePolicy, type DevicePolicy } from './vault/policy.js';
import { vaultPath } from './vault/vault.js';
import { FleetWorker } from './worker.js';

type Answer = (value: unknown) => void;
type Prepared = Extract<MessageOf<'run:prepared'>, { stateHash: Uint8Array }>;

let coordinator: SmallCoordinator;
let url: string;
let home: string;
let log: ALog;
let prepared: Prepared[];
let reports: MessageOf<'round:report'>[];
let socket: Socket | null;
/** Commits that the coordinator gives away. */
let published: SignedCommit[];
const workers: FleetWorker[] = [];

beforeEach(async () => {
  coordinator = new SmallCoordinator();
  url = await coordinator.start();
  home = join(mkdtempSync(join(tmpdir(), 'seedfleet-worker-')), 'home');
  await enrol({ api: coordinatorApi(url), url, token, home, name: 'a device' });
  [prepared, reports, published, socket] = [[], [], [], null];
  coordinator.io.of('/device').on('connection', (connected) => {
    socket = connected;
    connected.on('session:hello', ({ runs }: MessageOf<'session:hello'>, answer: Answer) => answer({
      ok: true, deviceName: 'a device',
      runs: runs.map(({ run, round, stateHash }) => ({ run, round: published.length, stateMatches: toHex(stateHash) === log.stateHashes[round] })),
    }));
    connected.on('run:prepared', (message: Prepared, answer: Answer) => { prepared.push(message); answer({ ok: true, round: published.length }); });
    connected.on('round:report', (message: MessageOf<'round:report'>, answer: Answer) => { reports.push(message); answer({ ok: true, recorded: true }); });
    connected.on('ledger:tail', ({ from }: MessageOf<'ledger:tail'>, answer: Answer) => answer({
      ok: true, commits: published.slice(from, from + 4).map(({ bytes }) => bytes), head: published.length, checkpoint: null,
    }));
  });
});

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await coordinator.stop();
});

function useLog(options: Partial<Parameters<typeof aLog>[0]> = {}): void {
  log = aLog({ commits: 12, privateKey: coordinator.privateKey, ...options });
  coordinator.documents.set('/api/v1/runs/1/manifest', log.signed);
}

function start(options: Partial<ConstructorParameters<typeof FleetWorker>[0]> = {}): FleetWorker {
  const worker = new FleetWorker({ home, data: null, compute: computeDefaults, version: 'test', surroundings: surroundingsOfProcess(), logger: pino({ level: 'silent' }), ...options });
  workers.push(worker);
  return worker;
}

const status = () => JSON.parse(readFileSync(vaultPath(home, 'status'), 'utf8')) as Status;
const roundOfStatus = () => status().runs[0]?.round ?? -1;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function ask(event: string, message: unknown): Promise<unknown> {
  await until(() => socket !== null && status().state === 'connected');
  return socket?.timeout(5000).emitWithAck(event, message);
}

function startOf(round: number, change: Partial<MessageOf<'round:start'>> = {}): MessageOf<'round:start'> {
  const { manifest, hash } = log.manifest;
  const seeds = deriveSeeds({ manifestHash: hash, previousHash: log.commits[round - 1]?.hash ?? hash, attempt: 0, groups: [0], queries: manifest.estimator.queries });
  return { run: 1, round, attempt: 0, group: 0, seeds, deadlineMs: 10_000, ...change };
}

describe('a worker without data', () => {
  test('joins, replays the log page by page, follows it, and takes part in no round', async () => {
    useLog();
    published = log.commits.slice(0, 10);
    start();
    expect(await ask('run:assigned', { run: 1 })).toEqual({ ok: true, accepted: true });
    await until(() => roundOfStatus() === 10);
    expect(status().runs[0]?.stateHash).toBe(log.stateHashes[10]);
    expect(status().catchUp).toMatchObject({ rounds: 10, by: 'log' });
    await until(() => prepared.some(({ round }) => round === 10));
    expect(prepared.at(-1)).toMatchObject({ trainExamples: 0, heldOutExamples: 0, stateHash: fromHex(log.stateHashes[10] ?? '') });

    expect(await ask('round:start', startOf(10))).toEqual({ ok: true, accepted: false, reason: 'no-data' });
    published = log.commits.slice(0, 11);
    socket?.emit('round:commit', { run: 1, commit: log.commits[10]?.bytes });
    await until(() => roundOfStatus() === 11);
    expect(status().runs[0]?.stateHash).toBe(log.stateHashes[11]);
  });

  test('goes on where it was after a restart, and keeps its state when the run ends', async () => {
    useLog();
    published = log.commits.slice(0, 6);
    const first = start();
    await ask('run:assigned', { run: 1 });
    await until(() => roundOfStatus() === 6);
    await first.stop();
    published = log.commits;
    start();
    await until(() => roundOfStatus() === 12);
    expect(status().catchUp?.rounds).toBe(6);
    socket?.emit('run:ended', { run: 1, state: 'completed', cause: 'rounds-done' });
    await until(() => status().runs[0]?.state === 'finished');
    expect(status().runs[0]?.stateHash).toBe(log.stateHashes[12]);
  });

  test('takes no commit that another key signed', async () => {
    useLog();
    published = log.commits.slice(0, 3);
    start();
    await ask('run:assigned', { run: 1 });
    await until(() => roundOfStatus() === 3);
    const forged = log.commits[3]?.bytes.slice() ?? new Uint8Array();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    socket?.emit('round:commit', { run: 1, commit: forged });
    published = log.commits.slice(0, 5);
    socket?.emit('round:commit', { run: 1, commit: log.commits[4]?.bytes });
    await until(() => roundOfStatus() === 5);
    expect(status().runs[0]?.stateHash).toBe(log.stateHashes[5]);
  });

  test('refuses a manifest that the pinned coordinator did not sign', async () => {
    useLog();
    coordinator.documents.set('/api/v1/runs/1/manifest', aLog({ commits: 0 }).signed);
    start();
    expect(await ask('run:assigned', { run: 1 })).toMatchObject({ ok: false, error: { code: 'manifest.signature' } });
  });

  test('refuses a run that its owner does not allow, and says which field of the policy forbids it', async () => {
    useLog();
    writePolicy(vaultPath(home, 'policy'), { ...initialPolicy, models: ['another model'] });
    start();
    expect(await ask('run:assigned', { run: 1 })).toEqual({ ok: true, accepted: false, reason: expect.stringMatching(/model/) });
  });

  test('refuses starts of runs that it has no part in', async () => {
    useLog();
    start();
    expect(await ask('round:start', startOf(0, { run: 9 }))).toMatchObject({ ok: false, error: { code: 'run.unknown', field: 'run' } });
  });
});

describe('a worker with data', () => {
  async function startWithData(policy: Partial<DevicePolicy> = {}, change: Partial<Manifest> = {}): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'seedfleet-worker-data-'));
    const small = aSmallModel({ folder });
    for (const { path } of small.model.files) coordinator.files.set(`/api/v1/runs/1/files?path=${path}`, new Uint8Array(readFileSync(join(folder, path))));
    useLog({ change: { model: small.model, adapter: small.adapter, ...change } });
    const path = join(folder, 'data.jsonl');
    writeFileSync(path, Array.from({ length: 50 }, (_, i) => JSON.stringify({ text: i % 2 === 0 ? 'very good film' : 'bad food', label: i % 2 === 0 ? 'positive' : 'negative' })).join('\n'));
    writePolicy(vaultPath(home, 'policy'), { ...initialPolicy, ...policy });
    start({ data: { path, format: 'jsonl', fields: { text: 'text', label: 'label' }, heldOutFraction: 0.2 } });
    await ask('run:assigned', { run: 1 });
    await until(() => prepared.length > 0);
  }

  test('evaluates a round on the seeds that it derived itself, and reports q differences of the right state', async () => {
    await startWithData();
    expect(prepared[0]).toMatchObject({ round: 0, trainExamples: 40, heldOutExamples: 10 });
    expect(await ask('round:start', startOf(0))).toEqual({ ok: true, accepted: true });
    await until(() => reports.length === 1);
    expect(reports[0]).toMatchObject({ run: 1, round: 0, attempt: 0, examples: 8, stateHash: fromHex(log.stateHashes[0] ?? '') });
    expect(reports[0]?.differences.length).toBe(log.manifest.manifest.estimator.queries);
    expect([...reports[0]?.differences ?? []].every(Number.isFinite)).toBe(true);
  });

  test('declines seeds that the coordinator chose', async () => {
    await startWithData();
    const chosen = startOf(0).seeds.map((seed) => seed ^ 1n);
    expect(await ask('round:start', startOf(0, { seeds: chosen }))).toMatchObject({ ok: true, accepted: false });
    expect(await ask('round:start', startOf(0))).toEqual({ ok: true, accepted: true });
  });

  test('pays for attempts that are abandoned, and declines when the budget of the day is spent', async () => {
    await startWithData({ roundsPerDay: 2 });
    for (const attempt of [0, 1]) {
      const { hash, manifest } = log.manifest;
      const seeds = deriveSeeds({ manifestHash: hash, previousHash: hash, attempt, groups: [0], queries: manifest.estimator.queries });
      expect(await ask('round:start', startOf(0, { attempt, seeds }))).toEqual({ ok: true, accepted: true });
      await until(() => reports.length === attempt + 1);
    }
    const seeds = deriveSeeds({ manifestHash: log.manifest.hash, previousHash: log.manifest.hash, attempt: 2, groups: [0], queries: log.manifest.manifest.estimator.queries });
    expect(await ask('round:start', startOf(0, { attempt: 2, seeds }))).toEqual({ ok: true, accepted: false, reason: 'budget' });
    // Each attempt saw a batch of its own: on one state the same batch would have answered alike for alike seeds only.
    expect(JSON.parse(readFileSync(join(vaultPath(home, 'runs'), '1', 'batches.json'), 'utf8'))).toEqual({ batches: 2 });
  });

  test('evaluates its held-out examples when asked', async () => {
    await startWithData();
    const evaluated = new Promise<MessageOf<'evaluation:report'>>((resolve) => socket?.on('evaluation:report', (message: MessageOf<'evaluation:report'>, answer: Answer) => { answer({ ok: true, recorded: true }); resolve(message); }));
    expect(await ask('evaluation:start', { run: 1, round: 0, deadlineMs: 10_000 })).toEqual({ ok: true, accepted: true });
    const { count, lossSum, correct, perClass } = await evaluated;
    expect(count).toBe(10);
    // Equal logits: the first class is said of all.
    expect(perClass?.predicted).toEqual([10, 0]);
    expect(perClass?.correct).toEqual([correct, 0]);
    expect(perClass?.actual).toEqual([correct, 10 - correct]);
    expect(lossSum / count).toBeCloseTo(Math.LN2, 5);
  });

  test.each([['its policy', { evaluationExamplesMin: 11 }, {}], ['the run', {}, { policy: { ...aManifest({ coordinatorPrivateKey: new Uint8Array(32) }).policy, heldOutMin: 11 } }]])('declines evaluations with fewer held-out examples than %s asks for, and takes part in rounds', async (_, policy, change) => {
    await startWithData(policy, change);
    expect(prepared[0]).toMatchObject({ trainExamples: 40, heldOutExamples: 0 });
    expect(await ask('evaluation:start', { run: 1, round: 0, deadlineMs: 10_000 })).toEqual({ ok: true, accepted: false, reason: expect.any(String) });
    expect(await ask('round:start', startOf(0))).toEqual({ ok: true, accepted: true });
    expect(status().runs[0]).toMatchObject({ heldOutExamples: 10, evaluates: false });
  });

  test('says in its status what a step costs, and to the coordinator at the next connection, also of another process', async () => {
    const hellos: MessageOf<'session:hello'>[] = [];
    coordinator.io.of('/device').on('connection', (connected) => connected.on('session:hello', (message: MessageOf<'session:hello'>) => hellos.push(message)));
    await startWithData();
    await until(() => status().runs[0]?.forwardMs !== null);
    const { forwardMs, peakMegabytes } = status().runs[0] ?? {};
    expect(hellos[0]?.capabilities).not.toHaveProperty('forwardMs');
    await workers[0]?.stop();
    start();
    const ofNext = () => hellos.find(({ instance }) => instance !== hellos[0]?.instance);
    await until(() => ofNext() !== undefined);
    expect(ofNext()?.capabilities).toMatchObject({ forwardMs, peakMegabytes });
  });

  test('removes the activations of its texts when it leaves a run', async () => {
    await startWithData();
    const run = join(vaultPath(home, 'runs'), '1');
    expect(readdirSync(join(run, 'activations'), { recursive: true }).some((name) => String(name).endsWith('.activations'))).toBe(true);
    await workers[0]?.stop();
    const broken = join(mkdtempSync(join(tmpdir(), 'seedfleet-worker-data-')), 'broken.jsonl');
    writeFileSync(broken, '{"text": ');
    start({ data: { path: broken, format: 'jsonl', fields: { text: 'text', label: 'label' }, heldOutFraction: 0.2 } });
    await until(() => status().runs[0]?.state === 'left');
    await until(() => !existsSync(join(run, 'activations')));
    expect(existsSync(join(run, 'model', 'model.onnx'))).toBe(true);
  });

  test('closes its engine and saves its state when it is stopped in the middle of a round', async () => {
    await startWithData();
    await ask('round:start', startOf(0));
    const [worker] = workers;
    await worker?.stop();
    expect(await worker?.stopped).toBeNull();
    expect(status().state).toBe('stopped');
  });
});
