import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appEntry, enrolWorker, startCoordinator, startWorker, waitUntil, type Coordinator, type Worker } from '@seedfleet/example-sentiment';
import { decodeLog } from '@seedfleet/ledger';
import { type ResponseOf, type RunRequest } from '@seedfleet/protocol';
import { type DebianPostgres } from '../postgres/debian-postgres.js';
import { writeToyModel, type ToyModelOptions } from './toy-model.js';
import { writeToySentences } from './toy-sentences.js';

export type RunView = ResponseOf<'showRun'>;

/** What the tests of the fleet change of a run; the rest is the same for all. */
export interface ToyRunSettings {
  rounds: number;
  reportsMin?: number;
  cohort?: number;
  deadlineMs?: number;
  /** Default: none. */
  evaluationEveryRounds?: number;
  checkpointEveryRounds?: number;
  model?: ToyModelOptions;
}

/** What a fleet is started with instead of the plainest. */
export interface ToySurroundings {
  /** Default: the embedded database. */
  postgres?: DebianPostgres;
  /** Puts something between the devices and the port of the coordinator. @returns the address that devices enrol at and keep */
  doorOf?: (port: number) => Promise<string>;
  /** Default: `debug`, in which every acknowledged report is a line in the log of its worker: what the tests of durability count. */
  logLevel?: string;
  /** Default: the builds of this workspace. */
  build?: Build;
  /** Makes the home of `coordinator` or a device before anything is in it. */
  prepareHome?: (name: string, home: string) => Promise<void>;
  /** What a process is started with besides. */
  environmentOf?: (name: string) => Promise<Record<string, string>>;
}

/** The built entries of the two apps that a fleet runs. */
export interface Build {
  coordinator: string;
  worker: string;
}

/** A folder, a real coordinator and real workers on the toy model, all processes of their own. */
export class ToyFleet {
  readonly workers: Worker[] = [];
  /** What is started from now on. */
  build: Build;
  private constructor(readonly folder: string, public coordinator: Coordinator, readonly postgres: DebianPostgres | null, private readonly door: string, build: Build, private readonly surroundings: Pick<ToySurroundings, 'prepareHome' | 'environmentOf'>) {
    this.build = build;
  }

  static async start(workers: number, { postgres, doorOf, logLevel = 'debug', build = builtHere(), prepareHome, environmentOf }: ToySurroundings = {}): Promise<ToyFleet> {
    process.env['SEEDFLEET_LOG_LEVEL'] = logLevel;
    const folder = await mkdtemp(join(tmpdir(), 'seedfleet-fleet-'));
    const home = join(folder, 'coordinator');
    await prepareHome?.('coordinator', home);
    const coordinator = await startCoordinator({ home, env: await environmentOf?.('coordinator') ?? {}, ...entryOf(build), ...databaseOf(postgres) });
    const fleet = new ToyFleet(folder, coordinator, postgres ?? null, await doorOf?.(coordinator.port) ?? coordinator.url, build, { ...(prepareHome === undefined ? {} : { prepareHome }), ...(environmentOf === undefined ? {} : { environmentOf }) });
    for (let index = 0; index < workers; index++) await fleet.addWorker(`device-${index}`, { data: true });
    return fleet;
  }

  homeOf(name: string): string {
    return join(this.folder, name);
  }

  logOf(name: string): Promise<string> {
    return readFile(`${this.homeOf(name)}.log`, 'utf8');
  }

  /** @param lines  of its data file, instead of toy sentences */
  async addWorker(name: string, { data, lines }: { data: boolean; lines?: readonly string[] }): Promise<Worker> {
    const { token } = await this.coordinator.client.call('createEnrolmentToken', { body: { usesMax: 1 } });
    if (data) await this.writeData(name);
    if (lines !== undefined) await writeFile(this.dataOf(name), lines.join('\n'));
    await this.surroundings.prepareHome?.(name, this.homeOf(name));
    await enrolWorker({ home: this.homeOf(name), url: this.door, token, name, entry: this.build.worker, env: await this.environmentOf(name) });
    return this.startWorker(name, { data });
  }

  /** Toy sentences of its own for a device. */
  async writeData(name: string): Promise<void> {
    await writeToySentences({ path: this.dataOf(name), count: 200, seed: createHash('sha256').update(name).digest().readUInt32LE(0) });
  }

  /** Starts an enrolled worker (again). */
  async startWorker(name: string, { data = true, precision }: { data?: boolean; precision?: 'fp32' | 'w8a8' } = {}): Promise<Worker> {
    const worker = await startWorker({ home: this.homeOf(name), entry: this.build.worker, env: await this.environmentOf(name), ...(precision === undefined ? {} : { precision }), ...(data ? { data: { path: this.dataOf(name), textField: 'text', labelField: 'label', heldOutFraction: 0.2 } } : {}) });
    const index = this.workers.findIndex((known) => known.home === worker.home);
    if (index === -1) this.workers.push(worker);
    else this.workers[index] = worker;
    return worker;
  }

  async killCoordinator(): Promise<void> {
    await this.coordinator.kill('SIGKILL');
  }

  /** On its home and port, or on another home with the rest as it was. */
  async restartCoordinator({ home = this.coordinator.home } = {}): Promise<void> {
    this.coordinator = await startCoordinator({ home, port: this.coordinator.port, env: await this.environmentOf('coordinator'), ...entryOf(this.build), ...databaseOf(this.postgres) });
  }

