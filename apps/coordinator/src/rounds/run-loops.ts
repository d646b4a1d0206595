import { Injectable } from '@nestjs/common';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { createConductor } from '@seedfleet/rounds';
import { Logger } from '../app/logger.js';
import { RunRepository } from '../runs/run.repository.js';
import { Announcer } from './announcer.js';
import { LoopToolbox } from './loop-toolbox.js';
import { RunLoop } from './run-loop.js';
import { StateHistory } from './state-history.js';

const firstRetryMs = 500;
const longestRetryMs = 30_000;

/** The runs that go on here. Each is built from the database alone, at the start of the process as after a failure. */
@Injectable()
export class RunLoops {
  private readonly loops = new Map<number, RunLoop>();
  private readonly retries = new Map<number, NodeJS.Timeout>();
  private closing = false;

  constructor(
    private readonly runs: RunRepository,
    private readonly toolbox: LoopToolbox,
    private readonly announcer: Announcer,
    private readonly history: StateHistory,
    private readonly logger: Logger,
  ) {}

  /** Takes up every run that was going on when a coordinator last stopped, at the round where it was. */
  async takeUpAll(): Promise<void> {
    for (const id of await this.runs.findLiveIds()) await this.takeUp(id);
  }

  /** Leads the run from now on. @throws FleetError `database.unavailable` and whatever its log does not verify with */
  async takeUp(id: number): Promise<void> {
    const run = await this.runs.takeOver(id);
    const fleet = await this.history.at({ run: id, manifest: run.manifest, round: run.round });
    const { manifest: { policy, estimator } } = run.manifest;
    const { open, attempts } = await this.toolbox.tools.rounds.findOpen(id, fleet.round);
    const evaluated = await this.toolbox.tools.evaluations.findLast(id);
    const conductor = createConductor({
      run: id, policy, queries: estimator.queries, groups: estimator.groups, round: fleet.round, attempt: attempts,
      evaluatedRound: evaluated?.round ?? null, open: open ?? undefined,
      ...(policy.stop === undefined ? {} : { evaluations: (await this.toolbox.tools.evaluations.list(id)).map(({ lossSum, correct, count }) => ({ loss: lossSum / count, accuracy: correct / count })) }),
    });
    const loop: RunLoop = new RunLoop(run, conductor, fleet, this.toolbox.tools, {
    this.toolbox.tools.watchers.tell({ type: 'taken-up', run: id, round: fleet.round, again: run.fencingToken > 1 });
      broken: (error) => this.recover(loop, error),
      ended: () => this.loops.delete(id),
    });
    this.loops.set(id, loop);
    this.logger.info('run.taken-up', { run: id, state: run.state, round: fleet.round, attempt: attempts, openReports: open?.reports.length ?? null });
    if (run.state === 'queued') await this.toolbox.tools.runs.changeState(id, { from: ['queued'], to: 'running', cause: null, at: this.toolbox.tools.clock.now() });
    await loop.input(run.state === 'paused' ? { type: 'pause' } : { type: 'start' });
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

  async close(): Promise<void> {
    this.closing = true;
    for (const timer of this.retries.values()) clearTimeout(timer);
    await Promise.all([...this.loops.values()].map((loop) => loop.close()));
  }

  /** A broken invariant stops the run where it is; anything else (the database was away) is tried again from what is durable. */
  private recover(loop: RunLoop, error: unknown): void {
    this.loops.delete(loop.id);
    this.logger.failure('run.broken', error, { run: loop.id });
    this.toolbox.tools.watchers.tell({ type: 'broken', run: loop.id });
    if (error instanceof InvariantError) {
      void this.fail(loop.id, error.message);
      return;
    }
    this.announcer.reconnect(loop.id);
    this.retryLater(loop.id, firstRetryMs);
  }

  private async fail(run: number, cause: string): Promise<void> {
    const { tools } = this.toolbox;
    try {
      await tools.runs.changeState(run, { from: ['queued', 'running', 'paused'], to: 'failed', cause, at: tools.clock.now() });
      await this.announcer.broadcastEnd({ run, state: 'failed', cause: cause.slice(0, 500) });
    } catch (error) {
      this.logger.failure('run.not-failed', error, { run });
    }
  }

  private retryLater(run: number, delayMs: number): void {
    if (this.closing) return;
    this.retries.set(run, setTimeout(() => {
      this.takeUp(run).catch((error: unknown) => {
        this.logger.failure('run.not-taken-up', error, { run });
        this.retryLater(run, Math.min(delayMs * 2, longestRetryMs));
      });
    }, delayMs));
  }
}
