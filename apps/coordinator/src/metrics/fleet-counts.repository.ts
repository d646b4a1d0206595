import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

export interface RunningRun {
  run: number;
  round: number;
  /** of the last commit; of the start before the first */
  progressedAt: Date | null;
  /** mean loss and accuracy of the last evaluation, over the held-out examples of all devices that answered */
  evaluation: { loss: number; accuracy: number } | null;
}

export interface FleetCounts {
  devices: { state: string; count: number }[];
  runs: { state: string; count: number }[];
  running: RunningRun[];
}

interface Row { run: number; round: number; progressed_at: Date | null; loss: number | null; accuracy: number | null }

/** The only Prisma of metrics: counts by state, and where the running runs are. */
@Injectable()
export class FleetCountsRepository {
  constructor(private readonly database: Database) {}

  /** @param runsMax the runs with the lowest numbers come first */
  async count({ runsMax }: { runsMax: number }): Promise<FleetCounts> {
    const { prisma } = this.database;
    const devices = await prisma.device.groupBy({ by: ['state'], _count: { _all: true } });
    const runs = await prisma.run.groupBy({ by: ['state'], _count: { _all: true } });
    const rows = await prisma.$queryRaw<Row[]>(Prisma.sql`
      SELECT r.id AS run, r.round, coalesce(c.committed_at, r.started_at) AS progressed_at,
        e.loss_sum / nullif(e.count, 0) AS loss, e.correct::float8 / nullif(e.count, 0) AS accuracy
      FROM runs r LEFT JOIN commits c ON c.run_id = r.id AND c.round = r.round - 1
      LEFT JOIN LATERAL (SELECT loss_sum, correct, count FROM evaluations WHERE run_id = r.id ORDER BY round DESC LIMIT 1) e ON true
      WHERE r.state = 'running' ORDER BY r.id LIMIT ${runsMax}`);
    return {
      devices: devices.map(({ state, _count }) => ({ state, count: _count._all })), runs: runs.map(({ state, _count }) => ({ state, count: _count._all })),
      running: rows.map(({ run, round, progressed_at, loss, accuracy }) => ({
        run, round, progressedAt: progressed_at, evaluation: loss === null || accuracy === null ? null : { loss, accuracy },
      })),
    };
  }
}
