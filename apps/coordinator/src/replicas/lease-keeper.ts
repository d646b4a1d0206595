import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';
import { Logger } from '../app/logger.js';
import { version } from '../health/version.js';
import { LeaseRepository } from './lease.repository.js';
import { Replica } from './replica.js';

/** Between two beats of a replica: three of them may fail before its leases are over. */
export const beatEveryMs = 1_000;
/** Beats in a row after which a replica trusts that the others, too, had time to come back to the database. */
const steadyBeats = 3;

/** What is done for all replicas by one of them at a time, whichever is there. */
export const duties = ['duty:runs', 'duty:alerts', 'duty:retention'] as const;
export type Duty = (typeof duties)[number];

/**
 * Says once a second that this replica lives, renews what it holds, and takes the duties that nobody has. Where it is alone everything is its own
 * and nothing is asked.
 */
@Injectable()
export class LeaseKeeper {
  private readonly held = new Set<string>();
  private alive: ReadonlySet<string> = new Set();
  private onLost: (name: string) => void = () => undefined;
  private onRevived: () => void = () => undefined;
  private readonly beats: (() => Promise<void>)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();
  private looking: Promise<void> = Promise.resolve();
  private isLooking = false;
  private beatsInARow = 0;
  private draining = false;
  private closing = false;

  constructor(private readonly repository: LeaseRepository, private readonly replica: Replica, private readonly logger: Logger) {}

  /**
   * @param on `lost`: somebody else has the lease; `revived`: the others had taken us for dead, and nobody counts our devices any more
   */
  async start(on: { lost: (name: string) => void; revived: () => void }): Promise<void> {
    this.onLost = on.lost;
    this.onRevived = on.revived;
    if (this.replica.isAlone) return;
    await this.repository.register({ id: this.replica.id, host: hostname(), version });
    await this.beat();
    this.timer = setInterval(() => void this.beatSoon(), beatEveryMs);
  }

  /** @param look what is done after every beat that succeeded: the safety net under the news */
  whenBeaten(look: () => Promise<void>): void {
    this.beats.push(look);
  }

  /** Whether this replica may do what is named; it does not ask, it knows as of the last beat. Whoever writes checks the fencing token, too. */
  holds(name: Duty | `run:${number}`): boolean {
    return this.replica.isAlone || this.held.has(name);
  }

  get leases(): readonly string[] {
    return [...this.held];
  }

  /** Replicas that were heard of at the last beat. */
  get living(): number {
    return Math.max(1, this.alive.size);
  }

  /** Whether a replica was heard of at the last beat. */
  isAlive(replica: string): boolean {
    return replica === this.replica.id || this.alive.has(replica);
  }

  /** Asked anew: it may have started since. */
  async isAliveNow(replica: string): Promise<boolean> {
    this.alive = new Set((await this.repository.living()).map(({ id }) => id));
    return this.isAlive(replica);
  }

  async take(name: Duty | `run:${number}`): Promise<boolean> {
    if (this.replica.isAlone) return true;
    if (this.draining) return false;
    const taken = await this.repository.take(name, this.replica.id);
    if (taken) this.held.add(name);
    return taken;
  }

  async release(name: Duty | `run:${number}`): Promise<void> {
    if (!this.held.delete(name)) return;
    await this.repository.release(name, this.replica.id);
  }

  /** One beat after the other; a beat that is asked for while one runs comes after it. */
  beatSoon(): Promise<void> {
    this.beating = this.beating.then(() => this.closing ? undefined : this.beat()).then(() => this.lookSoon(), (error: unknown) => this.logger.failure('replica.not-beating', error));
    return this.beating;
  }

  /** Beats never wait for what is done after them. */
  private lookSoon(): void {
    if (this.isLooking) return;
    this.isLooking = true;
    this.looking = this.lookAround().catch((error: unknown) => this.logger.failure('replica.not-looking', error)).finally(() => { this.isLooking = false; });
  }

  private async lookAround(): Promise<void> {
    for (const look of this.beats) if (!this.closing) await look();
  }

  /** Takes nothing more, and lets go of everything; the beats go on. */
  async releaseAll(): Promise<void> {
    this.draining = true;
    await this.beating;
    await Promise.all([...this.held].map((name) => this.repository.release(name, this.replica.id)));
    this.held.clear();
  }

  async close(): Promise<void> {
    this.draining = true;
    this.closing = true;
    clearInterval(this.timer);
    await this.beating;
    await this.looking;
    if (!this.replica.isAlone) await this.repository.unregister(this.replica.id);
  }

  private async beat(): Promise<void> {
    const { repository, replica } = this;
    const before = this.beatsInARow;
    this.beatsInARow = 0; // whatever fails below
    await repository.markSession(replica.id);
    if (!await repository.beat(replica.id)) {
      this.logger.warning('replica.revived', { replica: replica.id });
      await repository.register({ id: replica.id, host: hostname(), version });
      this.onRevived();
    }
    const kept = new Set(await repository.renew([...this.held], replica.id));
    for (const name of [...this.held].filter((held) => !kept.has(held))) {
      this.held.delete(name);
      this.logger.warning('lease.lost', { lease: name });
      this.onLost(name);
    }
    for (const id of await repository.buryDead({ judgeSilent: before >= steadyBeats })) this.logger.warning('replica.dead', { replica: id });
    this.alive = new Set((await repository.living()).map(({ id }) => id));
    for (const duty of duties) if (!this.held.has(duty) && await this.take(duty)) this.logger.info('duty.taken', { duty });
    this.beatsInARow = before + 1;
  }
}
