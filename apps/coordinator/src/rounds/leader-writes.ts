import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';
import { LeadershipLostError } from './leadership-lost-error.js';

export interface Leader {
  run: number;
  fencingToken: number;
}

/** What only the leader of a run writes. Whoever takes the run over waits until it is written, or it is never written. */
@Injectable()
export class LeaderWrites {
  constructor(private readonly database: Database) {}

  /** @throws LeadershipLostError if the token is not the run's newest */
  async as<T>({ run, fencingToken }: Leader, write: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.database.transact(async (tx) => {
      const rows = await tx.$queryRaw<unknown[]>(Prisma.sql`SELECT id FROM runs WHERE id = ${run} AND fencing_token = ${fencingToken} FOR SHARE`);
      if (rows.length === 0) throw new LeadershipLostError(run);
      return write(tx);
    });
  }
}
