import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { runEventKinds, runEventSchema, type RunEvent } from '@seedfleet/protocol';
import { z } from 'zod';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

interface EventRow { at: Date; key: string; kind: string; what: string; round: number | null; who: string | null; detail: unknown }

const kindSchema = z.enum(runEventKinds);

/** What happened in a run, from the audit log, its rounds, its evaluations and its marks. */
@Injectable()
export class RunEventRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. @param cursor of the page before @throws FleetError `request.invalid` for a cursor of another list */
  async page(run: number, { cursor, limit, kind }: { cursor: string | undefined; limit: number; kind: RunEvent['kind'] | undefined }): Promise<{ items: RunEvent[]; next: string | null }> {
    const before = cursor === undefined ? Prisma.empty : beforeCursor(cursor);
    const only = kind === undefined ? Prisma.empty : Prisma.sql`AND kind = ${kind}`;
    const rows = await this.database.prisma.$queryRaw<EventRow[]>(Prisma.sql`
      SELECT * FROM (
        SELECT at, 'c' || sequence AS key, 'change' AS kind, action AS what, NULL::int AS round, actor AS who, detail FROM audit_entries WHERE subject = ${String(run)} AND action LIKE 'run.%'
        UNION ALL SELECT ended_at, 'r' || round || '.' || attempt, 'round', state, round, NULL,
          jsonb_build_object('attempt', attempt, 'cause', cause, 'selected', jsonb_array_length(cohort), 'accepted', accepted, 'seconds', round(extract(epoch FROM ended_at - opened_at)::numeric, 3))
          FROM rounds WHERE run_id = ${run} AND ended_at IS NOT NULL
        UNION ALL SELECT at, 'e' || round, 'evaluation', 'evaluated', round, NULL, jsonb_build_object('loss', round((loss_sum / count)::numeric, 6), 'accuracy', round(correct::numeric / count, 6), 'examples', count, 'devices', devices)
          FROM evaluations WHERE run_id = ${run}
        UNION ALL SELECT at, 'm' || kind, 'mark', kind, round, NULL, '{}'::jsonb FROM run_marks WHERE run_id = ${run}
      ) AS events WHERE true ${only} ${before} ORDER BY at DESC, key DESC LIMIT ${limit}`);
    const last = rows.at(-1);
    return {
      items: rows.map(({ at, kind: of, what, round, who, detail }) => ({ at: at.toISOString(), kind: kindSchema.parse(of), what, round, who, detail: runEventSchema.shape.detail.parse(detail) })),
      next: rows.length < limit || last === undefined ? null : `${last.at.getTime()}~${last.key}`,
    };
  }
}

function beforeCursor(cursor: string): Prisma.Sql {
  const [, ms, key] = /^(\d{1,15})~([a-z][a-z0-9.-]*)$/.exec(cursor) ?? [];
  if (ms === undefined || key === undefined) throw new FleetError('request.invalid', { field: 'cursor', problem: 'The cursor is none of this list.' });
  return Prisma.sql`AND (at, key) < (${new Date(Number(ms)).toISOString()}::timestamptz, ${key})`;
}
