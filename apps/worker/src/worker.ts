import { cpus, totalmem } from 'node:os';
import { FleetError } from '@seedfleet/errors';
import { toHex, verifyManifest, type VerifiedManifest } from '@seedfleet/ledger';
import { protocolVersion, signedManifestSchema, type AckOf, type MessageOf } from '@seedfleet/protocol';
import { type DeclineReason } from '@seedfleet/rounds';
import { type Logger } from 'pino';
import { deviceCalls } from './device-calls.js';
import { countsOf } from './doctor/data-check.js';
import { diagnose } from './doctor/doctor.js';
import { Bench } from './evaluation/bench.js';
import { DeviceLog } from './log/device-log.js';
import { recordingLogger } from './log/recording-logger.js';
import { Participation } from './participation/participation.js';
import { Replica } from './participation/replica.js';
import { computeOf, type ComputeOptions } from './preparation/compute-options.js';
import { type DataSource } from './preparation/data-source.js';
import { prepareRun } from './preparation/prepare-run.js';
import { coordinatorApi } from './session/coordinator-api.js';
import { credentialsOf, type Credentials } from './session/credential.js';
import { openSession, type Session } from './session/session.js';
import { statementOf, type DataCounts } from './status/statement.js';
import { peakMegabytes, writeStatus, type Status } from './status/status-file.js';
import { type Surroundings } from './surroundings.js';
import { systemCodeOf } from './vault/atomic-file.js';
import { type DeviceKeys } from './vault/device-keys.js';
import { isAllowedHour, requireAllowed } from './vault/policy.js';
import { openVault, vaultPath, type Vault } from './vault/vault.js';

export interface WorkerOptions {
  home: string;
  /** null: this worker follows the log and takes part in no round. */
  data: DataSource | null;
  compute: ComputeOptions;
  version: string;
  surroundings: Surroundings;
  logger: Logger;
}

/** The agent on one device: its vault, its session, its part in every run. */
export class FleetWorker {
  /** Settles when the worker has stopped: null after `stop`, the refusal if the coordinator will not have this device. */
  readonly stopped: Promise<FleetError | null>;
  private readonly vault: Vault;
  private readonly credentials: Credentials;
  private readonly api: ReturnType<typeof coordinatorApi>;
  private readonly session: Session;
  private readonly participations = new Map<number, Participation>();
  /** Runs whose manifest is being fetched: a second assignment waits for the first. */
  private readonly joining = new Map<number, Promise<Participation | null>>();
  private readonly abort = new AbortController();
  private settle: (refusal: FleetError | null) => void = () => undefined;
  private stopping: Promise<void> | null = null;
  /** Tells this process from another one with the same key: the coordinator notices when two take turns. */
  private readonly instance: string;
  private readonly log: DeviceLog;
  /** Every line that has a code is recorded in `log` beside it. */
  private readonly logger: Logger;
  private counts: DataCounts | null = null;
  private state: Status['state'] = 'connecting';
  private problem: Status['problem'] = null;

  /** @throws FleetError `vault.*`, `policy.invalid` */
  constructor(private readonly options: WorkerOptions) {
    const { home, surroundings } = options;
    this.stopped = new Promise((resolve) => { this.settle = resolve; });
    this.vault = openVault(home);
    this.instance = toHex(surroundings.randomBytes(8));
    this.log = new DeviceLog(vaultPath(home, 'log'), () => surroundings.nowMs());
    this.logger = recordingLogger(options.logger, this.log);
    this.log.record('info', 'worker.started');
    const { device, keys } = this.vault;
    this.api = coordinatorApi(device.url, this.abort.signal);
    this.credentials = credentialsOf({ api: this.api, device, keys: noting(keys, () => this.log.record('info', 'device.key-rotated')), surroundings });
    for (const run of this.vault.runs()) this.resume(run);
    this.session = openSession({
      url: device.url, credentials: this.credentials, surroundings, logger: this.logger,
      owner: {
        hello: () => this.hello(),
        welcomed: (ack) => this.welcomed(ack),
        lost: () => this.lost(),
        refused: (error) => this.refused(error),
        handlers: {
          'run:assigned': (message) => this.assigned(message),
          'round:start': (message) => this.require(message.run).started(message),
          'round:commit': (message) => this.participations.get(message.run)?.committed(message),
          'evaluation:start': (message) => this.require(message.run).evaluationStarted(message),
          'run:ended': (message) => this.participations.get(message.run)?.ended(message.state),
          ...deviceCalls({ vault: this.vault, log: this.log, surroundings, session: () => this.session, followed: () => this.followed(), diagnose: () => this.diagnose() }),
        },
      },
    });
    this.report();
    void this.count();
  }

  /** Lets the engine end its pass, saves the states, and lets go of everything. */
  stop(): Promise<void> {
    this.stopping ??= this.close().then(() => this.settle(null));
    return this.stopping;
  }

