import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';
import { type ReportStatistics } from './report-statistics.js';

export interface AttemptKey {
  run: number;
  round: number;
  attempt: number;
}

export interface EndedAttempt extends AttemptKey {
  openedAt: Date;
  /** of its commit, if it made one */
  commit: { bytes: Uint8Array; reports: number } | null;
}

export interface RecordedReport {
  round: number;
  attempt: number;
  group: number;
  differences: Uint8Array;
  recordedAt: Date;
}

export interface StatisticsRow extends AttemptKey, ReportStatistics {
  eligible: number | null;
  online: number | null;
  reported: number;
  counted: number;
  declines: Record<string, number>;
  declined: [device: string, reason: string][];
  arrivalP50: number | null;
  arrivalP90: number | null;
  arrivalMax: number | null;
  gradientP10: number | null;
  gradientP50: number | null;
  gradientP90: number | null;
  stepNorm: number | null;
  adapterNorm: number | null;
}

interface EndedRow { run: number; round: number; attempt: number; opened_at: Date; bytes: Uint8Array | null; reports: number | null }

/** The only Prisma of the statistics of attempts and the marks of runs. */
@Injectable()
export class RoundStatisticsRepository {
  constructor(private readonly database: Database) {}

  /** Attempts of a run that ended and have no statistics yet, in their order. */
  async findMissing(run: number, limit: number): Promise<EndedAttempt[]> {
    const rows = await this.database.prisma.$queryRaw<EndedRow[]>(Prisma.sql`
      SELECT r.run_id AS run, r.round, r.attempt, r.opened_at, c.bytes, c.reports
      FROM rounds r LEFT JOIN commits c ON c.run_id = r.run_id AND c.round = r.round AND c.attempt = r.attempt
      WHERE r.run_id = ${run} AND r.ended_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM round_statistics s WHERE s.run_id = r.run_id AND s.round = r.round AND s.attempt = r.attempt)
      ORDER BY r.round, r.attempt LIMIT ${limit}`);
    return rows.map(({ opened_at, bytes, reports, ...key }) => ({ ...key, openedAt: opened_at, commit: bytes === null || reports === null ? null : { bytes, reports } }));
  }

  /** Runs with attempts that ended before, and have no statistics. */
  async findRunsWithGaps(before: Date): Promise<number[]> {
    const rows = await this.database.prisma.$queryRaw<{ run: number }[]>(Prisma.sql`
      SELECT r.run_id AS run FROM rounds r LEFT JOIN round_statistics s ON s.run_id = r.run_id AND s.round = r.round AND s.attempt = r.attempt
      WHERE r.ended_at < ${before} AND s.run_id IS NULL GROUP BY r.run_id ORDER BY r.run_id`);
    return rows.map(({ run }) => run);
  }

  /** Of attempts of one run that follow each other. */
  async findReports(run: number, { from, to }: { from: number; to: number }): Promise<RecordedReport[]> {
    return this.database.prisma.report.findMany({ where: { runId: run, round: { gte: from, lte: to } }, select: { round: true, attempt: true, group: true, differences: true, recordedAt: true } });
  }

  async countReady(run: number): Promise<number> {
    return this.database.prisma.assignment.count({ where: { runId: run, state: 'ready' } });
  }

  /** Once for each attempt: what is there stays. */
  async save(rows: readonly StatisticsRow[]): Promise<void> {
    await this.database.prisma.roundStatistics.createMany({ data: rows.map(({ run, ...row }) => ({ runId: run, ...row })), skipDuplicates: true });
  }

  async saveRestart({ run, round, at }: { run: number; round: number; at: Date }): Promise<void> {
    await this.database.prisma.runMark.createMany({ data: [{ runId: run, at, kind: 'restart', round }], skipDuplicates: true });
  }
}
