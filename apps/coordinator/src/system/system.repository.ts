import { Injectable } from '@nestjs/common';
import { type System } from '@seedfleet/protocol';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

interface DatabaseRow { version: string; bytes: bigint; migrations: bigint }
interface TableRow { name: string; bytes: bigint; rows: number | null }

/** What the database says of itself. */
@Injectable()
export class SystemRepository {
  constructor(private readonly database: Database) {}

  async look(): Promise<System['database']> {
    const { prisma, kind, pool } = this.database;
    const beganMs = performance.now();
    await prisma.$queryRaw(Prisma.sql`SELECT 1`);
    const answerMs = performance.now() - beganMs;
    const [about] = await prisma.$queryRaw<DatabaseRow[]>(Prisma.sql`
      SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes, (SELECT count(*) FROM "_prisma_migrations" WHERE finished_at IS NOT NULL) AS migrations`);
    const tables = await prisma.$queryRaw<TableRow[]>(Prisma.sql`
      SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes, CASE WHEN c.reltuples < 0 AND coalesce(u.n_live_tup, 0) = 0 THEN NULL ELSE greatest(c.reltuples, u.n_live_tup)::float8 END AS rows
      FROM pg_class c LEFT JOIN pg_stat_user_tables u ON u.relid = c.oid
      WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY bytes DESC, name LIMIT 10`);
    return {
      kind, version: about?.version ?? '', bytes: Number(about?.bytes ?? 0), migrations: Number(about?.migrations ?? 0), answerMs,
      tables: tables.map(({ name, bytes, rows }) => ({ name, bytes: Number(bytes), rows: rows === null ? null : Math.round(rows) })),
      connections: { open: pool.totalCount, idle: pool.idleCount, max: pool.options.max, waiting: pool.waitingCount },
    };
  }

  async countModelBytes(): Promise<number> {
    const { _sum } = await this.database.prisma.modelFile.aggregate({ where: { done: true }, _sum: { bytes: true } });
    return Number(_sum.bytes ?? 0);
  }

  async counts(): Promise<{ enrolled: number; going: number }> {
    const enrolled = await this.database.prisma.device.count({ where: { state: { in: ['active', 'suspended'] } } });
    return { enrolled, going: await this.database.prisma.run.count({ where: { state: { in: ['queued', 'running', 'paused'] } } }) };
  }

  /** Processes that hold a lease of life now, by the clock of the database. */
  async findReplicas(): Promise<System['replicas']> {
    const rows = await this.database.prisma.$queryRaw<{ id: string; host: string; version: string; started_at: Date; leads: number }[]>(Prisma.sql`
      SELECT r.id, r.host, r.version, r.started_at, (SELECT count(*)::int FROM leases l WHERE l.holder = r.id AND l.name LIKE 'run:%' AND l.expires_at > now()) AS leads
      FROM replicas r WHERE r.expires_at > now() ORDER BY r.started_at, r.id LIMIT 100`);
    return rows.map(({ started_at, ...row }) => ({ ...row, startedAt: started_at.toISOString() }));
  }
}
