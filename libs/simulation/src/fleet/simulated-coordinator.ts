import { toHex, type VerifiedManifest } from '@seedfleet/ledger';
import { createConductor, stepConductor, type Conductor, type ConductorEffect, type ConductorInput, type ConductorTimer, type RecordedRun } from '@seedfleet/rounds';
import { type Witness } from '../promises/witness.js';
import { type Network } from '../world/network.js';
import { type Random } from '../world/random.js';
import { type SkewedClock } from '../world/skewed-clock.js';
import { type Cancel, type Timeline } from '../world/timeline.js';
import { Database } from './database.js';
import { dayMs } from './scenario.js';
import { FleetState } from './fleet-state.js';
import { ask } from './line.js';
import { type Connection, type CoordinatorFace, type Recorded, type ReportMessage, type RunEnd, type Standing, type StartAnswer } from './messages.js';
import { type Sabotage } from './sabotage.js';

/** Milliseconds that a device gets to answer a start. */
const startAnswerMs = 2_000;
/** Milliseconds without a sign of life after which a connection is taken for dead. */
const silenceMs = 6_000;
const tailPage = 4;

type Reply = (answer: Recorded) => void;

export interface CoordinatorParts {
  manifest: VerifiedManifest;
  privateKey: Uint8Array;
  timeline: Timeline;
  network: Network;
  random: Random;
  clock: SkewedClock;
  witness: Witness;
  sabotage: Sabotage;
  /** an adversary listens */
  overhear: (from: Connection, report: ReportMessage) => void;
}

/** What a process holds in memory, and loses when it dies. */
interface Process {
  conductor: Conductor;
  fleet: FleetState;
  queue: { input: ConductorInput; reply?: Reply | undefined }[];
  effects: ConductorEffect[];
  reply: Reply | undefined;
  isPerforming: boolean;
  /** by the coordinator's clock, at the step whose effects are performed */
  steppedAtMs: number;
  /** a write under way: whether it is durable at a crash is luck */
  write: (() => void) | null;
  timers: Map<ConductorTimer, Cancel>;
  connections: Map<string, Connection & { heardMs: number }>;
}

/**
 * The coordinator's shell around the real conductor: performs effects one after the other, each to its end before the next, as the app's
 * RunLoop does; a write takes time, in which the process may die. The database survives, everything else is built again from it.
 */
export class SimulatedCoordinator implements CoordinatorFace {
  readonly database = new Database();
  process: Process | null = null;
  crashes = 0;

  constructor(readonly parts: CoordinatorParts) {}

  /** Starts a process on what is durable. */
  boot(): void {
    if (this.process !== null || this.database.isOver) return;
    const { parts, database } = this;
    const fleet = new FleetState(parts.manifest);
    if (database.checkpoint !== null) fleet.restore(database.checkpoint.bytes);
    for (const { bytes } of database.commits.slice(fleet.round)) fleet.replay(bytes);
    const recorded = this.recorded();
    this.process = {
      conductor: createConductor(parts.sabotage.recovery?.(recorded) ?? recorded), fleet, queue: [], effects: [], reply: undefined, isPerforming: false, steppedAtMs: 0, write: null,
      timers: new Map(), connections: new Map(),
    };
    this.watchConnections(this.process);
    this.tell({ type: database.state === 'paused' ? 'pause' : 'start' });
  }

  /** kill -9, here and now. A write under way is durable or is not. */
  crash(): void {
    const { process } = this;
    if (process === null) return;
    this.crashes += 1;
    this.process = null;
    if (process.write !== null && this.parts.random.chance(0.5)) process.write();
    for (const cancel of process.timers.values()) cancel();
    for (const { device, number } of process.connections.values()) this.parts.network.carry(device.id, 'down', () => device.dropped(number));
  }

  tell(input: ConductorInput, reply?: Reply): void {
    if (this.process === null) return;
    this.process.queue.push({ input, reply });
    this.goOn(this.process);
  }

