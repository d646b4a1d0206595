import { aggregateGroups } from '@seedfleet/aggregation';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { type SignedCommit, type Manifest } from '@seedfleet/ledger';
import { entriesOf, stepConductor, takenFrom, type Conductor, type ConductorEffect, type ConductorInput, type ConductorTimer } from '@seedfleet/rounds';
import { type DepartureReason } from '@seedfleet/protocol';
import { type Logger } from '../app/logger.js';
import { type Clock, type Luck } from '../app/surroundings.js';
import { type KeyRing } from '../keys/key-ring.js';
import { normsOf } from '../run-series/state-norms.js';
import { type Transaction } from '../database/database.js';
import { type LedRun, type RunRepository } from '../runs/run.repository.js';
import { type Announcer, type AnswerTo } from './announcer.js';
import { type ArtifactRepository } from './artifact.repository.js';
import { type CommitRepository } from './commit.repository.js';
import { type EvaluationRepository } from './evaluation.repository.js';
import { type DraftCommit, type FleetState } from './fleet-state.js';
import { type LeaderWrites } from './leader-writes.js';
import { type RoundKey, type RoundRepository, type SavedReport } from './round.repository.js';
import { type RoundWatchers } from './round-watchers.js';
import { toConductorInput, type RunInput } from './run-input.js';
import { type Whereabouts } from './whereabouts.js';

/** What a loop performs its effects with. */
export interface LoopTools {
  runs: RunRepository;
  rounds: RoundRepository;
  commits: CommitRepository;
  evaluations: EvaluationRepository;
  artifacts: ArtifactRepository;
  writes: LeaderWrites;
  announcer: Announcer;
  keys: KeyRing;
  clock: Clock;
  luck: Luck;
  logger: Logger;
  watchers: RoundWatchers;
  /** of devices in a new loop */
  whereabouts: () => Whereabouts;
}

/** Who hears of a loop. */
export interface LoopListeners {
  /** called once, when an effect failed: the loop is dead, the database is the truth */
  broken: (error: unknown) => void;
  /** called once, when the run has ended */
  ended: () => void;
  /** conductors of the other runs, with which it shares devices */
  others: () => Conductor[];
  /** it opened something, or is done with it: devices may have become free */
  moved: () => void;
}

interface Waiting {
  resolve: (answer: { recorded: true }) => void;
  reject: (error: unknown) => void;
}

type ReportInput = Extract<ConductorInput, { type: 'report' | 'evaluation-report' }>;
type SaveReport = Extract<ConductorEffect, { type: 'save-report' }>;

/** Reports that one statement makes durable. */
const reportsPerStatementMax = 500;

/**
 * One run in motion: feeds the conductor one input at a time and performs its effects in their order, each to its end before the next.
 * So a report is durable before its ack and a commit before its broadcast, without a lock.
 */
export class RunLoop {
  private last: Promise<void> = Promise.resolve();
  private readonly timers = new Map<ConductorTimer, NodeJS.Timeout>();
  /** reports that wait for their turn, in the order of arrival: one turn takes all that came until then */
  private intake: { input: ReportInput; waiting: Waiting }[] = [];
  /** devices that accepted the open attempt */
  private accepted = new Set<string>();
  private lastCommit: SignedCommit | null = null;
  private closed = false;
  private readonly whereabouts: Whereabouts;

  constructor(
    private readonly run: LedRun,
    private conductor: Conductor,
    readonly fleet: FleetState,
    private readonly tools: LoopTools,
    private readonly on: LoopListeners,
  ) {
    this.whereabouts = tools.whereabouts();
  }

  get id(): number {
    return this.run.id;
  }

  get fencingToken(): number {
    return this.run.fencingToken;
  }

  get task(): Manifest['task'] {
    return this.run.manifest.manifest.task;
  }

  /** Resolves when the input's effects have been performed. */
  input(input: ConductorInput): Promise<void> {
    return this.inTurn(() => this.performAll(this.step(input)));
  }

