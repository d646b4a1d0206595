import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

export interface DisclosureTotals {
  asked: number;
  reports: number;
  counted: number;
  commits: number;
  /** devices that answered evaluations, added up */
  evaluated: number;
  /** numbers by class in those answers, added up */
  classNumbers: number;
  keptFrom: number | null;
}

export interface DisclosureRow { device: string; name: string; reports: number; examples: number; last: Date | null }

/** What devices of a run sent. */
@Injectable()
export class DisclosureRepository {
  constructor(private readonly database: Database) {}

  async totals(run: number): Promise<DisclosureTotals> {
    const [totals] = await this.database.prisma.$queryRaw<DisclosureTotals[]>(Prisma.sql`
      SELECT coalesce(sum(jsonb_array_length(r.cohort)), 0)::float8 AS asked, coalesce(sum(coalesce(s.reported, c.reports, 0)), 0)::float8 AS reports,
        coalesce(sum(c.reports), 0)::float8 AS counted, count(c.round)::int AS commits,
        (SELECT coalesce(sum(devices), 0)::int FROM evaluations WHERE run_id = ${run}) AS evaluated,
        (SELECT coalesce(sum(devices * 3 * jsonb_array_length(per_class->'actual')), 0)::int FROM evaluations WHERE run_id = ${run} AND per_class IS NOT NULL) AS "classNumbers",
        (SELECT CASE WHEN EXISTS (SELECT 1 FROM round_statistics z WHERE z.run_id = ${run} AND z.reported > 0 AND z.round < coalesce((SELECT min(round) FROM reports WHERE run_id = ${run}), 2147483647))
          THEN coalesce((SELECT min(round) FROM reports WHERE run_id = ${run}), (SELECT round FROM runs WHERE id = ${run})) END) AS "keptFrom"
      FROM rounds r LEFT JOIN commits c ON c.run_id = r.run_id AND c.round = r.round AND c.attempt = r.attempt
      LEFT JOIN round_statistics s ON s.run_id = r.run_id AND s.round = r.round AND s.attempt = r.attempt WHERE r.run_id = ${run}`);
    return totals ?? { asked: 0, reports: 0, counted: 0, commits: 0, evaluated: 0, classNumbers: 0, keptFrom: null };
  }

  /** Devices of the run in the order of their ids. */
  async page(run: number, { after, limit }: { after: string; limit: number }): Promise<DisclosureRow[]> {
    return this.database.prisma.$queryRaw<DisclosureRow[]>(Prisma.sql`
      SELECT a.device_id AS device, d.name, sent.reports, sent.examples, sent.last
      FROM (SELECT device_id FROM assignments WHERE run_id = ${run} AND device_id > ${after} ORDER BY device_id LIMIT ${limit}) a JOIN devices d ON d.id = a.device_id
      LEFT JOIN LATERAL (SELECT count(*)::int AS reports, coalesce(sum(p.examples), 0)::float8 AS examples, max(p.recorded_at) AS last FROM reports p WHERE p.device_id = a.device_id AND p.run_id = ${run}) AS sent ON true
      ORDER BY a.device_id`);
  }
}
