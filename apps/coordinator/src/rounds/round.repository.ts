import { Injectable } from '@nestjs/common';
import { roundStates } from '@seedfleet/protocol';
import { z } from 'zod';
import { bytea } from '../database/bytea.js';
import { Database } from '../database/database.js';

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

/** The only Prisma of rounds and their reports. Every method that saves is durable when it returns. */
@Injectable()
export class RoundRepository {
  constructor(private readonly database: Database) {}

  async open({ run, round, attempt, cohort, openedAt, deadlineAt }: RoundKey & { cohort: readonly { device: string; group: number }[]; openedAt: Date; deadlineAt: Date }): Promise<void> {
    await this.database.prisma.round.create({ data: { runId: run, round, attempt, state: 'collecting', cohort: cohort.map(({ device, group }) => ({ device, group })), openedAt, deadlineAt } });
  }

  /** All of them in one statement, of one run. */
  async saveReports(run: number, reports: readonly (SavedReport & Omit<RoundKey, 'run'>)[], at: Date): Promise<void> {
    await this.database.prisma.report.createMany({
      data: reports.map(({ round, attempt, device, group, examples, differences }) => ({ runId: run, round, attempt, deviceId: device, group, examples, differences: toBytes(differences), recordedAt: at })),
    });
  }

  async abandon({ run, round, attempt }: RoundKey, { cause, accepted, at }: { cause: string; accepted: number; at: Date }): Promise<void> {
    await this.database.prisma.round.update({ where: { runId_round_attempt: { runId: run, round, attempt } }, data: { state: 'abandoned', cause, accepted, endedAt: at } });
  }

  async findReports({ run, round, attempt }: RoundKey): Promise<SavedReport[]> {
    const rows = await this.database.prisma.report.findMany({ where: { runId: run, round, attempt }, orderBy: { deviceId: 'asc' } });
    return rows.map(({ deviceId, group, examples, differences }) => ({ device: deviceId, group, examples, differences: toDifferences(differences) }));
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