  /** As `input`, from the replica that the device is connected to or that an operator asked. */
  hear(replica: string, input: RunInput): Promise<void> {
    return this.inTurn(async () => {
      // Connected elsewhere since: the departure comes late.
      if (!this.whereabouts.hear(replica, input)) return;
      if (input.type === 'accept' && input.round === this.conductor.round && input.attempt === this.conductor.attempt) this.accepted.add(input.device);
      if (input.type === 'accept' || input.type === 'decline') {
        const { device, round, attempt } = input;
        this.tools.watchers.tell({ type: 'answered', run: this.id, round, attempt, device, declined: input.type === 'decline' ? input.reason : null });
      }
      // Who sent a report of an evaluation has its answer already.
      await this.performAll(this.step(toConductorInput(input, this.fleet.round)).filter(({ type }) => !answeredElsewhere.has(type)));
    });
  }

  /** Reports of the open attempt that are durable and answered: whoever took them judged them by the round as it is in the database. */
  recorded({ round, attempt }: Omit<RoundKey, 'run'>, reports: readonly SavedReport[]): Promise<void> {
    return this.inTurn(async () => {
      for (const { device, examples, differences } of reports) {
        const follows = this.step({ type: 'report', device, report: { round, attempt, stateMatches: true, examples, differences } });
        await this.performAll(follows.filter(({ type }) => !answeredElsewhere.has(type)));
      }
    });
  }

  /** The attempt that collects now, and the devices whose reports the conductor has; null if none does. */
  collecting(): { key: RoundKey; reported: string[] } | null {
    const { phase, round, attempt } = this.conductor;
    return phase.type === 'collecting' ? { key: { run: this.id, round, attempt }, reported: entriesOf(phase.reports).map(({ device }) => device) } : null;
  }

  /** Devices whose replica is gone have departed with it. */
  async forgetReplicas(isAlive: (replica: string) => boolean): Promise<void> {
    for (const [device, replica] of this.whereabouts.lost(isAlive)) await this.hear(replica, { type: 'departure', device });
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const performed = this.last.then(() => this.guard(work));
    this.last = performed.catch(() => {});
    return performed;
  }

  /** Resolves when the report is durable. @throws FleetError the conductor's refusal */
  report(input: ReportInput): Promise<{ recorded: true }> {
    return new Promise((resolve, reject) => {
      this.intake.push({ input, waiting: { resolve, reject } });
      if (this.intake.length === 1) this.last = this.last.then(() => this.takeIn());
    });
  }

  /** Takes nothing more; what is being performed goes to its end. */
  async close(): Promise<void> {
    this.closed = true;
    await this.last;
    this.clearTimers();
  }