  private async close(): Promise<void> {
    this.session.close();
    this.abort.abort();
    await Promise.allSettled(this.joining.values());
    await Promise.allSettled([...this.participations.values()].map((participation) => participation.close()));
    if (this.state !== 'refused') this.state = 'stopped';
    this.log.record('info', 'worker.stopped');
    try {
      this.report();
    } finally {
      this.vault.close();
    }
  }

  private hello(): MessageOf<'session:hello'> {
    const { compute: { threads }, version } = this.options;
    const followed = this.followed();
    const measurement = followed.map((participation) => participation.measurement).findLast((measured) => measured !== null);
    return {
      protocol: protocolVersion, workerVersion: version,
      capabilities: { threads: Math.min(threads, cpus().length || threads), memoryMegabytes: Math.round(totalmem() / 2 ** 20), platform: `${process.platform}-${process.arch}`, ...measurement },
      runs: followed.map((participation) => participation.describe()),
      instance: this.instance,
      ...this.statement(),
    };
  }

  /** Policy and data of this device as operators see them. */
  private statement(): Pick<MessageOf<'session:hello'>, 'statement'> {
    const { compute, data } = this.options;
    const statement = statementOf({ policy: this.vault.policy, compute, data, counts: this.counts, lastError: this.log.lastError() });
    return statement === null ? {} : { statement };
  }

  /** Counts the examples once, beside everything else; a device that is connected by then says hello again with the counts. */
  private async count(): Promise<void> {
    const { data } = this.options;
    if (data === null) return;
    try {
      this.counts = await countsOf(data);
      this.log.record('info', 'data.counted', { examples: this.counts.examples });
      if (this.session.isConnected()) await this.session.greetAgain();
    } catch (error) {
      if (this.stopping !== null) return;
      const known = error instanceof FleetError ? error : new FleetError('internal.failure', { problem: 'The examples could not be counted.', cause: error });
      if (known.code !== 'coordinator.unreachable') this.logger.warn({ code: known.code, fix: known.fix }, known.problem);
    }
  }

  private diagnose(): ReturnType<typeof diagnose> {
    const { home, data, compute, surroundings } = this.options;
    return diagnose({ home, data, compute, nodeVersion: process.version, surroundings });
  }

  private welcomed(ack: AckOf<'session:hello'>): void {
    this.state = 'connected';
    this.problem = null;
    this.logger.info({ event: 'session.connected', name: ack.deviceName, runs: ack.runs.length }, 'connected');
    for (const participation of this.followed()) {
      const head = ack.runs.find(({ run }) => run === participation.run);
      if (head === undefined) this.logger.warn({ run: participation.run }, 'the coordinator does not know this run of ours');
      else participation.connected({ headRound: head.round, stateMatches: head.stateMatches });
    }
    this.tryReport();
  }

  private lost(): void {
    this.state = 'connecting';
    this.log.record('warn', 'session.lost');
    for (const participation of this.followed()) participation.disconnected();
    this.tryReport();
  }

  private refused(error: FleetError): void {
    this.state = 'refused';
    this.problem = { code: error.code, problem: error.problem, fix: error.fix };
    this.log.record('error', error.code);
    this.log.record('warn', 'session.refused');
    this.stopping ??= this.close().then(() => this.settle(error));
  }

  /** Ends this process: what it holds in memory may be ahead of what is on disk, and the next one begins with the disk. */
  private broken(error: unknown): void {
    const code = systemCodeOf(error);
    const known = error instanceof FleetError ? error
      : code === null ? new FleetError('internal.failure', { problem: `Something failed that was not foreseen: ${error instanceof Error ? error.message : String(error)}.`, cause: error })
        : new FleetError('vault.unwritable', { problem: `Writing below ${this.options.home} failed (${code}).`, cause: error });
    this.logger.fatal({ code: known.code, fix: known.fix, stack: error instanceof Error ? error.stack : undefined }, known.problem);
    this.problem = { code: known.code, problem: known.problem, fix: known.fix };
    this.stopping ??= this.close().catch(() => undefined).then(() => this.settle(known));
  }

  private async assigned({ run }: MessageOf<'run:assigned'>): Promise<AckOf<'run:assigned'>> {
    const known = this.participations.get(run);
    if (known !== undefined) return { accepted: true };
    try {
      const pending = this.joining.get(run) ?? this.join(run);
      this.joining.set(run, pending);
      const participation = await pending;
      if (participation !== null) participation.connected({ headRound: participation.round, stateMatches: true });
      return { accepted: true };
    } catch (error) {
      if (error instanceof FleetError && error.code === 'policy.forbids') return { accepted: false, reason: error.problem };
      throw error;
    } finally {
      this.joining.delete(run);
    }
  }

