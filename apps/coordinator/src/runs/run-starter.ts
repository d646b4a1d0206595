import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type RunState } from '@seedfleet/protocol';
import { Logger } from '../app/logger.js';
import { Clock } from '../app/surroundings.js';
import { StateConflictError } from '../app/state-conflict-error.js';
import { AuditLog } from '../operators/audit-log.js';
import { LeaseKeeper } from '../replicas/lease-keeper.js';
import { RunLoops } from '../rounds/run-loops.js';
import { AssignmentsService } from './assignments.service.js';
import { RunMembership } from './run-membership.js';
import { RunPlans } from './run-plans.js';
import { RunRepository, type RunRow } from './run.repository.js';
import { startHoldOf } from './start-hold.js';

/** How soon a run that is held up notices that it may start. */
const lookEveryMs = 1_000;
/** Who starts a run that was held up, in the audit log. */
const coordinator = 'coordinator';

/** Starts runs: at once where nothing holds them up, else when that is over. What holds a run up stands in the database, so a restart forgets nothing. */
@Injectable()
export class RunStarter implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private isLooking = false;

  constructor(
    private readonly runs: RunRepository, private readonly membership: RunMembership, private readonly plans: RunPlans, private readonly loops: RunLoops,
    private readonly keeper: LeaseKeeper, private readonly assignments: AssignmentsService, private readonly audit: AuditLog, private readonly clock: Clock, private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.lookInTurn(), lookEveryMs);
    this.timer.unref();
  }

  /** While the database is away one look waits for it, and no others behind that. */
  private lookInTurn(): void {
    if (this.isLooking || !this.keeper.holds('duty:runs')) return;
    this.isLooking = true;
    this.look().catch((error: unknown) => this.logger.failure('runs.not-started', error)).finally(() => { this.isLooking = false; });
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.looking.catch(() => {});
  }

  /** A draft: it starts, or waits for what holds it up. @throws StateConflictError if somebody else changed it meanwhile */
  async start(operator: string, row: RunRow): Promise<void> {
    const hold = await this.holdOf(row);
    if (hold === null) return this.begin(operator, row);
    await this.change(operator, row, { from: ['draft'], to: hold.state, cause: hold.cause });
  }

  /** One look at every run that is held up, oldest first. */
  look(): Promise<void> {
    this.looking = this.looking.catch(() => {}).then(async () => {
      for (const row of await this.runs.findHeld()) await this.lookAt(row).catch((error: unknown) => this.logger.failure('run.not-started', error, { run: row.id }));
    });
    return this.looking;
  }

  private async lookAt(row: RunRow): Promise<void> {
    const hold = await this.holdOf(row);
    if (hold === null) return this.begin(coordinator, row);
    if (hold.state !== row.state || hold.cause !== row.cause) await this.runs.changeState(row.id, { from: [row.state], to: hold.state, cause: hold.cause, at: this.clock.now() });
  }

  private async holdOf(row: RunRow) {
    const { after, whenFree } = row.startWhen;
    const now = this.clock.now();
    const afterState = after === null ? null : (await this.runs.find(after))?.state ?? null;
    const sharing = whenFree ? await this.sharing(row, now) : [];
    return startHoldOf(row.startWhen, { now, afterState, sharing });
  }

  /** A run that was queued for devices later does not overtake one that was before it. */
  private async sharing(row: RunRow, now: Date): Promise<number[]> {
    await this.membership.settle(row);
    const before = (await this.runs.findHeld()).filter(({ id, startWhen }) => id < row.id && startWhen.whenFree && (startWhen.startAt === null || startWhen.startAt <= now) && startWhen.after === null);
    return this.runs.findSharing(row.id, [...await this.runs.findRunning(), ...before.map(({ id }) => id)]);
  }

  private async begin(actor: string, row: RunRow): Promise<void> {
    await this.membership.settle(row);
    await this.plans.settleCanary(row);
    await this.change(actor, row, { from: ['draft', 'scheduled', 'queued'], to: 'running', cause: null });
    await this.loops.takeUp(row.id);
    void this.assignments.offerToAll(row.id);
  }

  private async change(actor: string, { id }: RunRow, { from, to, cause }: { from: RunState[]; to: RunState; cause: string | null }): Promise<void> {
    const changed = await this.audit.change(async (tx, record) => {
      if (!await this.runs.changeState(id, { from, to, cause, at: this.clock.now() }, tx)) return false;
      await record({ actor, action: 'run.change', subject: String(id), detail: { to, ...(cause === null ? {} : { cause }) } });
      return true;
    });
    if (!changed) throw new StateConflictError((await this.runs.find(id))?.state ?? 'unknown', `Somebody else changed run ${id} meanwhile.`);
  }
}