  /** Nothing is waited for any more: a timer left behind would keep the run in memory, and the process alive, until it fires. */
  private clearTimers(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  /** Steps the reports that wait, saves them in one statement, and only then answers them. */
  private async takeIn(): Promise<void> {
    const batch = this.intake.splice(0, reportsPerStatementMax);
    try {
      await this.guard(async () => {
        const saves: SaveReport[] = [];
        const answers: (() => void)[] = [];
        let follows: ConductorEffect[] = [];
        let stepped = 0;
        // Whatever follows from a report is performed before the next report is looked at.
        for (; stepped < batch.length && follows.length === 0; stepped++) {
          const { input, waiting } = batch[stepped] as { input: ReportInput; waiting: Waiting };
          follows = this.step(input).filter((effect) => !takesIn(effect, { saves, answers, waiting }));
        }
        this.intake.unshift(...batch.splice(stepped));
        if (saves.length > 0) await this.tools.rounds.saveReports(this.run.id, saves, this.tools.clock.now());
        for (const answer of answers) answer();
        await this.performAll(follows);
      });
    } catch (error) {
      for (const { waiting } of batch) waiting.reject(error); // no effect on those that were answered
    }
    if (this.intake.length > 0) this.last = this.last.then(() => this.takeIn());
  }

  private step(input: ConductorInput): ConductorEffect[] {
    const before = this.conductor;
    const moment = { nowMs: this.tools.clock.nowMs(), luck: this.tools.luck.uint32() };
    const { state, effects } = stepConductor(before, input, { ...moment, isTaken: takenFrom(before, this.on.others(), moment) });
    this.conductor = state;
    if (state.phase.type !== before.phase.type) this.on.moved();
    return effects;
  }

  /** What the other runs over the same devices have to know of this one. */
  get standing(): Conductor {
    return this.conductor;
  }

  private async performAll(effects: readonly ConductorEffect[]): Promise<void> {
    const inputs: ConductorInput[] = [];
    for (const effect of effects) inputs.push(...await this.performEffect(effect));
    for (const input of inputs) await this.performAll(this.step(input));
  }

  private async guard(work: () => Promise<void>): Promise<void> {
    if (this.closed) throw new FleetError('run.moving', { problem: 'The run is being taken up again.' });
    try {
      await work();
    } catch (error) {
      // Our memory may be ahead of the database now. It is thrown away and built again from what is durable.
      this.closed = true;
      this.clearTimers();
      this.on.broken(error);
      throw error;
    }
  }

  /** @returns what the conductor has to be told next */
  private async performEffect(effect: ConductorEffect): Promise<ConductorInput[]> {
    const { tools, run } = this;
    switch (effect.type) {
      case 'open-round': {
        this.accepted = new Set();
        const { round, attempt, cohort, deadlineAtMs } = effect;
        const beganAtMs = tools.clock.nowMs();
        await tools.rounds.open({ run: run.id, fencingToken: run.fencingToken, round, attempt, cohort, openedAt: tools.clock.now(), deadlineAt: new Date(deadlineAtMs) });
        // Told before our own devices are asked: those of other replicas are not to be later than they must.
        tools.announcer.opened(run.id);
        tools.watchers.tell({ type: 'opened', run: run.id, round, attempt, selected: cohort.length, online: this.conductor.members.length, beganAtMs });
        return [];
      }
      case 'send-start':
        this.sendStart(effect);
        return [];
      case 'save-report':
      case 'answer-report':
      case 'answer-evaluation':
      case 'refuse-report':
      case 'refuse-evaluation':
        throw new InvariantError(`${effect.type} followed from something else than a report`);
      case 'commit':
        return this.commit(effect);
      case 'broadcast-commit':
        if (this.lastCommit === null || effect.round !== this.fleet.round - 1) throw new InvariantError(`there is no commit of round ${effect.round} to broadcast`);
        await tools.announcer.broadcastCommit({ run: run.id, round: effect.round, commit: this.lastCommit.bytes });
        tools.watchers.tell({ type: 'broadcast', run: run.id, round: effect.round, attempt: this.lastCommit.attempt });
        return [];
      case 'abandon-round': {
        const { round, attempt, cause } = effect;
        await tools.rounds.abandon({ run: run.id, round, attempt }, { fencingToken: run.fencingToken, cause, accepted: this.accepted.size, at: tools.clock.now() });
        tools.logger.info('round.abandoned', { run: run.id, round, attempt, cause });
        tools.watchers.tell({ type: 'abandoned', run: run.id, round, attempt, cause });
        return [];
      }
      case 'set-timer':
        this.setTimer(effect);
        return [];
      case 'start-evaluation':
        if (effect.devices.some((device) => this.whereabouts.isElsewhere(device))) {
          await this.write((tx) => tools.evaluations.open(run.id, effect.round, tx));
          tools.announcer.opened(run.id);
        }
        for (const device of effect.devices) if (!this.whereabouts.isElsewhere(device)) this.sendEvaluation(device, effect);
        return [];
      case 'save-evaluation': {
        const { round, lossSum, correct, count, devices, perClass = null } = effect;
        await this.write((tx) => tools.evaluations.save(run.id, { round, lossSum, correct, count, devices, perClass, at: tools.clock.now() }, tx));
        tools.logger.info('evaluation.saved', { run: run.id, round, devices, count });
        tools.watchers.tell({ type: 'evaluated', run: run.id, round, devices });
        return [];
      }
      case 'paused':
        await this.write((tx) => tools.runs.changeState(run.id, { from: ['running'], to: 'paused', cause: effect.cause ?? null, at: tools.clock.now() }, tx));
        return [];
      case 'save-canary':
        await this.write((tx) => tools.runs.saveCanary(run.id, effect.canary, { at: tools.clock.now(), round: this.fleet.round }, tx));
        return [];
      case 'end':
        this.clearTimers();
        await this.end(effect);
        return [];
    }
  }

  private async commit(effect: Extract<ConductorEffect, { type: 'commit' }>): Promise<ConductorInput[]> {
    const { tools, run } = this;
    const { round, attempt } = effect;
    const of = { run: run.id, round, attempt };
    tools.watchers.tell({ type: 'collected', ...of, reports: effect.reports });
    const salt = tools.luck.bytes(32);
    const failed: { notCommittable?: FleetError } = {};
    /** With the run and the round locked: no report comes after these. */
    const make = (reports: readonly SavedReport[]) => {
      // Reports that other replicas took before the round closed count too: they were acknowledged.
      const { queries } = run.manifest.manifest.estimator;
      const decision = reports.length === effect.reports ? effect : { ...effect, ...aggregateGroups({ reports, queries }) };
      let draft: DraftCommit;
      try {
        draft = this.fleet.draft(decision, { reports, salt, privateKey: tools.keys.privateKey });
      } catch (error) {
        if (error instanceof FleetError) failed.notCommittable = error;
        throw error;
      }
      tools.watchers.tell({ type: 'aggregated', ...of });
      const { commit, coefficientRms } = draft;
      const { bytes, hash, stateHash, learningRate } = commit;
      return { ...draft, row: { bytes, hash, stateHash, reportsSalt: salt, learningRate, coefficientRms, reports: commit.reports, accepted: this.accepted.size, at: tools.clock.now() } };
    };
    let saved: DraftCommit;
    try {
      saved = await tools.commits.save({ ...of, fencingToken: run.fencingToken }, make);
    } catch (error) {
      // Coefficients that are not finite, say: the same reports would come to the same end for ever.
      if (failed.notCommittable === undefined) throw error;
      tools.logger.failure('round.not-committable', error, of);
      return [{ type: 'fail', cause: failed.notCommittable.code }];
    }
    const { commit, next } = saved;
    tools.watchers.tell({ type: 'committed', ...of, bytes: commit.bytes.length, norms: normsOf({ before: this.fleet.state, after: next }) });
    this.fleet.advance(commit, next);
    this.lastCommit = commit;
    tools.logger.info('round.committed', { run: run.id, round, attempt, reports: commit.reports });
    const { checkpointEveryRounds } = run.manifest.manifest.policy;
    if (checkpointEveryRounds > 0 && (round + 1) % checkpointEveryRounds === 0) await this.saveCheckpoint();
    return [{ type: 'committed', round }];
  }

  /** Only as long as this process leads the run. */
  private write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.tools.writes.as({ run: this.run.id, fencingToken: this.run.fencingToken }, work);
  }

