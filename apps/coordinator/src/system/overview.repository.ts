import { Injectable } from '@nestjs/common';
import { type Overview } from '@seedfleet/protocol';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

const hourMs = 3_600_000;
const hoursShown = 24;
const attentionMax = 50;
/** A running run is stalled when nothing was committed for so long, or for three of its deadlines. */
const stalledAfterSeconds = 300;

interface HourRow { hour: number; committed: number; abandoned: number }
interface AttentionRow { kind: Overview['attention'][number]['kind']; run: number | null; name: string; detail: string; since: Date | null }

/** What happened in the last day, and what wants a person. */
@Injectable()
export class OverviewRepository {
  constructor(private readonly database: Database) {}

  /** Attempts that ended and devices that were connected, by whole hours; the last of the 24 is not over. */
  async findHours(now: Date): Promise<Overview['hours']> {
    const last = Math.floor(now.getTime() / hourMs);
    const since = new Date((last - hoursShown + 1) * hourMs);
    const rows = await this.database.prisma.$queryRaw<HourRow[]>(Prisma.sql`
      SELECT floor(extract(epoch FROM ended_at) / 3600)::int AS hour, count(*) FILTER (WHERE state = 'committed')::int AS committed, count(*) FILTER (WHERE state = 'abandoned')::int AS abandoned
      FROM rounds WHERE ended_at >= ${since} GROUP BY 1`);
    const byHour = new Map(rows.map((row) => [row.hour, row]));
    const connections = await this.database.prisma.$queryRaw<{ hour: number; connected: number }[]>(Prisma.sql`
      SELECT hour, count(DISTINCT device_id)::int AS connected FROM device_connections
      CROSS JOIN LATERAL generate_series(greatest(floor(extract(epoch FROM opened_at) / 3600)::int, ${last - hoursShown + 1}::int), least(floor(extract(epoch FROM coalesce(closed_at, ${now}::timestamptz)) / 3600)::int, ${last}::int)) AS hour
      WHERE closed_at IS NULL OR closed_at >= ${since}::timestamptz GROUP BY hour`);
    const connectedIn = new Map(connections.map(({ hour, connected }) => [hour, connected]));
    return Array.from({ length: hoursShown }, (_, i) => {
      const hour = last - hoursShown + 1 + i;
      const { committed = 0, abandoned = 0 } = byHour.get(hour) ?? {};
      return { from: new Date(hour * hourMs).toISOString(), committed, abandoned, connected: connectedIn.get(hour) ?? 0 };
    });
  }

  async findAttention(now: Date): Promise<Overview['attention']> {
    const dayAgo = new Date(now.getTime() - hoursShown * hourMs);
    const hourAgo = new Date(now.getTime() - hourMs);
    const tomorrow = new Date(now.getTime() + hoursShown * hourMs);
    const rows = await this.database.prisma.$queryRaw<AttentionRow[]>(Prisma.sql`
      SELECT kind, run, name, detail, since FROM (
        SELECT 1 AS place, 'run-failed' AS kind, id AS run, name, coalesce(cause, '') AS detail, ended_at AS since FROM runs WHERE state = 'failed' AND ended_at > ${dayAgo}
        UNION ALL SELECT 2, 'run-stalled', r.id, r.name, 'no commit after round ' || r.round, coalesce(c.committed_at, r.started_at) FROM runs r
          LEFT JOIN commits c ON c.run_id = r.id AND c.round = r.round - 1
          WHERE r.state = 'running' AND coalesce(c.committed_at, r.started_at) < ${now}::timestamptz - greatest(interval '1 second' * ${stalledAfterSeconds}::int, 3 * interval '1 millisecond' * (convert_from(r.manifest, 'UTF8')::jsonb #>> '{policy,deadlineMs}')::float8)
        UNION ALL SELECT 3, 'alert-firing', NULL, rule_name, summary, fired_at FROM alerts WHERE resolved_at IS NULL
        UNION ALL SELECT 3, 'device-cloned', NULL, name, id, cloned_at FROM devices WHERE state = 'active' AND cloned_at > ${hourAgo}
        UNION ALL SELECT 4, 'devices-failed', r.id, r.name, count(*)::text, max(a.updated_at) FROM assignments a JOIN runs r ON r.id = a.run_id WHERE a.state = 'failed' AND r.state IN ('running', 'paused') GROUP BY r.id, r.name
        UNION ALL SELECT 5, 'devices-pending', NULL, 'devices', count(*)::text, min(enrolled_at) FROM devices WHERE state = 'pending' HAVING count(*) > 0
        UNION ALL SELECT 6, 'run-paused', id, name, coalesce(cause, ''), NULL FROM runs WHERE state = 'paused'
        UNION ALL SELECT 7, 'token-expiring', NULL, coalesce(name, id), (uses_max - uses)::text, expires_at FROM enrolment_tokens WHERE revoked_at IS NULL AND uses < uses_max AND expires_at BETWEEN ${now}::timestamptz AND ${tomorrow}
      ) AS wanted ORDER BY place, since DESC NULLS LAST, name LIMIT ${attentionMax}`);
    return rows.map(({ since, ...row }) => ({ ...row, since: since?.toISOString() ?? null }));
  }
}
