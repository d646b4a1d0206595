import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';
import { perClassSchema, type EvaluationRow } from '../rounds/evaluation.repository.js';

/** What a list of runs shows beside each run. */
export interface Figures {
  /** the last commit */
  head: { hash: Uint8Array; stateHash: Uint8Array } | null;
  /** the newest evaluation */
  last: EvaluationRow | null;
  /** devices that it may ask */
  devices: number;
}

interface Row {
  id: number; devices: number; hash: Uint8Array | null; state_hash: Uint8Array | null;
  evaluated: number | null; loss_sum: number; correct: number; count: number; evaluators: number; at: Date; per_class: unknown;
}

/** Figures of many runs by one statement: a page of a hundred asks the database as often as one run does. */
@Injectable()
export class RunFigures {
  constructor(private readonly database: Database) {}

  async find(ids: readonly number[]): Promise<Map<number, Figures>> {
    if (ids.length === 0) return new Map();
    const rows = await this.database.prisma.$queryRaw<Row[]>(Prisma.sql`
      SELECT r.id, c.hash, c.state_hash, e.round AS evaluated, e.loss_sum, e.correct, e.count, e.devices AS evaluators, e.at, e.per_class,
        (SELECT count(*) FROM assignments a WHERE a.run_id = r.id AND NOT a.aside)::int AS devices
      FROM runs r LEFT JOIN commits c ON c.run_id = r.id AND c.round = r.round - 1
      LEFT JOIN LATERAL (SELECT * FROM evaluations WHERE run_id = r.id ORDER BY round DESC LIMIT 1) e ON true
      WHERE r.id IN (${Prisma.join([...ids])})`);
    return new Map(rows.map((row) => [row.id, toFigures(row)]));
  }
}

function toFigures({ devices, hash, state_hash: stateHash, evaluated, loss_sum: lossSum, correct, count, evaluators, at, per_class: perClass }: Row): Figures {
  return {
    devices, head: hash === null || stateHash === null ? null : { hash, stateHash },
    last: evaluated === null ? null : { round: evaluated, lossSum, correct, count, devices: evaluators, at, perClass: perClassSchema.parse(perClass) },
  };
}
