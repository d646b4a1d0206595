import { Injectable } from '@nestjs/common';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { createConductor, isWaitingForOthers } from '@seedfleet/rounds';
import { Logger } from '../app/logger.js';
import { RunRepository } from '../runs/run.repository.js';
import { LeaseKeeper } from '../replicas/lease-keeper.js';
import { leaseOfRun } from '../replicas/lease.repository.js';
import { ReplicaNews } from '../replicas/replica-news.js';
import { Replica } from '../replicas/replica.js';
import { Announcer } from './announcer.js';
import { LeadershipLostError } from './leadership-lost-error.js';
import { LoopToolbox } from './loop-toolbox.js';
import { RunLoop } from './run-loop.js';
import { StateHistory } from './state-history.js';

const firstRetryMs = 500;
const longestRetryMs = 30_000;
/** A database that is back after t is found within about t / 2. */
const retryGrowth = 1.5;

/** The runs that go on here. Each is built from the database alone, at the start of the process as after a failure. */
@Injectable()
export class RunLoops {
  private readonly loops = new Map<number, RunLoop>();
  private readonly retries = new Map<number, NodeJS.Timeout>();
  private readonly takingUp = new Set<number>();
  private onLed: (run: number) => void = () => undefined;
  private closing = false;

  constructor(
    private readonly runs: RunRepository,
    private readonly toolbox: LoopToolbox,
    private readonly announcer: Announcer,
    private readonly history: StateHistory,
    private readonly logger: Logger,
    private readonly keeper: LeaseKeeper,
    private readonly news: ReplicaNews,
    private readonly replica: Replica,
  ) {}

  /** Takes up every run that was going on when a coordinator last stopped, at the round where it was. */
  async takeUpAll(): Promise<void> {
    if (!this.keeper.holds('duty:runs')) return;
    for (const id of await this.runs.findLiveIds()) await this.takeUp(id);
  }

  /** Takes up what nobody leads, if that is the duty of this replica; one that fails is tried again later and later. */
  async takeUpLeaderless(): Promise<void> {
    if (!this.keeper.holds('duty:runs') || this.closing) return;
    for (const id of await this.runs.findLiveIds()) {
      if (this.loops.has(id) || this.retries.has(id)) continue;
      await this.takeUp(id).catch((error: unknown) => {
        this.logger.failure('run.not-taken-up', error, { run: id });
        this.retryLater(id, firstRetryMs);
      });
    }
  }

  /** Leads the run from now on, or leaves that to the replica that leads the others: they share devices. @throws FleetError `database.unavailable` and whatever its log does not verify with */
  async takeUp(id: number): Promise<void> {
    if (!this.keeper.holds('duty:runs')) return this.news.tell({ type: 'free' });
    if (this.loops.has(id) || this.takingUp.has(id) || !await this.keeper.take(leaseOfRun(id))) return;
    this.takingUp.add(id);
    try {
      await this.lead(id);
    } catch (error) {
      await this.release(id);
      throw error;
    } finally {
      this.takingUp.delete(id);
    }
  }

  private async lead(id: number): Promise<void> {
    const run = await this.runs.takeOver(id);
    const fleet = await this.history.at({ run: id, manifest: run.manifest, round: run.round });
    const { manifest: { policy, estimator } } = run.manifest;
    const { open, attempts } = await this.toolbox.tools.rounds.findOpen(id, fleet.round);
    const evaluated = await this.toolbox.tools.evaluations.findLast(id);
    const conductor = createConductor({
      run: id, queries: estimator.queries, groups: estimator.groups, round: fleet.round, attempt: attempts,
      evaluatedRound: evaluated?.round ?? null, open: open ?? undefined,
      ...(policy.stop === undefined ? {} : { evaluations: (await this.toolbox.tools.evaluations.list(id)).map(({ lossSum, correct, count }) => ({ loss: lossSum / count, accuracy: correct / count })) }),
      ...run.conducting,
    });
    this.toolbox.tools.watchers.tell({ type: 'taken-up', run: id, round: fleet.round, again: run.fencingToken > 1 });
    const loop: RunLoop = new RunLoop(run, conductor, fleet, this.toolbox.tools, {
      broken: (error) => this.recover(loop, error),
      others: () => this.othersOf(id).map(({ standing }) => standing),
      moved: () => this.wakeWaiting(id),
      ended: () => {
        this.loops.delete(id);
        void this.release(id);
      },
    });
    this.loops.set(id, loop);
    this.logger.info('run.taken-up', { run: id, state: run.state, round: fleet.round, attempt: attempts, openReports: open?.reports.length ?? null });
    if (run.state === 'queued') await this.toolbox.tools.runs.changeState(id, { from: ['queued'], to: 'running', cause: null, at: this.toolbox.tools.clock.now() });
    await loop.input(run.state === 'paused' ? { type: 'pause' } : { type: 'start' });
    this.news.tell({ type: 'led', run: id });
    this.onLed(id);
  }

