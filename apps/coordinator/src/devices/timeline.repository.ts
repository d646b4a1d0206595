import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

export interface ReportedDay { run: number; at: Date; firstRound: number; lastRound: number; reports: number }
export interface DeviceChange { at: Date; action: string; from: string | null; to: string | null }
export interface LeftRun { run: number; at: Date; state: string; cause: string | null }

/** Reads what is kept of a device from the tables of others; writes none of them. Everything before a moment, newest first. */
@Injectable()
export class TimelineRepository {
  constructor(private readonly database: Database) {}

  async changes(device: string, { before, limit }: { before: Date; limit: number }): Promise<DeviceChange[]> {
    const rows = await this.database.prisma.auditEntry.findMany({ where: { subject: device, at: { lt: before } }, orderBy: { sequence: 'desc' }, take: limit, select: { at: true, action: true, detail: true } });
    const word = (detail: Prisma.JsonValue, field: string) => {
      const value: unknown = typeof detail === 'object' && detail !== null ? Reflect.get(detail, field) : null;
      return typeof value === 'string' ? value : null;
    };
    return rows.map(({ at, action, detail }) => ({ at, action, from: word(detail, 'from'), to: word(detail, 'to') }));
  }

  /** Reports by run and day (UTC); `at` is that of the last one. */
  reports(device: string, { before, limit }: { before: Date; limit: number }): Promise<ReportedDay[]> {
    return this.database.prisma.$queryRaw<ReportedDay[]>(Prisma.sql`
      SELECT run_id AS run, max(recorded_at) AS at, min(round) AS "firstRound", max(round) AS "lastRound", count(*)::int AS reports
      FROM reports WHERE device_id = ${device} GROUP BY run_id, date_trunc('day', recorded_at AT TIME ZONE 'UTC')
      HAVING max(recorded_at) < ${before} ORDER BY at DESC LIMIT ${limit}`);
  }

  /** Runs that it failed to prepare or left. */
  async leftRuns(device: string, { before, limit }: { before: Date; limit: number }): Promise<LeftRun[]> {
    const rows = await this.database.prisma.assignment.findMany({
      where: { deviceId: device, state: { in: ['failed', 'left'] }, updatedAt: { lt: before } }, orderBy: { updatedAt: 'desc' }, take: limit, select: { runId: true, updatedAt: true, state: true, cause: true },
    });
    return rows.map(({ runId, updatedAt, state, cause }) => ({ run: runId, at: updatedAt, state, cause }));
  }
}
