import { Inject, Injectable } from '@nestjs/common';
import { type Health } from '@seedfleet/protocol';
import { redisToken } from '../app/surroundings.module.js';
import { Database } from '../database/database.js';
import { RedisLink } from '../replicas/redis-link.js';

/** Whether the coordinator can serve: its database answers, its runs are taken up, it is not stopping. */
@Injectable()
export class Readiness {
  private serving = false;
  private hasServed = false;

  constructor(private readonly database: Database, @Inject(redisToken) private readonly redis: RedisLink | null) {}

  open(): void {
    this.serving = true;
    this.hasServed = true;
  }

  /** The load balancer looks elsewhere from now on. */
  shut(): void {
    this.serving = false;
  }

  /** Whether the start is over. Migrations and runs are done before the port opens; a database that goes away later is the matter of `look`. */
  started(): Health {
    const start = this.hasServed ? 'ok' as const : 'failing' as const;
    return { status: start, parts: { start } };
  }

  async look(): Promise<Health> {
    const database = await this.database.requireReady().then(() => 'ok' as const, () => 'failing' as const);
    const runs = this.serving ? 'ok' as const : 'failing' as const;
    // Named, and no reason to send nobody here: without Redis everything goes on, only slower.
    const redis: Health['parts'] = this.redis === null ? {} : { redis: this.redis.isUp ? 'ok' as const : 'failing' as const };
    return { status: database === 'ok' && runs === 'ok' ? 'ok' : 'failing', parts: { database, runs, ...redis } };
  }
}