  private othersOf(id: number): RunLoop[] {
    return [...this.loops.values()].filter((loop) => loop.id !== id);
  }

  /** Runs that wait for devices look again: one that had some has moved. */
  private wakeWaiting(moved: number): void {
    for (const loop of this.othersOf(moved)) if (isWaitingForOthers(loop.standing)) loop.input({ type: 'devices-freed' }).catch(() => undefined);
  }

  /** @param hear called when a conductor that knows no device yet has begun here */
  whenLed(hear: (run: number) => void): void {
    this.onLed = hear;
  }

  /** Somebody else leads the run: what was decided here and is not saved yet is not saved any more. */
  drop(run: number): void {
    const loop = this.loops.get(run);
    if (loop === undefined) return;
    this.loops.delete(run);
    this.logger.warning('run.lost', { run });
    void loop.close();
  }

  find(run: number): RunLoop | undefined {
    return this.loops.get(run);
  }

  /** @throws FleetError `run.not-running` */
  require(run: number): RunLoop {
    const loop = this.loops.get(run);
    if (loop === undefined) throw new FleetError('run.not-running', { field: 'run', problem: `Run ${run} is not going on.` });
    return loop;
  }

  all(): IterableIterator<RunLoop> {
    return this.loops.values();
  }

  /** What is being performed goes to its end; nothing is led here afterwards. */
  async close(): Promise<void> {
    this.closing = true;
    for (const timer of this.retries.values()) clearTimeout(timer);
    await Promise.all([...this.loops.values()].map((loop) => loop.close()));
    this.loops.clear();
  }

  /** A broken invariant stops the run where it is; anything else (the database was away) is tried again from what is durable. */
  private recover(loop: RunLoop, error: unknown): void {
    if (this.loops.get(loop.id) === loop) this.loops.delete(loop.id);
    if (error instanceof LeadershipLostError) return this.logger.warning('run.lost', { run: loop.id });
    this.logger.failure('run.broken', error, { run: loop.id });
    this.toolbox.tools.watchers.tell({ type: 'broken', run: loop.id });
    if (error instanceof InvariantError) {
      void this.fail(loop, error.message);
      return;
    }
    // Where there are other replicas, each of them tells the new conductor of its devices, and so does this one.
    if (this.replica.isAlone) this.announcer.reconnect(loop.id);
    this.retryLater(loop.id, firstRetryMs);
  }

  private async fail({ id: run, fencingToken }: RunLoop, cause: string): Promise<void> {
    const { tools } = this.toolbox;
    try {
      await tools.writes.as({ run, fencingToken }, (tx) => tools.runs.changeState(run, { from: ['queued', 'running', 'paused'], to: 'failed', cause, at: tools.clock.now() }, tx));
      await this.release(run);
      await this.announcer.broadcastEnd({ run, state: 'failed', cause: cause.slice(0, 500) });
    } catch (error) {
      this.logger.failure('run.not-failed', error, { run });
    }
  }

  private async release(run: number): Promise<void> {
    await this.keeper.release(leaseOfRun(run)).catch(() => undefined); // else it expires
  }

  private retryLater(run: number, delayMs: number): void {
    if (this.closing) return;
    this.retries.set(run, setTimeout(() => {
      this.retries.delete(run);
      this.takeUp(run).catch((error: unknown) => {
        this.logger.failure('run.not-taken-up', error, { run });
        this.retryLater(run, Math.min(delayMs * retryGrowth, longestRetryMs));
      });
    }, delayMs));
  }
}
