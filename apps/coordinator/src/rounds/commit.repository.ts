import { Injectable } from '@nestjs/common';
import { InvariantError } from '@seedfleet/errors';
import { bytea } from '../database/bytea.js';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';
import { type Leader } from './leader-writes.js';
import { LeadershipLostError } from './leadership-lost-error.js';
import { findReports, type RoundKey, type SavedReport } from './round.repository.js';

/** What a leader makes of the reports of a round. */
export interface NewCommit {
  bytes: Uint8Array;
  hash: Uint8Array;
  stateHash: Uint8Array;
  reportsSalt: Uint8Array;
  learningRate: number;
  coefficientRms: number;
  reports: number;
  /** devices that accepted the attempt */
  accepted: number;
  at: Date;
}

/** The only Prisma of the logs of runs. */
@Injectable()
export class CommitRepository {
  constructor(private readonly database: Database) {}

  /**
   * The commit, the end of its round and the head of its run, in one transaction: durable when this returns.
   * @param make makes the row of all reports of the attempt, sorted by device, while no process can add one
   * @returns what `make` made
   * @throws LeadershipLostError if another process leads the run by now
   * @throws InvariantError if the log is elsewhere than we believe
   */
  async save<Made extends { row: NewCommit }>({ run, round, attempt, fencingToken }: RoundKey & Leader, make: (reports: SavedReport[]) => Made): Promise<Made> {
    return this.database.transact(async (tx) => {
      const [head] = await tx.$queryRaw<{ round: number }[]>(Prisma.sql`UPDATE runs SET round = round + 1 WHERE id = ${run} AND fencing_token = ${fencingToken} RETURNING round`);
      if (head === undefined) throw new LeadershipLostError(run);
      if (head.round !== round + 1) throw new InvariantError(`the log of run ${run} does not end at round ${round}`);
      // Waits for reports that are being saved; those that come later find the round closed.
      await tx.$queryRaw(Prisma.sql`SELECT attempt FROM rounds WHERE run_id = ${run} AND round = ${round} AND attempt = ${attempt} FOR UPDATE`);
      const made = make(await findReports(tx, { run, round, attempt }));
      const { accepted, at, ...commit } = made.row;
      await tx.commit.create({
        data: { ...commit, runId: run, round, attempt, bytes: bytea(commit.bytes), hash: bytea(commit.hash), stateHash: bytea(commit.stateHash), reportsSalt: bytea(commit.reportsSalt), committedAt: at },
      });
      await tx.round.update({ where: { runId_round_attempt: { runId: run, round, attempt } }, data: { state: 'committed', accepted, endedAt: at } });
      return made;
    });
  }

  /** Commits from a round on, at most so many and so many bytes (but at least one). */
  async tail({ run, from, countMax, bytesMax }: { run: number; from: number; countMax: number; bytesMax: number }): Promise<Uint8Array[]> {
    const rows = await this.database.prisma.commit.findMany({ where: { runId: run, round: { gte: from } }, orderBy: { round: 'asc' }, take: countMax, select: { bytes: true } });
    const page: Uint8Array[] = [];
    let bytes = 0;
    for (const row of rows) {
      bytes += row.bytes.length;
      if (page.length > 0 && bytes > bytesMax) break;
      page.push(row.bytes);
    }
    return page;
  }

  async findStateHash(run: number, round: number): Promise<Uint8Array | null> {
    const row = await this.database.prisma.commit.findUnique({ where: { runId_round: { runId: run, round } }, select: { stateHash: true } });
    return row?.stateHash ?? null;
  }

  /** The last commit of a run. */
  async findHead(run: number): Promise<{ round: number; hash: Uint8Array; stateHash: Uint8Array } | null> {
    return this.database.prisma.commit.findFirst({ where: { runId: run }, orderBy: { round: 'desc' }, select: { round: true, hash: true, stateHash: true } });
  }
}