  hello({ device, number }: Connection, standing: Standing, reply: Parameters<CoordinatorFace['hello']>[2]): void {
    const { database } = this;
    const { process } = this;
    if (process !== null) {
      const known = process.connections.get(device.id);
      if (known !== undefined && known.number > number) return;
      if (known !== undefined && known.number < number) this.tell({ type: 'departure', device: device.id });
      if (process !== this.process) return;
      process.connections.set(device.id, { device, number, heardMs: this.parts.timeline.nowMs });
    } else if (!database.isOver) return;
    reply({ headRound: database.commits.length, stateMatches: this.matches(standing), ended: database.ended });
  }

  ping(from: Connection, reply: (answer: true) => void): void {
    if (this.isKnown(from)) reply(true);
  }

  prepared(from: Connection, standing: Standing, reply: Parameters<CoordinatorFace['prepared']>[2]): void {
    if (!this.isKnown(from)) return;
    const { round, trainExamples, heldOutExamples } = standing;
    const stateMatches = this.matches(standing);
    this.tell({ type: 'arrival', device: from.device.id, round, stateMatches, trainExamples, heldOutExamples });
    reply(stateMatches ? { headRound: this.database.commits.length } : { refused: 'report.stale-state' });
  }

  left(from: Connection): void {
    if (this.isKnown(from)) this.tell({ type: 'departure', device: from.device.id });
  }

  report(from: Connection, { stateHash, ...report }: Parameters<CoordinatorFace['report']>[1], reply: Reply): void {
    this.parts.overhear(from, { stateHash, ...report });
    if (!this.isKnown(from)) return;
    if (this.process === null) return reply({ refused: 'run.not-running' });
    const { fleet } = this.process;
    const stateMatches = report.round !== fleet.round || stateHash === fleet.hash();
    this.tell({ type: 'report', device: from.device.id, report: { ...report, stateMatches } }, reply);
  }

  evaluation(from: Connection, sums: Parameters<CoordinatorFace['evaluation']>[1], reply: Reply): void {
    if (!this.isKnown(from)) return;
    if (this.process === null) return reply({ refused: 'run.not-running' });
    this.tell({ type: 'evaluation-report', device: from.device.id, ...sums }, reply);
  }

  tail(from: Connection, fromRound: number, reply: Parameters<CoordinatorFace['tail']>[2]): void {
    if (!this.isKnown(from)) return;
    const { commits, checkpoint } = this.database;
    reply({ commits: commits.slice(fromRound, fromRound + tailPage).map(({ bytes }) => bytes), headRound: commits.length, checkpointRound: checkpoint?.round ?? null });
  }

  checkpoint(from: Connection, reply: Parameters<CoordinatorFace['checkpoint']>[1]): void {
    if (this.isKnown(from)) reply(this.database.checkpoint?.bytes ?? null);
  }

  private recorded(): RecordedRun {
    const { database, parts: { manifest: { manifest: { run, policy, estimator } } } } = this;
    const newest = database.newest();
    const open = newest?.state === 'collecting' ? newest : undefined;
    const attempt = newest === undefined ? 0 : newest.state === 'collecting' ? newest.attempt : newest.attempt + 1;
    return { dayMs, run, policy, queries: estimator.queries, groups: estimator.groups, round: database.commits.length, attempt, evaluatedRound: database.evaluatedRound, open };
  }

  private matches({ round, stateHash }: Standing): boolean {
    const { commits } = this.database;
    if (round > commits.length) return false;
    return stateHash === (round === 0 ? new FleetState(this.parts.manifest).hash() : commits[round - 1]?.stateHash);
  }

  /** Whether the connection stands, which this message shows; after the run's end nobody keeps connections. */
  private isKnown({ device, number }: Connection): boolean {
    const { process, database, parts } = this;
    if (process === null) return database.isOver;
    const known = process.connections.get(device.id);
    if (known?.number !== number) return false;
    known.heardMs = parts.timeline.nowMs;
    return true;
  }

