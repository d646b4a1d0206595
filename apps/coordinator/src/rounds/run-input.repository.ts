import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Replica } from '../replicas/replica.js';
import { runInputSchema, type RunInput } from './run-input.js';

export interface SentInput {
  id: string;
  /** that the device is connected to, or that an operator asked */
  replica: string;
  /** null: of a version that this one does not know */
  input: RunInput | null;
}

/** Inputs that one look at the table takes. */
const rowsMax = 1_000;

/** The only SQL of inputs on their way to the replica that leads their run. */
@Injectable()
export class RunInputRepository {
  constructor(private readonly database: Database, private readonly replica: Replica) {}

  /** All of them in one statement, in their order; durable when this resolves. */
  async send(inputs: readonly { run: number; input: RunInput }[], at: Date): Promise<void> {
    await this.database.rows(`
      INSERT INTO run_inputs (run_id, replica_id, input, at)
      SELECT run, $3, input, $4 FROM unnest($1::int[], $2::jsonb[]) WITH ORDINALITY AS sent (run, input, place) ORDER BY place`,
    [inputs.map(({ run }) => run), inputs.map(({ input }) => JSON.stringify(input)), this.replica.id, at]);
  }

  /** In the order of their arrival, for the leader of the run; they stay until they are forgotten. */
  async read(run: number): Promise<SentInput[]> {
    const rows = await this.database.rows<{ id: string; replica_id: string; input: unknown }>('SELECT id, replica_id, input FROM run_inputs WHERE run_id = $1 ORDER BY id LIMIT $2', [run, rowsMax]);
    return rows.map(({ id, replica_id: replica, input }) => ({ id, replica, input: runInputSchema.safeParse(input).data ?? null }));
  }

  /** They were heard. A replica that no longer leads the run forgets nothing: its successor has not heard them. @returns whether it leads */
  async forget(run: number, ids: readonly string[], fencingToken: number): Promise<boolean> {
    const rows = await this.database.rows(`
      WITH led AS (SELECT id FROM runs WHERE id = $1 AND fencing_token = $3 FOR SHARE)
      DELETE FROM run_inputs USING led WHERE run_inputs.run_id = led.id AND run_inputs.id = ANY($2::bigint[]) RETURNING run_inputs.id`, [run, [...ids], fencingToken]);
    return rows.length > 0;
  }

  /** Of runs that are over, nobody hears any more. */
  async dropOver(): Promise<void> {
    await this.database.rows(`DELETE FROM run_inputs USING runs WHERE runs.id = run_inputs.run_id AND runs.state NOT IN ('running', 'paused')`);
  }

  async countOf(runs: readonly number[]): Promise<Map<number, number>> {
    const rows = await this.database.rows<{ run_id: number; count: string }>('SELECT run_id, count(*) AS count FROM run_inputs WHERE run_id = ANY($1::int[]) GROUP BY run_id', [[...runs]]);
    return new Map(rows.map((row) => [row.run_id, Number(row.count)]));
  }
}
