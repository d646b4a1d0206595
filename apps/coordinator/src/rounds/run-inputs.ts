import { Injectable } from '@nestjs/common';
import { Logger } from '../app/logger.js';
import { Clock } from '../app/surroundings.js';
import { LeaseKeeper } from '../replicas/lease-keeper.js';
import { ReplicaNews } from '../replicas/replica-news.js';
import { Replica } from '../replicas/replica.js';
import { type RunInput } from './run-input.js';
import { RunInputRepository } from './run-input.repository.js';
import { type RunLoop } from './run-loop.js';
import { RunLoops } from './run-loops.js';

interface Outgoing {
  run: number;
  input: RunInput;
  sent: () => void;
  failed: (error: unknown) => void;
}

/** Brings what devices and operators say to the conductor of a run, whichever replica has it: at once if it is here, through the database if not. */
@Injectable()
export class RunInputs {
  private outgoing: Outgoing[] = [];
  private sending: Promise<void> = Promise.resolve();
  private readonly collecting = new Map<number, Promise<void>>();

  constructor(
    private readonly loops: RunLoops, private readonly repository: RunInputRepository, private readonly keeper: LeaseKeeper,
    private readonly news: ReplicaNews, private readonly replica: Replica, private readonly clock: Clock, private readonly logger: Logger,
  ) {
    news.on('inputs', ({ run }) => void this.collect(run));
  }

  /** Resolves when the conductor has heard it, or when it is certain that a conductor will. */
  tell(run: number, input: RunInput): Promise<void> {
    const loop = this.loops.find(run);
    // One that breaks or is given up has a successor, here or elsewhere: that one hears it, if need be for the second time.
    if (loop !== undefined) return loop.hear(this.replica.id, input).catch(() => this.sendLater(run, input));
    return this.sendLater(run, input);
  }

  private sendLater(run: number, input: RunInput): Promise<void> {
    return new Promise((sent, failed) => {
      this.outgoing.push({ run, input, sent, failed });
      if (this.outgoing.length === 1) this.sending = this.sending.then(() => this.send());
    });
  }

  /** All that waits, in one statement. */
  private async send(): Promise<void> {
    const batch = this.outgoing.splice(0);
    try {
      await this.repository.send(batch, this.clock.now());
      for (const { sent } of batch) sent();
      for (const run of new Set(batch.map((entry) => entry.run))) {
        this.news.tell({ type: 'inputs', run });
        void this.collect(run); // led here since
      }
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }

  /** Takes what others have sent to a run that is led here. A collection that is asked for while one runs comes after it. */
  collect(run: number): Promise<void> {
    const loop = this.loops.find(run);
    if (loop === undefined) return Promise.resolve();
    const collected = (this.collecting.get(run) ?? Promise.resolve()).then(() => this.collectNow(loop))
      .catch((error: unknown) => this.logger.failure('run.inputs-not-read', error, { run }))
      .finally(() => { if (this.collecting.get(run) === collected) this.collecting.delete(run); });
    this.collecting.set(run, collected);
    return collected;
  }

  /** The safety net for news that were lost: of all runs that are led here, those that have inputs. */
  async collectAll(): Promise<void> {
    const led = [...this.loops.all()].map(({ id }) => id);
    if (this.keeper.holds('duty:retention')) await this.repository.dropOver();
    if (led.length === 0) return;
    for (const run of (await this.repository.countOf(led)).keys()) void this.collect(run);
  }

  /** What was sent before a replica stops is durable; nothing more is collected. */
  async close(): Promise<void> {
    await this.sending;
    await Promise.all(this.collecting.values());
  }

  private async collectNow(loop: RunLoop): Promise<void> {
    for (let rows = await this.repository.read(loop.id); rows.length > 0; rows = await this.repository.read(loop.id)) {
      for (const { replica, input } of rows) {
        // Of a replica that is dead: whoever arrived there is connected nowhere now.
        if (input === null || (input.type === 'arrival' && !this.keeper.isAlive(replica) && !await this.keeper.isAliveNow(replica))) continue;
        try {
          await loop.hear(replica, input);
        } catch {
          return; // the loop is dead, its successor reads them again
        }
      }
      if (!await this.repository.forget(loop.id, rows.map(({ id }) => id), loop.fencingToken)) return;
    }
  }
}
