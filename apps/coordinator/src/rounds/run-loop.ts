import { FleetError, InvariantError } from '@seedfleet/errors';
import { type SignedCommit, type Manifest } from '@seedfleet/ledger';
import { stepConductor, type Conductor, type ConductorEffect, type ConductorInput, type ConductorTimer } from '@seedfleet/rounds';
import { type DepartureReason } from '@seedfleet/protocol';
import { type Logger } from '../app/logger.js';
import { type Clock, type Luck } from '../app/surroundings.js';
import { type KeyRing } from '../keys/key-ring.js';
import { normsOf } from '../run-series/state-norms.js';
import { type LedRun, type RunRepository } from '../runs/run.repository.js';
import { type Announcer, type AnswerTo } from './announcer.js';
import { type ArtifactRepository } from './artifact.repository.js';
import { type CommitRepository } from './commit.repository.js';
import { type EvaluationRepository } from './evaluation.repository.js';
import { type DraftCommit, type FleetState } from './fleet-state.js';
import { type RoundRepository } from './round.repository.js';
import { type RoundWatchers } from './round-watchers.js';

/** What a loop performs its effects with. */
export interface LoopTools {
  runs: RunRepository;
  rounds: RoundRepository;
  commits: CommitRepository;
  evaluations: EvaluationRepository;
  artifacts: ArtifactRepository;
  announcer: Announcer;
  keys: KeyRing;
  clock: Clock;
  luck: Luck;
  logger: Logger;
  watchers: RoundWatchers;
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

  /**
   * @param onBroken called once, when an effect failed: the loop is dead, the database is the truth
   * @param onEnd    called once, when the run has ended
   */
  constructor(
    private readonly run: LedRun,
    private conductor: Conductor,
    readonly fleet: FleetState,
    private readonly tools: LoopTools,
    private readonly on: { broken: (error: unknown) => void; ended: () => void },
  ) {}

  get id(): number {
    return this.run.id;
  }

  get task(): Manifest['task'] {
    return this.run.manifest.manifest.task;
  }

  /** Resolves when the input's effects have been performed. */
  input(input: ConductorInput): Promise<void> {
    const performed = this.last.then(() => this.guard(() => this.performAll(this.step(input))));
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
    const { state, effects } = stepConductor(this.conductor, input, { nowMs: this.tools.clock.nowMs(), luck: this.tools.luck.uint32() });
    this.conductor = state;
    return effects;
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
        await tools.rounds.open({ run: run.id, round, attempt, cohort, openedAt: tools.clock.now(), deadlineAt: new Date(deadlineAtMs) });
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
        await tools.announcer.broadcastCommit(run.id, this.lastCommit.bytes);
        tools.watchers.tell({ type: 'broadcast', run: run.id, round: effect.round, attempt: this.lastCommit.attempt });
        return [];
      case 'abandon-round': {
        const { round, attempt, cause } = effect;
        await tools.rounds.abandon({ run: run.id, round, attempt }, { cause, accepted: this.accepted.size, at: tools.clock.now() });
        tools.logger.info('round.abandoned', { run: run.id, round, attempt, cause });
        tools.watchers.tell({ type: 'abandoned', run: run.id, round, attempt, cause });
        return [];
      }
      case 'set-timer':
        this.setTimer(effect);
        return [];
      case 'start-evaluation':
        for (const device of effect.devices) this.sendEvaluation(device, effect);
        return [];
      case 'save-evaluation': {
        const { round, lossSum, correct, count, devices, perClass = null } = effect;
        await tools.evaluations.save(run.id, { round, lossSum, correct, count, devices, perClass, at: tools.clock.now() });
        tools.logger.info('evaluation.saved', { run: run.id, round, devices, count });
        tools.watchers.tell({ type: 'evaluated', run: run.id, round, devices });
        return [];
      }
      case 'paused':
        await tools.runs.changeState(run.id, { from: ['running'], to: 'paused', cause: null, at: tools.clock.now() });
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
    const reports = await tools.rounds.findReports({ run: run.id, round, attempt });
    const salt = tools.luck.bytes(32);
    let draft: DraftCommit;
    try {
      draft = this.fleet.draft(effect, { reports, salt, privateKey: tools.keys.privateKey });
    } catch (error) {
      // Coefficients that are not finite, say: the same reports would come to the same end for ever.
      if (!(error instanceof FleetError)) throw error;
      tools.logger.failure('round.not-committable', error, { run: run.id, round, attempt });
      return [{ type: 'fail', cause: error.code }];
    }
    const { commit, coefficientRms, next } = draft;
    tools.watchers.tell({ type: 'aggregated', ...of });
    await tools.commits.save({
      run: run.id, fencingToken: run.fencingToken, round, attempt, bytes: commit.bytes, hash: commit.hash, stateHash: commit.stateHash, reportsSalt: salt,
      learningRate: commit.learningRate, coefficientRms, reports: commit.reports, accepted: this.accepted.size, at: tools.clock.now(),
    });
    tools.watchers.tell({ type: 'committed', ...of, bytes: commit.bytes.length, norms: normsOf({ before: this.fleet.state, after: next }) });
    this.fleet.advance(commit, next);
    this.lastCommit = commit;
    tools.logger.info('round.committed', { run: run.id, round, attempt, reports: commit.reports });
    const { checkpointEveryRounds } = run.manifest.manifest.policy;
    if (checkpointEveryRounds > 0 && (round + 1) % checkpointEveryRounds === 0) await this.saveCheckpoint();
    return [{ type: 'committed', round }];
  }

  private async saveCheckpoint(): Promise<void> {
    const { tools, run, fleet } = this;
    await tools.artifacts.saveCheckpoint({ id: tools.luck.id('art'), run: run.id, round: fleet.round, body: fleet.checkpoint(), at: tools.clock.now() });
  }

  private async end({ state, cause }: Extract<ConductorEffect, { type: 'end' }>): Promise<void> {
    const { tools, run } = this;
    await this.saveCheckpoint();
    await tools.runs.changeState(run.id, { from: ['queued', 'running', 'paused'], to: state, cause, at: tools.clock.now() });
    tools.logger.info('run.ended', { run: run.id, state, round: this.fleet.round });
    await tools.announcer.broadcastEnd({ run: run.id, state, cause });
    this.on.ended();
  }

  /** The answer comes back as an input: nothing waits for a device here. */
  private sendStart({ device, round, attempt, group, deadlineMs }: Extract<ConductorEffect, { type: 'send-start' }>): void {
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
    const timer = setTimeout(() => this.follow(this.input({ type: 'timer', name, round, attempt })), delayMs);
    this.timers.set(name, timer);
  }

  /** Inputs of our own: a loop that broke meanwhile has said so through `on.broken`. */
  private follow(performed: Promise<void>): void {
    performed.catch(() => {});
  }
}

/** Whether the effect saves or answers the report that it follows from; if so, it is put with those of its batch. */
function takesIn(effect: ConductorEffect, { saves, answers, waiting }: { saves: SaveReport[]; answers: (() => void)[]; waiting: Waiting }): boolean {
  switch (effect.type) {
/** Why a device does not take part; null where it does. */
function declinedOf(answer: AnswerTo<'round:start'>): DepartureReason | null {
  if (answer === 'offline') return 'departed';
  if (answer === 'unanswered') return 'unanswered';
  return answer.ok && answer.accepted ? null : (answer.ok ? answer.reason : undefined) ?? 'busy';
}

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
