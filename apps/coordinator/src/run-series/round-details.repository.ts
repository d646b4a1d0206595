import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

export interface AttemptRow {
  attempt: number;
  state: string;
  cause: string | null;
  opened_at: Date;
  deadline_at: Date;
  ended_at: Date | null;
  selected: number;
  accepted: number;
  reported: number;
  eligible: number | null;
  online: number | null;
  declines: Record<string, number> | null;
}

export interface StoredCommit { bytes: Uint8Array; reportsSalt: Uint8Array; committedAt: Date; attempt: number }

export interface SeatRow {
  device: string;
  name: string;
  group: number;
  outcome: string;
  reason: string | null;
  arrival: number | null;
  examples: number | null;
  differences: Uint8Array | null;
}

const attemptsMax = 100;

/** Everything that is stored of one round. */
@Injectable()
export class RoundDetailsRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async findAttempts(run: number, round: number): Promise<AttemptRow[]> {
    return this.database.prisma.$queryRaw<AttemptRow[]>(Prisma.sql`
      SELECT r.attempt, r.state, r.cause, r.opened_at, r.deadline_at, r.ended_at, jsonb_array_length(r.cohort) AS selected, r.accepted, s.eligible, s.online, s.declines,
        coalesce(s.reported, (SELECT count(*) FROM reports p WHERE p.run_id = r.run_id AND p.round = r.round AND p.attempt = r.attempt))::int AS reported
      FROM rounds r LEFT JOIN round_statistics s ON s.run_id = r.run_id AND s.round = r.round AND s.attempt = r.attempt
      WHERE r.run_id = ${run} AND r.round = ${round} ORDER BY r.attempt DESC LIMIT ${attemptsMax}`);
  }

  async findCommit(run: number, round: number): Promise<StoredCommit | null> {
    return this.database.prisma.commit.findUnique({ where: { runId_round: { runId: run, round } }, select: { bytes: true, reportsSalt: true, committedAt: true, attempt: true } });
  }

  async findHash(run: number, round: number): Promise<Uint8Array | null> {
    return (await this.database.prisma.commit.findUnique({ where: { runId_round: { runId: run, round } }, select: { hash: true } }))?.hash ?? null;
  }

  /** Of the state after so many commits. */
  async findEvaluation(run: number, round: number): Promise<{ lossSum: number; correct: number; count: number; devices: number } | null> {
    return this.database.prisma.evaluation.findUnique({ where: { runId_round: { runId: run, round } }, select: { lossSum: true, correct: true, count: true, devices: true } });
  }

  /** Devices of an attempt in the order of their ids. @param after id of the last device of the page before */
  async pageSeats({ run, round, attempt, after, limit }: { run: number; round: number; attempt: number; after: string; limit: number }): Promise<SeatRow[]> {
    return this.database.prisma.$queryRaw<SeatRow[]>(Prisma.sql`
      SELECT seat.device, coalesce(d.name, seat.device) AS name, seat."group", p.examples, p.differences, declined.reason,
        extract(epoch FROM p.recorded_at - r.opened_at)::float8 AS arrival,
        CASE WHEN p.device_id IS NOT NULL THEN CASE WHEN r.state = 'committed' THEN 'counted' ELSE 'reported' END
          WHEN declined.reason IS NOT NULL THEN 'declined'
          WHEN s.reported > 0 AND NOT EXISTS (SELECT 1 FROM reports o WHERE o.run_id = r.run_id AND o.round = r.round AND o.attempt = r.attempt) THEN 'unknown' ELSE 'silent' END AS outcome
      FROM rounds r CROSS JOIN LATERAL jsonb_to_recordset(r.cohort) AS seat(device text, "group" int)
      LEFT JOIN devices d ON d.id = seat.device
      LEFT JOIN reports p ON p.run_id = r.run_id AND p.round = r.round AND p.attempt = r.attempt AND p.device_id = seat.device
      LEFT JOIN round_statistics s ON s.run_id = r.run_id AND s.round = r.round AND s.attempt = r.attempt
      LEFT JOIN LATERAL (SELECT pair->>1 AS reason FROM jsonb_array_elements(s.declined) AS pair WHERE pair->>0 = seat.device LIMIT 1) AS declined ON true
      WHERE r.run_id = ${run} AND r.round = ${round} AND r.attempt = ${attempt} AND seat.device > ${after}
      ORDER BY seat.device LIMIT ${limit}`);
  }
}
