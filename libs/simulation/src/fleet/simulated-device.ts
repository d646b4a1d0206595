import { FleetError, type ErrorCode } from '@seedfleet/errors';
import { chainEnd, decodeCommit, type ChainEnd, type VerifiedManifest } from '@seedfleet/ledger';
import { deriveSeeds } from '@seedfleet/numerics';
import { cheaperCatchUp, createParticipant, stepParticipant, type Participant, type ParticipantEffect, type ParticipantInput, type ParticipantRequest } from '@seedfleet/rounds';
import { type Witness } from '../promises/witness.js';
import { Disk } from '../world/disk.js';
import { type Network } from '../world/network.js';
import { type Random } from '../world/random.js';
import { type SkewedClock } from '../world/skewed-clock.js';
import { type Cancel, type Timeline } from '../world/timeline.js';
import { ask } from './line.js';
import { type Announced, type Connection, type CoordinatorFace, type DeviceFace, type HelloAnswer, type Recorded, type RunEnd, type Standing, type StartAnswer, type StartMessage, type TailPage } from './messages.js';
import { type Objective } from './objective.js';
import { Replica } from './replica.js';
import { type Sabotage } from './sabotage.js';
import { dayOf, Vault } from './vault.js';

/** Milliseconds that a request of a device waits for its answer. */
const answerMs = 2_500;
const pingEveryMs = 2_500;

export interface DeviceParts {
  id: string;
  manifest: VerifiedManifest;
  coordinator: CoordinatorFace;
  timeline: Timeline;
  network: Network;
  random: Random;
  clock: SkewedClock;
  witness: Witness;
  objective: Objective;
  sabotage: Sabotage;
  scalarsPerDay: number;
  trainExamples: number;
  heldOutExamples: number;
  /** the number of the next connection */
  nextConnection: () => number;
}

type EffectOf<Type extends ParticipantEffect['type']> = Extract<ParticipantEffect, { type: Type }>;

/** What a process holds in memory, and loses when it dies. */
interface Process {
  participant: Participant;
  replica: Replica;
  /** of the newest commit that was received, not verified */
  received: ChainEnd | null;
  connection: number | null;
  timers: Map<ParticipantRequest, Cancel>;
  starts: Map<string, (answer: StartAnswer) => void>;
  evaluations: Map<number, (answer: StartAnswer) => void>;
  evaluatedHash: string;
  inputs: ParticipantInput[];
  isStepping: boolean;
}

/** The worker's shell around the real participant: performs its effects in order. Its process may die at each; the disk is what is left. */
export class SimulatedDevice implements DeviceFace {
  readonly disk: Disk;
  readonly vault: Vault;
  process: Process | null = null;
  /** gone for good: another device has its place */
  isGone = false;
  hasLeft = false;
  finishedRound: number | null = null;
  crashes = 0;

  constructor(readonly parts: DeviceParts) {
    this.disk = new Disk(parts.random.fork(), parts.network.faults);
    this.vault = new Vault(this.disk, parts.scalarsPerDay);
  }

  get id(): string {
    return this.parts.id;
  }

  boot(): void {
    if (this.process !== null || this.isGone || this.hasLeft || this.vault.hasFinished) return;
    const { parts, disk, vault } = this;
    this.guard(() => {
      const replica = new Replica(disk, parts.manifest, parts.sabotage.replay);
      this.process = {
        participant: createParticipant({ run: parts.manifest.manifest.run, round: replica.round, batches: vault.batches }), replica, received: null, connection: null,
        timers: new Map(), starts: new Map(), evaluations: new Map(), evaluatedHash: '', inputs: [], isStepping: false,
      };
      this.connect(this.process);
    });
  }

  /** kill -9, and it is started again after a while. */
  crash(): void {
    const { process, parts } = this;
    this.crashes += 1;
    this.process = null;
    for (const cancel of process?.timers.values() ?? []) cancel();
    this.disk.crash();
    parts.timeline.after(parts.random.between(200, 3_000), () => this.boot());
  }

