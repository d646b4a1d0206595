import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { redisToken } from '../app/surroundings.module.js';
import { LeaseKeeper } from '../replicas/lease-keeper.js';
import { RedisLink } from '../replicas/redis-link.js';
import { MetricRegistry } from './metric-registry.js';

/** What this process has of what several share. */
@Injectable()
export class ReplicaMetrics {
  constructor({ registry }: MetricRegistry, keeper: LeaseKeeper, @Inject(redisToken) redis: RedisLink | null) {
    new Gauge({
      name: 'seedfleet_leases', help: 'Leases that this process holds, of runs that it leads and of duties. 0 where it is alone: then all is its own.', labelNames: ['kind'], registers: [registry],
      collect() {
        for (const kind of ['run', 'duty']) this.set({ kind }, keeper.leases.filter((name) => name.startsWith(`${kind}:`)).length);
      },
    });
    new Gauge({
      name: 'seedfleet_replicas', help: 'Processes that serve the database, this one included.', registers: [registry],
      collect() { this.set(keeper.living); },
    });
    new Gauge({
      name: 'seedfleet_redis_up', help: '1 if Redis is connected, or none is wanted.', registers: [registry],
      collect() { this.set(redis?.isUp === false ? 0 : 1); },
    });
  }
}
