import { ReplicaFleet } from '../replicas/replica-fleet.js';
import { type Stage } from './stage.js';

/** Three replicas over PostgreSQL and Redis behind a door that remembers nobody. */
export async function replicasStage({ workers }: { workers: number }): Promise<Stage> {
  const all = await ReplicaFleet.start({ replicas: 3, workers });
  const stop = async () => {
    await Promise.all(all.fleet.workers.map((worker) => worker.running() ? worker.stop() : undefined));
    await Promise.all(all.replicas.map((replica) => replica.running() ? replica.stop() : undefined));
  };
  return {
    victims: { fleet: all.fleet, proxy: null, postgres: all.postgres, replicas: all, disks: new Map(), clocks: null },
    stop,
    async close({ keep }) {
      await stop();
      if (keep) {
        await all.door.close();
        await all.redis.kill();
        await all.postgres.remove();
      } else await all.remove();
      return all.fleet.folder;
    },
  };
}