  private watchConnections(process: Process): void {
    this.parts.timeline.after(silenceMs / 2, () => {
      if (process !== this.process) return;
      for (const [id, { device, number, heardMs }] of process.connections) {
        if (this.parts.timeline.nowMs - heardMs <= silenceMs) continue;
        process.connections.delete(id);
        this.parts.network.carry(id, 'down', () => device.dropped(number));
        this.tell({ type: 'departure', device: id });
      }
      this.watchConnections(process);
    });
  }

  private goOn(process: Process): void {
    while (process === this.process && !process.isPerforming) {
      const effect = process.effects.shift();
      if (effect !== undefined) this.perform(process, effect);
      else if (!this.takeNext(process)) return;
    }
  }

  private takeNext(process: Process): boolean {
    const next = process.queue.shift();
    process.reply = next?.reply;
    if (next === undefined) return false;
    process.steppedAtMs = this.parts.clock.nowMs();
    const { state, effects } = stepConductor(process.conductor, next.input, { nowMs: process.steppedAtMs, luck: this.parts.random.uint32() });
    process.conductor = state;
    process.effects = this.parts.sabotage.effects?.(effects) ?? effects;
    return true;
  }

  private perform(process: Process, effect: ConductorEffect): void {
    if (this.parts.random.chance(this.parts.network.faults.crashAtEffect)) return this.crash();
    const { database, parts: { witness } } = this;
    switch (effect.type) {
      case 'open-round': return this.save(process, () => void database.rounds.push({ ...effect, state: 'collecting', reports: [] }));
      case 'save-report': {
        const { device, group, examples, differences, round, attempt } = effect;
        return this.save(process, () => database.saveReport({ round, attempt }, { device, group, examples, differences }));
      }
      case 'commit': return this.commit(process, effect);
      case 'abandon-round': return this.save(process, () => {
        database.find(effect.round, effect.attempt).state = 'abandoned';
        witness.abandoned();
      });
      case 'save-evaluation': return this.save(process, () => { database.evaluatedRound = effect.round; });
      case 'paused': return this.save(process, () => { database.state = 'paused'; });
      case 'end': return this.save(process, () => { database.state = effect.state; }, () => this.sayEnded(process, effect.state));
      case 'send-start': return this.sendStart(process, effect);
      case 'answer-report':
        witness.acknowledges(effect, effect.duplicate && effect.round < database.commits.length ? null : database.find(effect.round, effect.attempt).reports);
        return process.reply?.({ recorded: true });
      case 'answer-evaluation': return process.reply?.({ recorded: true });
      case 'refuse-report': case 'refuse-evaluation': return process.reply?.({ refused: effect.code });
      case 'broadcast-commit': return this.broadcast(process, process.fleet.lastCommit);
      case 'set-timer': return this.setTimer(process, effect);
      case 'start-evaluation': return effect.devices.forEach((device) => this.sendEvaluation(process, device, effect));
    }
  }

  /** Durable after a while. A refused write breaks the process: its memory is ahead of the database, which is the truth. */
  private save(process: Process, write: () => void, then: () => void = () => undefined): void {
    const { random, timeline, network } = this.parts;
    process.isPerforming = true;
    process.write = write;
    timeline.after(random.between(1, 12), () => {
      if (process !== this.process) return;
      if (random.chance(network.faults.writeRefused)) {
        this.crash();
        return void timeline.after(500, () => this.boot());
      }
      process.write = null;
      process.isPerforming = false;
      write();
      then();
      this.goOn(process);
    });
  }