  start(connection: number, message: StartMessage, reply: (answer: StartAnswer) => void): void {
    const { process, parts } = this;
    if (process?.connection !== connection) return;
    const { round, attempt, seeds } = message;
    process.starts.set(`${round}/${attempt}`, reply);
    const end = process.replica.round === round ? process.replica.fleet.end : process.received?.round === round ? process.received : null;
    const seedsMatch = parts.sabotage.believesSeeds === true || (end !== null && this.areChained(message, end));
    this.tell({ type: 'start', ...message, seedsMatch, declined: this.mayGive(seeds.length) ? null : 'budget' });
  }

  evaluationStart(connection: number, message: { round: number; deadlineMs: number }, reply: (answer: StartAnswer) => void): void {
    if (this.process?.connection !== connection) return;
    this.process.evaluations.set(message.round, reply);
    this.tell({ type: 'evaluation-start', ...message });
  }

  commit(connection: number, bytes: Uint8Array): void {
    if (this.process?.connection !== connection) return;
    const round = this.receive(this.process, bytes);
    if (round !== null) this.tell({ type: 'commit', round, bytes });
  }

  ended(connection: number, state: RunEnd): void {
    if (this.process?.connection === connection) this.tell({ type: 'ended', state });
  }

  dropped(connection: number): void {
    if (this.process?.connection === connection) this.reconnect(this.process);
  }

  private receive(process: Process, bytes: Uint8Array): number | null {
    try {
      const commit = decodeCommit(bytes);
      if (process.received === null || commit.round >= process.received.round) process.received = chainEnd(commit);
      return commit.round;
    } catch (error) {
      // What does not even decode is no commit of anybody.
      if (error instanceof FleetError) return null;
      throw error;
    }
  }

  private connect(process: Process): void {
    const number = this.parts.nextConnection();
    process.connection = number;
    this.ask<HelloAnswer>(process, (from, reply) => this.parts.coordinator.hello(from, this.standing(process), reply), (answer) => {
      if (answer === null) return this.reconnect(process);
      this.tell({ type: 'connected', headRound: answer.headRound, stateMatches: answer.stateMatches });
      if (answer.ended !== null) this.tell({ type: 'ended', state: answer.ended });
      this.ping(process, number);
    });
  }

  private ping(process: Process, number: number): void {
    this.parts.timeline.after(pingEveryMs, () => {
      if (process !== this.process || process.connection !== number) return;
      this.ask<true>(process, (from, reply) => this.parts.coordinator.ping(from, reply), (answer) => {
        if (answer === null) this.reconnect(process);
        else this.ping(process, number);
      });
    });
  }

  private reconnect(process: Process): void {
    if (process !== this.process || process.connection === null) return;
    process.connection = null;
    this.tell({ type: 'disconnected' });
    this.parts.timeline.after(this.parts.random.between(200, 2_000), () => {
      if (process === this.process && process.connection === null) this.connect(process);
    });
  }

  /** What somebody answers within a step waits until the effects beside it were begun. */
  private tell(input: ParticipantInput): void {
    const { process } = this;
    if (process === null) return;
    process.inputs.push(input);
    if (process.isStepping) return;
    process.isStepping = true;
    for (let next = process.inputs.shift(); next !== undefined && process === this.process; next = process.inputs.shift()) this.step(process, next);
    process.isStepping = false;
  }

  private step(process: Process, input: ParticipantInput): void {
    const { clock, random, network } = this.parts;
    const { state, effects } = stepParticipant(process.participant, input, { nowMs: clock.nowMs(), luck: random.uint32() });
    process.participant = state;
    for (const effect of effects) {
      if (process !== this.process) return;
      if (random.chance(network.faults.deviceCrashAtEffect)) return this.crash();
      this.guard(() => this.perform(process, effect));
    }
  }

