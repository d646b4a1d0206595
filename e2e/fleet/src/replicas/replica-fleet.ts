import { join } from 'node:path';
import { startCoordinator, waitUntil, type Coordinator } from '@seedfleet/example-sentiment';
import { DebianPostgres } from '../postgres/debian-postgres.js';
import { DebianRedis } from '../redis/debian-redis.js';
import { ToyFleet } from '../toy/toy-fleet.js';
import { TurningDoor } from './turning-door.js';

/** Several coordinator processes over one PostgreSQL and one Redis, a door before them, and workers that come through it. */
export class ReplicaFleet {
  private started = 0;
  private constructor(readonly fleet: ToyFleet, readonly postgres: DebianPostgres, readonly redis: DebianRedis, readonly door: TurningDoor, readonly replicas: Coordinator[]) {}

  static async start({ replicas, workers }: { replicas: number; workers: number }): Promise<ReplicaFleet> {
    const [postgres, redis, door] = await Promise.all([DebianPostgres.start(), DebianRedis.start(), TurningDoor.listen()]);
    // Settings that every process is started with reach it by our own environment.
    process.env['SEEDFLEET_REDIS_URL'] = redis.url;
    let all: ReplicaFleet | undefined;
    try {
      const fleet = await ToyFleet.start(0, {
        postgres, doorOf: async (port) => {
          door.lead([port]);
          return door.url;
        },
      });
      const started = new ReplicaFleet(fleet, postgres, redis, door, [fleet.coordinator]);
      all = started;
      await Promise.all(Array.from({ length: replicas - 1 }, () => started.addReplica()));
      await Promise.all(Array.from({ length: workers }, (_, index) => fleet.addWorker(`device-${index}`, { data: true })));
      return started;
    } catch (error) {
      // Nothing is left running by a start that failed.
      if (all === undefined) await Promise.all([door.close(), redis.kill(), postgres.remove()]);
      else await all.remove();
      throw error;
    }
  }

  /** One more, on the home that all share. */
  async addReplica(): Promise<Coordinator> {
    const number = ++this.started;
    const replica = await startCoordinator({ home: this.fleet.coordinator.home, databaseUrl: this.postgres.url, logPath: join(this.fleet.folder, `replica-${number}.log`) });
    this.replicas.push(replica);
    this.openDoor();
    return replica;
  }

  /** The door leads to whoever runs. */
  openDoor(): void {
    this.door.lead(this.replicas.filter((replica) => replica.running()).map(({ port }) => port));
    const [first] = this.replicas.filter((replica) => replica.running());
    // Operators speak to any of them: to the oldest that runs.
    if (first !== undefined) this.fleet.coordinator = first;
  }

  /** The replica that leads the runs, of those that answer. */
  async leader(): Promise<Coordinator> {
    return waitUntil({ what: 'one replica to lead', timeoutMs: 20_000, everyMs: 50 }, async () => {
      const answers = await Promise.all(this.replicas.filter((replica) => replica.running()).map(async (replica) => ({ replica, led: (await replica.client.call('showSystem')).runs.ledHere })));
      const leaders = answers.filter(({ led }) => led > 0);
      return leaders.length === 1 ? leaders[0]?.replica ?? null : null;
    });
  }

  async fencingToken(run: number): Promise<number> {
    const [row] = await this.postgres.query<{ fencing_token: number }>('SELECT fencing_token FROM runs WHERE id = $1', [run]);
    return row?.fencing_token ?? 0;
  }

  async remove(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.running() ? replica.stop() : undefined));
    await this.fleet.remove();
    await this.door.close();
    await this.redis.kill();
    await this.postgres.remove();
    delete process.env['SEEDFLEET_REDIS_URL'];
  }
}
