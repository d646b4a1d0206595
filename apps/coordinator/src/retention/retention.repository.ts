import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

export interface RetainedRun {
  id: number;
  hasEnded: boolean;
  /** commits so far: rounds below it are closed for ever */
  round: number;
  /** from the manifest; 0: only at the end */
  checkpointEveryRounds: number;
}

/** The only Prisma of retention. Every deletion is one statement of at most `limit` rows, and says how many it were. No statement here names the log. */
@Injectable()
export class RetentionRepository {
  constructor(private readonly database: Database) {}

  /** Runs that hold anything which may be deleted. */
  async findRuns(): Promise<RetainedRun[]> {
    return this.database.prisma.$queryRaw<RetainedRun[]>(Prisma.sql`
      SELECT r.id, r.ended_at IS NOT NULL AS "hasEnded", r.round,
        coalesce((convert_from(r.manifest, 'UTF8')::jsonb #>> '{policy,checkpointEveryRounds}')::int, 0) AS "checkpointEveryRounds"
      FROM runs r WHERE length(r.manifest) > 0
        AND (EXISTS (SELECT 1 FROM reports WHERE run_id = r.id) OR EXISTS (SELECT 1 FROM artifacts WHERE run_id = r.id AND kind = 'checkpoint'))
      ORDER BY r.id`);
  }

  /** The newest round of the run whose attempts had ended by then; null if there is none. */
  async lastRoundEnded(run: number, before: Date): Promise<number | null> {
    const { _max } = await this.database.prisma.round.aggregate({ where: { runId: run, endedAt: { lt: before } }, _max: { round: true } });
    return _max.round;
  }

  deleteReports({ run, roundMax, limit }: { run: number; roundMax: number; limit: number }): Promise<number> {
    return this.database.prisma.$executeRaw(Prisma.sql`
      DELETE FROM reports WHERE (run_id, round, attempt, device_id) IN
        (SELECT run_id, round, attempt, device_id FROM reports WHERE run_id = ${run} AND round <= ${roundMax} LIMIT ${limit})`);
  }

  /** Newest first. */
  async findCheckpoints(run: number): Promise<{ id: string; round: number }[]> {
    return this.database.prisma.artifact.findMany({ where: { runId: run, kind: 'checkpoint' }, orderBy: { round: 'desc' }, select: { id: true, round: true } });
  }

  async deleteCheckpoints(ids: readonly string[]): Promise<number> {
    return (await this.database.prisma.artifact.deleteMany({ where: { id: { in: [...ids] }, kind: 'checkpoint' } })).count;
  }

  deleteSessions({ expiredBefore, limit }: { expiredBefore: Date; limit: number }): Promise<number> {
    return this.database.prisma.$executeRaw(Prisma.sql`DELETE FROM operator_sessions WHERE id IN (SELECT id FROM operator_sessions WHERE expires_at < ${expiredBefore} LIMIT ${limit})`);
  }

  deleteConnections({ openedBefore, limit }: { openedBefore: Date; limit: number }): Promise<number> {
    return this.database.prisma.$executeRaw(Prisma.sql`DELETE FROM device_connections WHERE id IN (SELECT id FROM device_connections WHERE opened_at < ${openedBefore} LIMIT ${limit})`);
  }

  deleteIdempotencyKeys({ before, limit }: { before: Date; limit: number }): Promise<number> {
    return this.database.prisma.$executeRaw(Prisma.sql`
      DELETE FROM idempotency_keys WHERE (caller, key) IN (SELECT caller, key FROM idempotency_keys WHERE created_at < ${before} LIMIT ${limit})`);
  }
}
