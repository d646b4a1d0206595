import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Logger } from '../app/logger.js';
import { Clock } from '../app/surroundings.js';
import { GroupMembers } from '../groups/group-members.js';
import { LeaseKeeper } from '../replicas/lease-keeper.js';
import { RunDesk } from '../rounds/run-desk.js';
import { AssignmentRepository } from './assignment.repository.js';
import { AssignmentsService } from './assignments.service.js';
import { RunRepository, type RunRow } from './run.repository.js';

/** How soon a run notices who came into its group or left it. */
const lookEveryMs = 5_000;

/** Keeps the devices of runs in step with the groups that they follow. */
@Injectable()
export class RunMembership implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private isLooking = false;

  constructor(
    private readonly runs: RunRepository, private readonly assignments: AssignmentRepository, private readonly offers: AssignmentsService, private readonly groups: GroupMembers,
    private readonly desk: RunDesk, private readonly keeper: LeaseKeeper, private readonly clock: Clock, private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.followInTurn(), lookEveryMs);
    this.timer.unref();
  }

  /** While the database is away one look waits for it, and no others behind that. */
  private followInTurn(): void {
    if (this.isLooking || !this.keeper.holds('duty:runs')) return;
    this.isLooking = true;
    this.follow().catch((error: unknown) => this.logger.failure('groups.not-followed', error)).finally(() => { this.isLooking = false; });
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.looking.catch(() => {});
  }

  /** Of a run that is about to start: its devices are those that are in its group now, or active. */
  async settle({ id, group, everyDevice }: Pick<RunRow, 'id' | 'group' | 'everyDevice'>): Promise<void> {
    if (group === null && !everyDevice) return;
    const meant = group === null ? { state: 'active' } : await this.groups.whereIn(group.id);
    await this.assignments.drop(id, meant);
    await this.assignments.join(id, meant, this.clock.now());
  }

  /** One look at every run that follows a group: who came into it is offered the run, who left it is not asked any more. */
  follow(): Promise<void> {
    this.looking = this.looking.catch(() => {}).then(async () => {
      for (const { id, groupId } of await this.runs.findFollowing()) await this.followOne(id, groupId);
    });
    return this.looking;
  }

  private async followOne(run: number, group: string): Promise<void> {
    const meant = await this.groups.whereIn(group);
    const joined = await this.assignments.join(run, meant, this.clock.now());
    if (await this.assignments.setAside(run, meant)) await this.desk.command(run, { type: 'set-aside', devices: await this.assignments.findAside(run) });
    if (joined.length > 0) this.logger.info('run.devices-joined', { run, devices: joined.length });
    await this.offers.offerTo(run, joined);
  }
}
