import { Injectable } from '@nestjs/common';
import { Logger } from '../app/logger.js';
import { Clock } from '../app/surroundings.js';
import { LeaseKeeper } from '../replicas/lease-keeper.js';
import { ReplicaNews } from '../replicas/replica-news.js';
import { Replica } from '../replicas/replica.js';
import { ReportIntake } from './report-intake.js';
import { RunFollowers } from './run-followers.js';
import { RunInputs } from './run-inputs.js';
import { RunLoops } from './run-loops.js';

/** How long a round waits for devices whose replica has gone: so long they may take to come back at another one. */
const comeBackMs = 5_000;

/** The share of this replica in the runs of the fleet: it leads them while that is its duty, and follows them otherwise. */
@Injectable()
export class RunLeadership {
  /** replicas that were not heard of */
  private readonly goneSince = new Map<string, number>();

  constructor(
    private readonly keeper: LeaseKeeper, private readonly loops: RunLoops, private readonly followers: RunFollowers, private readonly inputs: RunInputs,
    private readonly intake: ReportIntake, private readonly news: ReplicaNews, private readonly replica: Replica, private readonly clock: Clock, private readonly logger: Logger,
  ) {}

  /** @param revived what else happens when the others had taken this replica for dead */
  async start(revived: () => void): Promise<void> {
    if (!this.replica.isAlone) {
      this.keeper.whenBeaten(() => this.look());
      this.news.on('free', () => void this.keeper.beatSoon());
      this.loops.whenLed((run) => {
        void this.followers.look(run);
        void this.inputs.collect(run);
      });
    }
    await this.keeper.start({
      lost: (name) => {
        if (name.startsWith('run:')) this.loops.drop(Number(name.slice('run:'.length)));
      },
      revived,
    });
    await this.loops.takeUpAll();
  }

  /** What is decided is saved; then another replica may lead at once. The devices here are followed on. */
  async handOver(): Promise<void> {
    this.followers.letGo();
    await this.loops.close();
    await this.keeper.releaseAll();
    this.news.tell({ type: 'free' });
  }

  /** What was taken is durable, and what devices said when they went has been sent. */
  async close(): Promise<void> {
    await this.intake.close();
    await this.inputs.close();
    await this.keeper.close();
  }

  /** The safety net under all news. */
  private async look(): Promise<void> {
    await this.loops.takeUpLeaderless();
    await this.inputs.collectAll();
    await this.intake.passAll();
    await this.followers.lookAtAll();
    for (const loop of this.loops.all()) loop.forgetReplicas((replica) => this.mayStillCome(replica)).catch((error: unknown) => this.logger.failure('run.replica-not-forgotten', error, { run: loop.id }));
  }

  /** Whether devices that were connected at a replica are, or are on their way to another one. */
  private mayStillCome(replica: string): boolean {
    if (this.keeper.isAlive(replica)) {
      this.goneSince.delete(replica);
      return true;
    }
    const nowMs = this.clock.nowMs();
    const sinceMs = this.goneSince.get(replica) ?? nowMs;
    this.goneSince.set(replica, sinceMs);
    return nowMs - sinceMs < comeBackMs;
  }
}