  /** Registers the toy model and starts a run on all devices. @returns the number of the run */
  async startRun({ model: options, ...settings }: ToyRunSettings): Promise<number> {
    const model = await this.addToyModel(options);
    const { id } = await this.coordinator.client.call('createRun', { body: toyRun({ model, devices: this.workers.length, ...settings }) });
    return id;
  }

  async addToyModel(options?: ToyModelOptions): Promise<string> {
    return this.addModel(await this.writeModel(options));
  }

  /** @returns the folder of model.onnx and tokenizer.json */
  async writeModel(options?: ToyModelOptions): Promise<string> {
    const folder = join(this.folder, 'model');
    await writeToyModel(folder, options);
    return folder;
  }

  /** Uploads model.onnx and tokenizer.json of a folder. */
  async addModel(folder: string): Promise<string> {
    const { client } = this.coordinator;
    const files = await Promise.all((['model', 'tokenizer'] as const).map(async (role) => {
      const path = role === 'model' ? 'model.onnx' : 'tokenizer.json';
      const bytes = await readFile(join(folder, path));
      return { path, role, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
    }));
    const { id } = await client.call('createModel', { body: { name: 'toy', output: 'sentence_embedding', inputs: { ids: 'input_ids', mask: 'attention_mask' }, files } });
    for (const { path } of files) await client.uploadModelFile({ model: id, path, file: join(folder, path) });
    return id;
  }

  run(id: number): Promise<RunView> {
    return this.coordinator.client.call('showRun', { params: { id } });
  }

  /** Waits until a run has at least so many commits, or has ended. */
  async reached(id: number, round: number, timeoutMs = 60_000): Promise<RunView> {
    return waitUntil({ what: `round ${round} of run ${id}`, timeoutMs, everyMs: 50 }, async () => {
      const run = await this.run(id);
      if (run.state === 'failed' || run.state === 'cancelled') throw new Error(`Run ${id} is ${run.state}: ${run.cause ?? 'no cause'}`);
      return run.round >= round ? run : null;
    });
  }

  async ended(id: number, timeoutMs = 120_000): Promise<RunView> {
    return waitUntil({ what: `the end of run ${id}`, timeoutMs, everyMs: 50 }, async () => {
      const run = await this.run(id);
      return ['completed', 'failed', 'cancelled'].includes(run.state) ? run : null;
    });
  }

  /** The log of a run as the coordinator serves it: the bytes of its commits. */
  async log(id: number): Promise<Uint8Array[]> {
    return decodeLog(await this.coordinator.client.bytes('downloadLog', { params: { id } }));
  }

  /** Waits until a worker holds the state of a run after `round` commits. @returns its state hash */
  async workerReached(name: string, { run, round, timeoutMs = 60_000 }: { run: number; round: number; timeoutMs?: number }): Promise<string> {
    return waitUntil({ what: `${name} to reach round ${round}`, timeoutMs, everyMs: 50 }, async () => {
      const status = await this.worker(name).status();
      const found = status?.runs.find((candidate) => candidate.run === run);
      return found !== undefined && found.round >= round ? found.stateHash : null;
    });
  }

  worker(name: string): Worker {
    const worker = this.workers.find((candidate) => candidate.home === this.homeOf(name));
    if (worker === undefined) throw new Error(`There is no worker ${name}.`);
    return worker;
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.running() ? worker.stop() : undefined));
    if (this.coordinator.running()) await this.coordinator.stop();
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async environmentOf(name: string): Promise<Record<string, string>> {
    return await this.surroundings.environmentOf?.(name) ?? {};
  }

  private dataOf(name: string): string {
    return join(this.folder, 'data', `${name}.jsonl`);
  }
}

/** The builds of this workspace. */
export const builtHere = (): Build => ({ coordinator: appEntry('coordinator'), worker: appEntry('worker') });

/** Answers of another version's coordinator may lack what ours has. */
const entryOf = ({ coordinator: entry }: Build) => ({ entry, answers: entry === appEntry('coordinator') ? 'checked' : 'as they are' } as const);

const databaseOf = (postgres: DebianPostgres | null | undefined) => postgres ? { databaseUrl: postgres.url } : {};

type ToyPolicy = Omit<ToyRunSettings, 'model'> & { model: string; devices: number };

function toyRun({ model, devices, rounds, reportsMin = 1, cohort = devices, deadlineMs = 5_000, evaluationEveryRounds = 0, checkpointEveryRounds = 10 }: ToyPolicy): RunRequest {
  return {
    name: 'toy', model,
    task: { type: 'classification', labels: ['early', 'late'], tokensMax: 16 },
    adapter: { rank: 2, alpha: 4, sites: 'dense', scale: 1, headScale: 3 },
    estimator: { type: 'leave-one-out', queries: 4, eps: 1e-2, distribution: 'rademacher', groups: 1, batchExamples: 8 },
    stepRule: { type: 'normalised', learningRate: 3e-2, schedule: 'constant' },
    policy: { roundsMax: rounds, cohort, overSelection: 1, reportsMin, deadlineMs, evaluationEveryRounds, checkpointEveryRounds, attemptsMax: 1_000 },
    start: true,
  };
}