  /** Fetches and keeps the manifest of a run, and what a branch begins with. @throws FleetError `manifest.*`, `checkpoint.malformed`, `policy.forbids`, `coordinator.*` */
  private async join(run: number): Promise<Participation | null> {
    const signed = await this.api.json(`/runs/${run}/manifest`, signedManifestSchema, { credential: await this.credentials.current() });
    const manifest = this.verify(run, signed);
    requireAllowed(this.vault.policy, { task: manifest.manifest.task.type, model: manifest.manifest.model.name });
    const firstState = manifest.manifest.branch === null ? null : await this.api.bytes(`/runs/${run}/checkpoint?round=0`, { credential: await this.credentials.current() });
    if (this.stopping !== null) return null;
    const folder = this.vault.run(run);
    this.log.record('info', 'run.joined', { run });
    folder.create();
    folder.writeManifest(signed);
    if (firstState !== null) folder.writeFirstState(firstState);
    return this.participate(run, manifest);
  }

  private verify(run: number, signed: unknown): VerifiedManifest {
    const manifest = verifyManifest(signed, { coordinatorKey: this.vault.device.coordinatorKey });
    if (manifest.manifest.run !== run) throw new FleetError('manifest.invalid', { field: 'run', problem: `The manifest of run ${run} names run ${manifest.manifest.run}.` });
    return manifest;
  }

  /** Takes up a run of an earlier process. A manifest that does not verify is dropped: the coordinator assigns the run again. */
  private resume(run: number): void {
    const folder = this.vault.run(run);
    try {
      const manifest = this.verify(run, folder.readManifest());
      requireAllowed(this.vault.policy, { task: manifest.manifest.task.type, model: manifest.manifest.model.name });
      this.participate(run, manifest);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      this.logger.warn({ run, code: error.code, fix: error.fix }, error.problem);
    }
  }

  private participate(run: number, manifest: VerifiedManifest): Participation {
    const { logger } = this;
    const { data, surroundings } = this.options;
    const { vault, api } = this;
    const folder = vault.run(run);
    const compute = computeOf({ options: this.options.compute, manifest: manifest.manifest, policy: vault.policy });
    const authorised = async () => ({ credential: await this.credentials.current() });
    const participation = new Participation({
      run, manifest, folder, compute, surroundings, logger,
      replica: new Replica(folder, manifest, logger),
      send: (event, message) => this.session.send(event, message),
      bench: new Bench({
        manifest: manifest.manifest, nowMs: () => surroundings.nowMs(), evaluationExamplesMin: Math.max(vault.policy.evaluationExamplesMin, manifest.manifest.policy.heldOutMin ?? 1),
        open: data === null ? null : () => prepareRun({
          manifest: manifest.manifest, folder, data, batchSalt: vault.keys.batchSalt(), compute,
          openModelFile: (path) => async (offset) => api.open(`/runs/${run}/files?path=${encodeURIComponent(path)}`, {
            ...await authorised(), timeoutMs: null, ...(offset === 0 ? {} : { headers: { range: `bytes=${offset}-` } }),
          }),
        }),
      }),
      fetchCheckpoint: async () => api.bytes(`/runs/${run}/checkpoint`, await authorised()),
      forbids: (scalars) => this.forbids(scalars),
      spend: (scalars) => vault.spend(scalars, surroundings.nowMs()),
      changed: () => this.tryReport(),
      broken: (error) => this.broken(error),
    });
    this.participations.set(run, participation);
    return participation;
  }

  private forbids(scalars: number): DeclineReason | null {
    const nowMs = this.options.surroundings.nowMs();
    if (!isAllowedHour(this.vault.policy, new Date(nowMs).getHours())) return 'policy';
    return this.vault.canSpend(scalars, nowMs) ? null : 'budget';
  }

  private require(run: number): Participation {
    const participation = this.participations.get(run);
    if (participation === undefined) throw new FleetError('run.unknown', { field: 'run', problem: `This device has no part in run ${run}.` });
    return participation;
  }

  /** Runs that this device still follows. */
  private followed(): Participation[] {
    return [...this.participations.values()].filter(({ run }) => this.vault.run(run).readEnded() === null);
  }

  // A status that cannot be written harms nobody; what matters is written elsewhere, and stops the worker if it cannot be.
  private tryReport(): void {
    try {
      this.report();
    } catch (error) {
      this.logger.warn({ error: systemCodeOf(error) }, 'the status could not be written');
    }
  }

  private report(): void {
    const participations = [...this.participations.values()];
    writeStatus(vaultPath(this.options.home, 'status'), {
      device: this.vault.device.device, state: this.state, problem: this.problem,
      runs: participations.map((participation) => participation.status()),
      socketBytes: this.session.bytes(),
      peakMegabytes: Math.max(peakMegabytes(), ...participations.map(({ rewritePeakMegabytes }) => rewritePeakMegabytes)),
      catchUp: participations.map(({ catchUp }) => catchUp).findLast((catchUp) => catchUp !== null) ?? null,
    });
  }
}

/** The keys, with a word when they have changed. */
function noting(keys: DeviceKeys, changed: () => void): DeviceKeys {
  return {
    ...keys,
    finish() {
      keys.finish();
      changed();
    },
  };
}