  private async saveCheckpoint(): Promise<void> {
    const { tools, run, fleet } = this;
    await this.write((tx) => tools.artifacts.saveCheckpoint({ id: tools.luck.id('art'), run: run.id, round: fleet.round, body: fleet.checkpoint(), at: tools.clock.now() }, tx));
  }

  private async end({ state, cause }: Extract<ConductorEffect, { type: 'end' }>): Promise<void> {
    const { tools, run } = this;
    await this.saveCheckpoint();
    await this.write((tx) => tools.runs.changeState(run.id, { from: ['queued', 'running', 'paused'], to: state, cause, at: tools.clock.now() }, tx));
    tools.logger.info('run.ended', { run: run.id, state, round: this.fleet.round });
    await tools.announcer.broadcastEnd({ run: run.id, state, cause });
    this.on.ended();
  }

  /** The answer comes back as an input: nothing waits for a device here. */
  private sendStart({ device, round, attempt, group, deadlineMs }: Extract<ConductorEffect, { type: 'send-start' }>): void {
    // The replica that has its connection asks it.
    if (this.whereabouts.isElsewhere(device)) return;
    const message = { run: this.run.id, round, attempt, group, seeds: this.fleet.seedsOf({ attempt, group }), deadlineMs };
    const { tools, run: { id: run } } = this;
    const tell = (answer: AnswerTo<'round:start'>) => {
      const declined = declinedOf(answer);
      tools.watchers.tell({ type: 'answered', run, round, attempt, device, declined });
      if (declined === 'departed') return this.input({ type: 'departure', device });
      if (declined !== null) return this.input({ type: 'decline', device, round, attempt, reason: declined });
      this.accepted.add(device);
      return this.input({ type: 'accept', device, round, attempt });
    };
    this.follow(this.tools.announcer.start(device, message).then(tell));
  }

