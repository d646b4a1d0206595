import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** Sums over all held-out examples of the devices that answered. */
export interface EvaluationRow {
  round: number;
  lossSum: number;
  correct: number;
  count: number;
  devices: number;
  at: Date;
}

const columns = { round: true, lossSum: true, correct: true, count: true, devices: true, at: true } as const;

/** The only Prisma of evaluations. */
@Injectable()
export class EvaluationRepository {
  constructor(private readonly database: Database) {}

  /** Once for each round: an evaluation that is repeated after a restart stands in place of the first. */
  async save(run: number, evaluation: EvaluationRow): Promise<void> {
    const { round, ...sums } = evaluation;
    await this.database.prisma.evaluation.upsert({ where: { runId_round: { runId: run, round } }, create: { runId: run, ...evaluation }, update: sums });
  }

  async list(run: number): Promise<EvaluationRow[]> {
    return this.database.prisma.evaluation.findMany({ where: { runId: run }, orderBy: { round: 'asc' }, select: columns });
  }

  async findLast(run: number): Promise<EvaluationRow | null> {
    return this.database.prisma.evaluation.findFirst({ where: { runId: run }, orderBy: { round: 'desc' }, select: columns });
  }
}