  private commit(process: Process, effect: Extract<ConductorEffect, { type: 'commit' }>): void {
    const { database, parts: { random, privateKey, witness, manifest, sabotage } } = this;
    const { fleet } = process;
    const { round, attempt } = effect;
    const row = database.find(round, attempt);
    const { commit, next } = fleet.draft(effect, { rows: row.reports, salt: random.bytes(16), privateKey });
    if (sabotage.broadcastsBeforeSaving === true) this.broadcast(process, commit.bytes);
    const { checkpointEveryRounds } = manifest.manifest.policy;
    this.save(process, () => {
      witness.committed(commit.bytes, row.reports);
      database.commits.push({ bytes: commit.bytes, stateHash: toHex(commit.stateHash) });
      row.state = 'committed';
    }, () => {
      fleet.advance(commit, next);
      if (checkpointEveryRounds > 0 && fleet.round % checkpointEveryRounds === 0) database.checkpoint = { round: fleet.round, bytes: fleet.checkpoint() };
      process.queue.unshift({ input: { type: 'committed', round } });
    });
  }

  private broadcast({ connections }: Process, bytes: Uint8Array): void {
    for (const { device, number } of connections.values()) this.parts.network.carry(device.id, 'down', () => device.commit(number, bytes));
  }

  private sayEnded(process: Process, state: RunEnd): void {
    for (const cancel of process.timers.values()) cancel();
    for (const { device, number } of process.connections.values()) this.parts.network.carry(device.id, 'down', () => device.ended(number, state));
    this.process = null;
  }

  private sendStart(process: Process, { device: id, round, attempt, group, deadlineMs }: Extract<ConductorEffect, { type: 'send-start' }>): void {
    const message = { round, attempt, group, seeds: process.fleet.seedsOf({ attempt, group }), deadlineMs };
    this.askDevice(process, id, deadlineMs, (connection, reply) => connection.device.start(connection.number, message, reply), (answer) => {
      if (answer === 'offline') return this.tell({ type: 'departure', device: id });
      if (answer !== 'unanswered' && answer.accepted) return this.tell({ type: 'accept', device: id, round, attempt });
      return this.tell({ type: 'decline', device: id, round, attempt, reason: answer === 'unanswered' ? 'unanswered' : answer.reason });
    });
  }

  private sendEvaluation(process: Process, id: string, { round, deadlineMs }: Extract<ConductorEffect, { type: 'start-evaluation' }>): void {
    this.askDevice(process, id, deadlineMs, (connection, reply) => connection.device.evaluationStart(connection.number, { round, deadlineMs }, reply), (answer) => {
      if (answer === 'offline') this.tell({ type: 'departure', device: id });
      else if (answer === 'unanswered' || !answer.accepted) this.tell({ type: 'evaluation-decline', device: id, round });
    });
  }

  private askDevice(process: Process, id: string, deadlineMs: number, handle: (connection: Connection, reply: (answer: StartAnswer) => void) => void, take: (answer: StartAnswer | 'offline' | 'unanswered') => void): void {
    const connection = process.connections.get(id);
    const ifAlive = (answer: StartAnswer | 'offline' | 'unanswered') => { if (process === this.process) take(answer); };
    // Nothing is answered within the step that asked.
    if (connection === undefined) return void this.parts.timeline.after(0, () => ifAlive('offline'));
    ask<StartAnswer>(this.parts, {
      device: id, direction: 'down', timeoutMs: Math.min(startAnswerMs, deadlineMs), handle: (reply) => handle(connection, reply),
      answered: ifAlive, unanswered: () => ifAlive('unanswered'),
    });
  }

  private setTimer(process: Process, { name, round, attempt, atMs }: Extract<ConductorEffect, { type: 'set-timer' }>): void {
    process.timers.get(name)?.();
    // From the step that decided it: the clock may have been moved while the round was saved (scenario a-clock-moved-while-a-round-is-saved).
    process.timers.set(name, this.parts.clock.after(atMs - process.steppedAtMs, () => {
      if (process === this.process) this.tell({ type: 'timer', name, round, attempt });
    }));
  }
}
