import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@seedfleet/ledger';
import { type MessageOf } from '@seedfleet/protocol';
import pino from 'pino';
import { type Socket } from 'socket.io';
import { enrol } from './enrolment/enrol.js';
import { computeDefaults } from './preparation/compute-options.js';
import { coordinatorApi } from './session/coordinator-api.js';
import { type Status } from './status/status-file.js';
import { surroundingsOfProcess } from './surroundings-of-process.js';
import { ALiveRun } from './testing/a-live-run.fixture.js';
import { aSmallModel } from './testing/a-small-model.fixture.js';
import { SmallCoordinator, token } from './testing/small-coordinator.fixture.js';
import { vaultPath } from './vault/vault.js';
import { FleetWorker } from './worker.js';

type Answer = (value: unknown) => void;
type Report = MessageOf<'round:report'>;

/** A worker and the side of the coordinator that it sees. */
interface Member { worker: FleetWorker; coordinator: SmallCoordinator; home: string; socket: Socket; reports: Report[] }

const members: Member[] = [];

afterEach(async () => {
  for (const { worker, coordinator } of members.splice(0)) {
    await worker.stop();
    await coordinator.stop();
  }
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const statusOf = ({ home }: Member) => JSON.parse(readFileSync(vaultPath(home, 'status'), 'utf8')) as Status;

/** A device with data of its own, prepared for the run. */
async function joined(run: ALiveRun, { coordinator, model, precision }: { coordinator: SmallCoordinator; model: string; precision: 'fp32' | 'w8a8' }): Promise<Member> {
  const url = await coordinator.start();
  const folder = mkdtempSync(join(tmpdir(), `seedfleet-mixed-${precision}-`));
  const home = join(folder, 'home');
  await enrol({ api: coordinatorApi(url), url, token, home, name: precision });
  coordinator.documents.set('/api/v1/runs/1/manifest', run.signed);
  for (const { path } of run.manifest.manifest.model.files) coordinator.files.set(`/api/v1/runs/1/files?path=${path}`, new Uint8Array(readFileSync(join(model, path))));
  const reports: Report[] = [];
  let isPrepared = false;
  const connected = new Promise<Socket>((resolve) => coordinator.io.of('/device').on('connection', (socket) => {
    socket.on('session:hello', (_message: unknown, answer: Answer) => { answer({ ok: true, deviceName: precision, runs: [] }); resolve(socket); });
    socket.on('run:prepared', (_message: unknown, answer: Answer) => { isPrepared = true; answer({ ok: true, round: run.round }); });
    socket.on('round:report', (message: Report, answer: Answer) => { reports.push(message); answer({ ok: true, recorded: true }); });
  }));
  const path = join(folder, 'data.jsonl');
  writeFileSync(path, Array.from({ length: 40 }, (_, i) => JSON.stringify({ text: i % 2 === 0 ? 'very good film' : 'bad food', label: i % 2 === 0 ? 'positive' : 'negative' })).join('\n'));
  const worker = new FleetWorker({
    home, data: { path, format: 'jsonl', fields: { text: 'text', label: 'label' }, heldOutFraction: 0.25 }, compute: { ...computeDefaults, precision },
    version: 'test', surroundings: surroundingsOfProcess(), logger: pino({ level: 'silent' }),
  });
  const socket = await connected;
  await socket.timeout(5000).emitWithAck('run:assigned', { run: 1 });
  await until(() => isPrepared);
  const member = { worker, coordinator, home, socket, reports };
  members.push(member);
  return member;
}

test('devices of different precision take part in one run and hold the same state after every commit', async () => {
  const model = mkdtempSync(join(tmpdir(), 'seedfleet-mixed-model-'));
  const small = aSmallModel({ folder: model, early: true });
  const first = new SmallCoordinator();
  const run = new ALiveRun(first.privateKey, { model: small.model, adapter: small.adapter });
  const devices = [
    await joined(run, { coordinator: first, model, precision: 'fp32' }),
    await joined(run, { coordinator: new SmallCoordinator(first.privateKey), model, precision: 'w8a8' }),
  ];
  expect(devices.map((device) => readdirSync(join(vaultPath(device.home, 'runs'), '1', 'model')).filter((name) => name.endsWith('.json') && name.startsWith('training')))).toEqual([['training-2-fp32.json'], ['training-2-w8a8.json']]);

  for (let round = 0; round < 5; round++) {
    const before = run.stateHash;
    for (const { socket } of devices) {
      expect(await socket.timeout(5000).emitWithAck('round:start', { run: 1, round, attempt: 0, group: 0, seeds: run.seeds, deadlineMs: 60_000 })).toEqual({ ok: true, accepted: true });
    }
    await until(() => devices.every(({ reports }) => reports.length === round + 1));
    const reports = devices.map(({ reports: all }) => all[round] as Report);
    expect(reports.map(({ stateHash }) => toHex(stateHash))).toEqual([before, before]);
    const commit = run.commit(reports.map(({ differences }) => differences));
    for (const { socket } of devices) socket.emit('round:commit', { run: 1, commit: commit.bytes });
    await until(() => devices.every((device) => statusOf(device).runs[0]?.round === round + 1));
    expect(devices.map((device) => statusOf(device).runs[0]?.stateHash)).toEqual([run.stateHash, run.stateHash]);
  }

  expect(devices.map((device) => statusOf(device).runs[0]?.precision)).toEqual(['fp32', 'w8a8']);
  // The losses were computed in different numbers: that they agree in the state is no accident of equal reports.
  const [exact, rounded] = devices.map(({ reports }) => reports.flatMap(({ differences }) => [...differences]));
  expect(rounded).not.toEqual(exact);
}, 60_000);