  /** A write that the disk refuses ends the process, as the worker's does: going on would break the order of effects. */
  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'vault.unwritable') throw error;
      this.crash();
    }
  }

  private perform(process: Process, effect: ParticipantEffect): void {
    const { parts } = this;
    switch (effect.type) {
      case 'prepare': return this.after(process, 100, () => this.tell({ type: 'prepared', trainExamples: parts.trainExamples, heldOutExamples: parts.heldOutExamples }));
      case 'announce': return this.announce(process);
      case 'answer-start': {
        const key = `${effect.round}/${effect.attempt}`;
        process.starts.get(key)?.(effect.accepted ? { accepted: true } : { accepted: false, reason: effect.reason });
        return void process.starts.delete(key);
      }
      case 'save-batch-counter': { if (parts.sabotage.forgetsBatches !== true) this.vault.batches = effect.batches; return; }
      case 'evaluate': return this.evaluate(process, effect);
      case 'send-report': return this.sendReport(process, effect);
      case 'request-tail': return this.requestTail(process, effect.from);
      case 'apply': return this.apply(process, effect.commits, 0);
      case 'load-checkpoint': return this.loadCheckpoint(process);
      case 'reset-state': return process.replica.reset();
      case 'answer-evaluation-start': {
        process.evaluations.get(effect.round)?.(effect.accepted ? { accepted: true } : { accepted: false, reason: effect.reason });
        return void process.evaluations.delete(effect.round);
      }
      case 'evaluate-held-out': return this.after(process, 50, () => {
        const lossSum = parts.objective.loss(this.b(process)) * parts.heldOutExamples;
        this.tell({ type: 'evaluated', round: effect.round, lossSum, correct: 0, count: parts.heldOutExamples });
      });
      case 'send-evaluation': return this.sendEvaluation(process, effect);
      case 'set-timer': {
        process.timers.get(effect.name)?.();
        return void process.timers.set(effect.name, parts.clock.at(effect.atMs, () => { if (process === this.process) this.tell({ type: 'timer', name: effect.name }); }));
      }
      case 'finish': {
        this.vault.finish();
        this.finishedRound = effect.round;
        return;
      }
      case 'leave': {
        this.hasLeft = true;
        return this.send((from) => parts.coordinator.left(from), process);
      }
    }
  }

  private announce(process: Process): void {
    this.ask<Announced>(process, (from, reply) => this.parts.coordinator.prepared(from, this.standing(process), reply), (answer) => {
      if (answer === null) this.tell({ type: 'unanswered', request: 'announce' });
      else this.tell('refused' in answer ? { type: 'refused', request: 'announce', code: answer.refused } : { type: 'announced', headRound: answer.headRound });
    });
  }

  private evaluate(process: Process, { round, attempt, group, seeds, batch }: EffectOf<'evaluate'>): void {
    const { parts, vault, disk } = this;
    const { replica } = process;
    const chained = replica.round === round && this.areChained({ attempt, group, seeds }, replica.fleet.end);
    const fail = (code: ErrorCode) => this.after(process, 1, () => this.tell({ type: 'losses-failed', round, attempt, code }));
    if (!chained && parts.sabotage.believesSeeds !== true) return fail('start.seeds-not-chained');
    const nowMs = parts.clock.nowMs();
    if (!this.mayGive(seeds.length)) return fail('policy.forbids');
    vault.spend(nowMs, seeds.length);
    parts.witness.evaluates({ device: this.id, batch, scalars: seeds.length, day: dayOf(nowMs), chained, restartable: disk.forgotten > 0 });
    process.evaluatedHash = replica.stateHash;
    const differences = parts.objective.differences(this.b(process), seeds);
    const { deadlineMs } = parts.manifest.manifest.policy;
    const takesMs = parts.random.chance(parts.network.faults.straggle) ? parts.random.between(deadlineMs / 2, deadlineMs * 2) : parts.random.between(50, 1_500);
    this.after(process, takesMs, () => this.guard(() => {
      if (parts.sabotage.forgetsBatches === true) this.vault.batches = batch + 1;
      this.tell({ type: 'losses', round, attempt, differences, examples: parts.trainExamples });
    }));
  }

  private sendReport(process: Process, { round, attempt, differences, examples }: EffectOf<'send-report'>): void {
    const stateHash = process.evaluatedHash;
    this.ask<Recorded>(process, (from, reply) => this.parts.coordinator.report(from, { round, attempt, stateHash, examples, differences }, reply), (answer) => {
      if (answer === null) this.tell({ type: 'unanswered', request: 'report' });
      else this.tell('refused' in answer ? { type: 'report-refused', round, attempt, code: answer.refused } : { type: 'report-answered', round, attempt });
    });
  }

  private sendEvaluation(process: Process, { type: _type, ...sums }: EffectOf<'send-evaluation'>): void {
    this.ask<Recorded>(process, (from, reply) => this.parts.coordinator.evaluation(from, sums, reply), (answer) => {
      if (answer === null) this.tell({ type: 'unanswered', request: 'evaluation' });
      else this.tell('refused' in answer ? { type: 'refused', request: 'evaluation', code: answer.refused } : { type: 'evaluation-answered', round: sums.round });
    });
  }

  private requestTail(process: Process, from: number): void {
    this.ask<TailPage>(process, (connection, reply) => this.parts.coordinator.tail(connection, from, reply), (page) => {
      if (page === null) return this.tell({ type: 'unanswered', request: 'tail' });
      for (const bytes of page.commits) this.receive(process, bytes);
      const useful = page.checkpointRound !== null && page.checkpointRound > from ? page.checkpointRound : null;
      const cheaper = cheaperCatchUp({
        commits: page.headRound - from, commitsAfterCheckpoint: page.headRound - (useful ?? from), commitBytes: 250, checkpointBytes: useful === null ? null : 400,
        replayMillisecondsPerCommit: 5, bytesPerMillisecond: 100,
      });
      this.tell({ type: 'tail', from, commits: page.commits, headRound: page.headRound, cheaper });
    });
  }

  private loadCheckpoint(process: Process): void {
    this.ask<Uint8Array | null>(process, (from, reply) => this.parts.coordinator.checkpoint(from, reply), (bytes) => this.guard(() => {
      if (bytes === null) return this.tell({ type: 'checkpoint-failed', code: 'checkpoint.malformed' });
      process.replica.load(bytes);
      this.tell({ type: 'checkpoint-loaded', round: process.replica.round });
    }));
  }

  /** One commit after the other; a crash may come between two, and cut the last one's bytes. */
  private apply(process: Process, commits: readonly Uint8Array[], index: number): void {
    this.after(process, this.parts.random.between(1, 10), () => this.guard(() => {
      const bytes = commits[index];
      if (bytes === undefined) return this.tell({ type: 'applied', round: process.replica.round });
      try {
        process.replica.apply(bytes);
      } catch (error) {
        if (!(error instanceof FleetError) || error.code === 'vault.unwritable') throw error;
        return this.tell({ type: 'mismatch', round: process.replica.round });
      }
      if (process.replica.round > decodeCommit(bytes).round) this.parts.witness.heard(bytes);
      this.apply(process, commits, index + 1);
    }));
  }

  private areChained({ attempt, group, seeds }: Pick<StartMessage, 'attempt' | 'group' | 'seeds'>, { previousHash }: ChainEnd): boolean {
    const { manifest } = this.parts;
    const derived = deriveSeeds({ manifestHash: manifest.hash, previousHash, attempt, groups: [group], queries: manifest.manifest.estimator.queries });
    return derived.length === seeds.length && derived.every((seed, j) => seed === seeds[j]);
  }

  private mayGive(scalars: number): boolean {
    return this.parts.sabotage.forgetsSpending === true || this.vault.allows(this.parts.clock.nowMs(), scalars);
  }

  private b({ replica }: Process): Float64Array {
    return replica.fleet.adapter.values[0] as Float64Array;
  }

  private standing({ replica }: Process): Standing {
    return { round: replica.round, stateHash: replica.stateHash, trainExamples: this.parts.trainExamples, heldOutExamples: this.parts.heldOutExamples };
  }

  private after(process: Process, delayMs: number, action: () => void): void {
    this.parts.timeline.after(delayMs, () => { if (process === this.process) action(); });
  }

  private send(handle: (from: Connection) => void, { connection }: Process): void {
    if (connection !== null) this.parts.network.carry(this.id, 'up', () => handle({ device: this, number: connection }));
  }

  /** @param take gets null if nothing came back in time */
  private ask<Answer>(process: Process, handle: (from: Connection, reply: (answer: Answer) => void) => void, take: (answer: Answer | null) => void): void {
    const { connection } = process;
    const ifAlive = (answer: Answer | null) => { if (process === this.process) take(answer); };
    if (connection === null) return this.after(process, 0, () => take(null));
    const from = { device: this, number: connection };
    ask<Answer>(this.parts, { device: this.id, direction: 'up', timeoutMs: answerMs, handle: (reply) => handle(from, reply), answered: ifAlive, unanswered: () => ifAlive(null) });
  }
}
