import { Injectable } from '@nestjs/common';
import { roundStates } from '@seedfleet/protocol';
import { z } from 'zod';
import { bytea } from '../database/bytea.js';
import { Database, type Transaction } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';
import { type Leader } from './leader-writes.js';
import { LeadershipLostError } from './leadership-lost-error.js';

const cohortSchema = z.array(z.object({ device: z.string(), group: z.int() }));

export interface RoundKey {
  run: number;
  round: number;
  attempt: number;
}

export interface SavedReport {
  device: string;
  group: number;
  examples: number;
  /** [q] */
  differences: Float32Array;
}

/** A round that was open when its coordinator went away. */
export interface OpenRound {
  round: number;
  attempt: number;
  cohort: { device: string; group: number }[];
  deadlineAtMs: number;
  reports: SavedReport[];
}

export interface RoundReportRow {
  round: number;
  attempt: number;
  state: (typeof roundStates)[number];
  cause: string | null;
  selected: number;
  accepted: number;
  reported: number;
  openedAt: Date;
  endedAt: Date | null;
  commit: { learningRate: number; coefficientRms: number; stateHash: Uint8Array } | null;
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function toBytes(differences: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(differences.length * 4);
  const view = new DataView(bytes.buffer);
  differences.forEach((difference, index) => view.setFloat32(index * 4, difference, true));
  return bytes;
}

function toDifferences(bytes: Uint8Array): Float32Array {
  if (isLittleEndian) return new Float32Array(bytea(bytes).buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true));
}

/** All reports of an attempt, sorted by device. */
export async function findReports(tx: Transaction, { run, round, attempt }: RoundKey): Promise<SavedReport[]> {
  const rows = await tx.report.findMany({ where: { runId: run, round, attempt }, orderBy: { deviceId: 'asc' } });
  return rows.map(toSaved);
}

function toSaved({ deviceId, group, examples, differences }: { deviceId: string; group: number; examples: number; differences: Uint8Array }): SavedReport {
  return { device: deviceId, group, examples, differences: toDifferences(differences) };
}

/** The only Prisma of rounds and their reports. Every method that saves is durable when it returns. */
@Injectable()
export class RoundRepository {
  constructor(private readonly database: Database) {}

  /** @throws LeadershipLostError */
  async open({ run, fencingToken, round, attempt, cohort, openedAt, deadlineAt }: RoundKey & Leader & { cohort: readonly { device: string; group: number }[]; openedAt: Date; deadlineAt: Date }): Promise<void> {
    const seats = JSON.stringify(cohort.map(({ device, group }) => ({ device, group })));
    const count = await this.database.prisma.$executeRaw(Prisma.sql`
      WITH led AS (SELECT id FROM runs WHERE id = ${run} AND fencing_token = ${fencingToken} FOR SHARE)
      INSERT INTO rounds (run_id, round, attempt, state, cohort, accepted, opened_at, deadline_at)
      SELECT id, ${round}, ${attempt}, 'collecting', ${seats}::jsonb, 0, ${openedAt.toISOString()}::timestamptz, ${deadlineAt.toISOString()}::timestamptz FROM led`);
    if (count === 0) throw new LeadershipLostError(run);
  }

  /** All of them in one statement, of one run. */
  async saveReports(run: number, reports: readonly (SavedReport & Omit<RoundKey, 'run'>)[], at: Date): Promise<void> {
    await this.database.prisma.report.createMany({
      data: reports.map(({ round, attempt, device, group, examples, differences }) => ({ runId: run, round, attempt, deviceId: device, group, examples, differences: toBytes(differences), recordedAt: at })),
    });
  }

  /**
   * Reports of one attempt, only while it collects: whoever decides it waits for them, or they find it closed. Durable when this resolves.
   * @returns devices whose report was saved now; the others had one, or the attempt is closed
   */
  async saveWhileCollecting({ run, round, attempt }: RoundKey, reports: readonly SavedReport[], at: Date): Promise<Set<string>> {
    const rows = await this.database.rows<{ device_id: string }>(`
      WITH open AS (SELECT run_id, round, attempt FROM rounds WHERE run_id = $1 AND round = $2 AND attempt = $3 AND state = 'collecting' FOR SHARE)
      INSERT INTO reports (run_id, round, attempt, device_id, "group", examples, differences, recorded_at)
      SELECT run_id, round, attempt, device, "group", examples, differences, $8
      FROM open CROSS JOIN unnest($4::text[], $5::int[], $6::int[], $7::bytea[]) AS report (device, "group", examples, differences)
      ON CONFLICT DO NOTHING RETURNING device_id`,
    [run, round, attempt, reports.map(({ device }) => device), reports.map(({ group }) => group), reports.map(({ examples }) => examples), reports.map(({ differences }) => Buffer.from(toBytes(differences))), at]);
    return new Set(rows.map((row) => row.device_id));
  }

