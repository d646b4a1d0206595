import { Injectable } from '@nestjs/common';
import { type ClassSums } from '@seedfleet/rounds';
import { z } from 'zod';
import { Database, type Transaction } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

/** Sums over all held-out examples of the devices that answered. */
export interface EvaluationRow {
  round: number;
  lossSum: number;
  correct: number;
  count: number;
  devices: number;
  at: Date;
  /** null where a device sent none */
  perClass: ClassSums | null;
}

const counts = z.array(z.int());
export const perClassSchema = z.object({ actual: counts, predicted: counts, correct: counts }).nullable();

const columns = { round: true, lossSum: true, correct: true, count: true, devices: true, at: true, perClass: true } as const;

/** The only Prisma of evaluations. */
@Injectable()
export class EvaluationRepository {
  constructor(private readonly database: Database) {}

  /** Says to other replicas that their devices are asked now. */
  async open(run: number, round: number, tx: Transaction): Promise<void> {
    await tx.run.update({ where: { id: run }, data: { evaluating: round }, select: { id: true } });
  }

  /** Once for each round: an evaluation that is repeated after a restart stands in place of the first. */
  async save(run: number, evaluation: EvaluationRow, tx: Transaction): Promise<void> {
    const { round, perClass, ...rest } = evaluation;
    const sums = { ...rest, perClass: perClass === null ? Prisma.DbNull : { actual: [...perClass.actual], predicted: [...perClass.predicted], correct: [...perClass.correct] } };
    await tx.evaluation.upsert({ where: { runId_round: { runId: run, round } }, create: { runId: run, round, ...sums }, update: sums });
  }

  async list(run: number): Promise<EvaluationRow[]> {
    return (await this.database.prisma.evaluation.findMany({ where: { runId: run }, orderBy: { round: 'asc' }, select: columns })).map(toRow);
  }

  async findLast(run: number): Promise<EvaluationRow | null> {
    const row = await this.database.prisma.evaluation.findFirst({ where: { runId: run }, orderBy: { round: 'desc' }, select: columns });
    return row === null ? null : toRow(row);
  }
}

function toRow({ perClass, ...row }: Omit<EvaluationRow, 'perClass'> & { perClass: unknown }): EvaluationRow {
  return { ...row, perClass: perClassSchema.parse(perClass) };
}
