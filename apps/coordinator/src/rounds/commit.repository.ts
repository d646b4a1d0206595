import { Injectable } from '@nestjs/common';
import { InvariantError } from '@seedfleet/errors';
import { bytea } from '../database/bytea.js';
import { Database } from '../database/database.js';

export interface NewCommit {
  run: number;
  fencingToken: number;
  round: number;
  attempt: number;
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
   * @throws InvariantError if another coordinator leads the run by now, or the log is elsewhere than we believe
   */
  async save({ run, fencingToken, accepted, at, ...commit }: NewCommit): Promise<void> {
    const { round, attempt } = commit;
    await this.database.prisma.$transaction(async (tx) => {
      const { count } = await tx.run.updateMany({ where: { id: run, fencingToken, round }, data: { round: round + 1 } });
      if (count === 0) throw new InvariantError(`run ${run} is led by another coordinator, or its log does not end at round ${round}`);
      await tx.commit.create({
        data: { ...commit, runId: run, bytes: bytea(commit.bytes), hash: bytea(commit.hash), stateHash: bytea(commit.stateHash), reportsSalt: bytea(commit.reportsSalt), committedAt: at },
      });
      await tx.round.update({ where: { runId_round_attempt: { runId: run, round, attempt } }, data: { state: 'committed', accepted, endedAt: at } });
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