  /** Of these devices. */
  async findReportsOf({ run, round, attempt }: RoundKey, devices: readonly string[]): Promise<SavedReport[]> {
    const rows = await this.database.prisma.report.findMany({ where: { runId: run, round, attempt, deviceId: { in: [...devices] } }, orderBy: { deviceId: 'asc' } });
    return rows.map(toSaved);
  }

  /** Reports of an attempt by other devices than these. */
  async findOtherReports({ run, round, attempt }: RoundKey, known: readonly string[]): Promise<SavedReport[]> {
    const [row] = await this.database.rows<{ count: string }>('SELECT count(*) AS count FROM reports WHERE run_id = $1 AND round = $2 AND attempt = $3', [run, round, attempt]);
    if (Number(row?.count ?? 0) <= known.length) return [];
    const rows = await this.database.rows<{ device_id: string }>('SELECT device_id FROM reports WHERE run_id = $1 AND round = $2 AND attempt = $3 AND NOT device_id = ANY($4::text[])', [run, round, attempt, [...known]]);
    return this.findReportsOf({ run, round, attempt }, rows.map((found) => found.device_id));
  }

  /** @throws LeadershipLostError */
  async abandon({ run, round, attempt }: RoundKey, { fencingToken, cause, accepted, at }: { fencingToken: number; cause: string; accepted: number; at: Date }): Promise<void> {
    const count = await this.database.prisma.$executeRaw(Prisma.sql`
      WITH led AS (SELECT id FROM runs WHERE id = ${run} AND fencing_token = ${fencingToken} FOR SHARE)
      UPDATE rounds SET state = 'abandoned', cause = ${cause}, accepted = ${accepted}, ended_at = ${at.toISOString()}::timestamptz FROM led
      WHERE run_id = led.id AND round = ${round} AND attempt = ${attempt}`);
    if (count === 0) throw new LeadershipLostError(run);
  }

  findReports(key: RoundKey): Promise<SavedReport[]> {
    return findReports(this.database.prisma, key);
  }

  /** Where a run goes on: its open attempt at the round if there is one, and the number of the next attempt. */
  async findOpen(run: number, round: number): Promise<{ open: OpenRound | null; attempts: number }> {
    const last = await this.database.prisma.round.findFirst({ where: { runId: run, round }, orderBy: { attempt: 'desc' } });
    if (last === null) return { open: null, attempts: 0 };
    if (last.state !== 'collecting') return { open: null, attempts: last.attempt + 1 };
    const reports = await this.findReports({ run, round, attempt: last.attempt });
    return { open: { round, attempt: last.attempt, cohort: cohortSchema.parse(last.cohort), deadlineAtMs: last.deadlineAt.getTime(), reports }, attempts: last.attempt };
  }

  /** Newest first. @param before round and attempt of the last row of the page before */
  async page({ run, before, limit }: { run: number; before: { round: number; attempt: number } | undefined; limit: number }): Promise<RoundReportRow[]> {
    const rows = await this.database.prisma.round.findMany({
      where: { runId: run, ...(before === undefined ? {} : { OR: [{ round: { lt: before.round } }, { round: before.round, attempt: { lt: before.attempt } }] }) },
      orderBy: [{ round: 'desc' }, { attempt: 'desc' }], take: limit, include: { _count: { select: { reports: true } } },
    });
    const commits = await this.database.prisma.commit.findMany({
      where: { runId: run, round: { in: rows.map(({ round }) => round) } }, select: { round: true, attempt: true, reports: true, learningRate: true, coefficientRms: true, stateHash: true } });
    const commitOf = new Map(commits.map((commit) => [`${commit.round}/${commit.attempt}`, commit]));
    return rows.map(({ round, attempt, state, cause, cohort, accepted, openedAt, endedAt, _count }) => ({
      round, attempt, state: z.enum(roundStates).parse(state), cause, selected: cohortSchema.parse(cohort).length, accepted,
      // Retention may have deleted the reports since: the commit still counts them.
      reported: commitOf.get(`${round}/${attempt}`)?.reports ?? _count.reports,
      openedAt, endedAt, commit: commitOf.get(`${round}/${attempt}`) ?? null,
    }));
  }
}
