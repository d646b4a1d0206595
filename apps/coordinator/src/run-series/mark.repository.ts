import { Injectable } from '@nestjs/common';
import { markKinds, type SeriesMark } from '@seedfleet/protocol';
import { z } from 'zod';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

const marksMax = 200;
const kind = z.enum(markKinds);

interface MarkRow { kind: string; at: Date; round: number; run: number | null }

/** What happened to a run beside its rounds: from the audit log, and where coordinators took it up again. */
@Injectable()
export class MarkRepository {
  constructor(private readonly database: Database) {}

  /** Oldest first, the newest two hundred. @param branch commits of another run that this one began with */
  async list(run: number): Promise<SeriesMark[]> {
    const subject = String(run);
    const rows = await this.database.prisma.$queryRaw<MarkRow[]>(Prisma.sql`
      SELECT kind, at, coalesce(round, (SELECT max(c.round) + 1 FROM commits c WHERE c.run_id = ${run} AND c.committed_at <= marks.at), 0) AS round, run FROM (
        SELECT kind, at, round, NULL::int AS run FROM run_marks WHERE run_id = ${run}
        UNION ALL SELECT 'pause', at, NULL, NULL FROM audit_entries WHERE subject = ${subject} AND action = 'run.pause'
        UNION ALL SELECT 'stop', at, NULL, NULL FROM audit_entries WHERE subject = ${subject} AND action = 'run.stop'
        UNION ALL SELECT CASE WHEN at > (SELECT min(a.at) FROM audit_entries a WHERE a.subject = ${subject} AND a.action = 'run.change' AND a.detail->>'to' = 'running') THEN 'resume' ELSE 'start' END, at, NULL, NULL
          FROM audit_entries WHERE subject = ${subject} AND action = 'run.change' AND detail->>'to' = 'running'
        UNION ALL SELECT 'branch', at, 0, (detail->>'parent')::int FROM audit_entries WHERE subject = ${subject} AND action = 'run.branch'
        UNION ALL SELECT 'branched', at, (detail->>'round')::int, subject::int FROM audit_entries WHERE action = 'run.branch' AND detail->>'parent' = ${subject}
      ) AS marks ORDER BY at DESC, kind LIMIT ${marksMax}`);
    return rows.reverse().map(({ at, ...row }) => ({ ...row, kind: kind.parse(row.kind), at: at.toISOString() }));
  }
}