  private sendEvaluation(device: string, { round, deadlineMs }: Extract<ConductorEffect, { type: 'start-evaluation' }>): void {
    this.follow(this.tools.announcer.startEvaluation(device, { run: this.run.id, round, deadlineMs }).then((answer) => {
      if (answer === 'offline') return this.input({ type: 'departure', device });
      const accepted = answer !== 'unanswered' && answer.ok && answer.accepted;
      return accepted ? undefined : this.input({ type: 'evaluation-decline', device, round });
    }));
  }

  private setTimer({ name, round, attempt, atMs }: Extract<ConductorEffect, { type: 'set-timer' }>): void {
    clearTimeout(this.timers.get(name));
    const delayMs = Math.max(0, Math.min(atMs - this.tools.clock.nowMs(), 2 ** 31 - 1));
    const timer = setTimeout(() => this.follow(this.fire({ type: 'timer', name, round, attempt })), delayMs);
    this.timers.set(name, timer);
  }

  /** At a deadline, reports that other replicas took and of which no news came count as well. */
  private async fire(timer: Extract<ConductorInput, { type: 'timer' }>): Promise<void> {
    const collecting = timer.name === 'deadline' && this.whereabouts.isAnyElsewhere() ? this.collecting() : null;
    if (collecting !== null) await this.recorded(collecting.key, await this.tools.rounds.findOtherReports(collecting.key, collecting.reported).catch(() => []));
    await this.input(timer);
  }

  /** Inputs of our own: a loop that broke meanwhile has said so through `on.broken`. */
  private follow(performed: Promise<void>): void {
    performed.catch(() => {});
  }
}

/** Why a device does not take part; null where it does. */
function declinedOf(answer: AnswerTo<'round:start'>): DepartureReason | null {
  if (answer === 'offline') return 'departed';
  if (answer === 'unanswered') return 'unanswered';
  return answer.ok && answer.accepted ? null : (answer.ok ? answer.reason : undefined) ?? 'busy';
}

const answeredElsewhere: ReadonlySet<ConductorEffect['type']> = new Set(['save-report', 'answer-report', 'refuse-report', 'answer-evaluation', 'refuse-evaluation']);

/** Whether the effect saves or answers the report that it follows from; if so, it is put with those of its batch. */
function takesIn(effect: ConductorEffect, { saves, answers, waiting }: { saves: SaveReport[]; answers: (() => void)[]; waiting: Waiting }): boolean {
  switch (effect.type) {
    case 'save-report':
      saves.push(effect);
      return true;
    case 'answer-report':
    case 'answer-evaluation':
      answers.push(() => waiting.resolve({ recorded: true }));
      return true;
    case 'refuse-report':
    case 'refuse-evaluation':
      answers.push(() => waiting.reject(new FleetError(effect.code, { field: effect.field, problem: effect.problem })));
      return true;
    default:
      return false;
  }
}
