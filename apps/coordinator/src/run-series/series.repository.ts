import { Injectable } from '@nestjs/common';
import { type EvaluationSeriesName, type RoundSeriesName, type SeriesAxis, type SeriesName, type SeriesTable } from '@seedfleet/protocol';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';
import { type RoundCost } from './round-cost.js';
import { bytesColumn, evaluationColumns, roundColumn } from './series-columns.js';

export interface SeriesWindow {
  run: number;
  x: SeriesAxis;
  /** at most so many */
  points: number;
  /** first and last round */
  from: number;
  to: number;
  cost: RoundCost;
  devices: number;
}

interface PointRow extends Record<string, number | null> { x: number; first: number; last: number }

const attempts = Prisma.raw(`rounds r
  LEFT JOIN commits c ON c.run_id = r.run_id AND c.round = r.round AND c.attempt = r.attempt
  LEFT JOIN round_statistics s ON s.run_id = r.run_id AND s.round = r.round AND s.attempt = r.attempt`);

/** Curves of a run, reduced by the database: neither their memory nor their answer grows with the run. */
@Injectable()
export class SeriesRepository {
  constructor(private readonly database: Database) {}

  /** Of attempts that ended. */
  async rounds(window: SeriesWindow, names: readonly RoundSeriesName[]): Promise<SeriesTable> {
    const { run, from, to, x } = window;
    const where = Prisma.sql`r.run_id = ${run} AND r.ended_at IS NOT NULL`;
    const axis = x === 'round' ? Prisma.raw('r.round::float8') : x === 'time' ? Prisma.raw('extract(epoch FROM r.ended_at)::float8')
      : Prisma.sql`sum(${bytesColumn(window.cost, window.devices)}) OVER (ORDER BY r.round, r.attempt)`;
    // What adds up from the first round on is added before the window is cut out.
    const source = Prisma.sql`SELECT r.round, ${axis} AS x, row_number() OVER (ORDER BY r.round, r.attempt) AS n${columnsOf(names, (name) => roundColumn(name, window))}
      FROM ${attempts} WHERE ${where}`;
    const [count] = await this.database.prisma.$queryRaw<{ rows: number }[]>(Prisma.sql`SELECT count(*)::int AS rows FROM rounds r WHERE ${where} AND r.round BETWEEN ${from} AND ${to}`);
    return this.reduce({ source, rows: count?.rows ?? 0, names, window });
  }

  async evaluations(window: SeriesWindow, names: readonly EvaluationSeriesName[]): Promise<SeriesTable> {
    const { run, from, to, x } = window;
    // Added up once for all rounds, and looked up for each evaluation: what had been sent when its round, the next one, was not begun.
    const spent = Prisma.sql`LEFT JOIN (SELECT round + 1 AS round, max(total) AS total FROM
      (SELECT r.round, sum(${bytesColumn(window.cost, window.devices)}) OVER (ORDER BY r.round, r.attempt) AS total FROM ${attempts} WHERE r.run_id = ${run} AND r.ended_at IS NOT NULL) AS sums GROUP BY round) AS spent ON spent.round = e.round`;
    const axis = Prisma.raw({ round: 'e.round::float8', time: 'extract(epoch FROM e.at)::float8', bytes: 'coalesce(spent.total, 0)' }[x]);
    const source = Prisma.sql`SELECT e.round, ${axis} AS x, row_number() OVER (ORDER BY e.round) AS n${columnsOf(names, (name) => evaluationColumns[name])}
      FROM evaluations e ${x === 'bytes' ? spent : Prisma.empty} WHERE e.run_id = ${run}`;
    const [count] = await this.database.prisma.$queryRaw<{ rows: number }[]>(Prisma.sql`SELECT count(*)::int AS rows FROM evaluations e WHERE e.run_id = ${run} AND e.round BETWEEN ${from} AND ${to}`);
    return this.reduce({ source, rows: count?.rows ?? 0, names, window });
  }

  private async reduce({ source, rows, names, window: { points, from, to } }: { source: Prisma.Sql; rows: number; names: readonly SeriesName[]; window: SeriesWindow }): Promise<SeriesTable> {
    const rowsPerPoint = Math.max(1, Math.ceil(rows / points));
    const reduced = names.map((_, i) => Prisma.raw(rowsPerPoint === 1 ? `max(v${i}) AS v${i}` : `avg(v${i}) AS v${i}, min(v${i}) AS l${i}, max(v${i}) AS h${i}`));
    const found = await this.database.prisma.$queryRaw<PointRow[]>(Prisma.sql`
      WITH source AS (${source}), cut AS (SELECT *, row_number() OVER (ORDER BY n) - 1 AS place FROM source WHERE round BETWEEN ${from} AND ${to})
      SELECT avg(x)::float8 AS x, min(round) AS first, max(round) AS last, ${Prisma.join(reduced)} FROM cut GROUP BY place / ${rowsPerPoint}::int ORDER BY min(n)`);
    const values = (letter: string, i: number) => found.map((row) => row[`${letter}${i}`] ?? null);
    return {
      rows, rowsPerPoint, x: found.map(({ x }) => x), firstRound: found.map(({ first }) => first), lastRound: found.map(({ last }) => last),
      series: Object.fromEntries(names.map((name, i) => [name, { mean: values('v', i), ...(rowsPerPoint === 1 ? {} : { min: values('l', i), max: values('h', i) }) }])),
    };
  }
}

function columnsOf<N extends SeriesName>(names: readonly N[], columnOf: (name: N) => Prisma.Sql): Prisma.Sql {
  return Prisma.sql`, ${Prisma.join(names.map((name, i) => Prisma.sql`${columnOf(name)} AS ${Prisma.raw(`v${i}`)}`))}`;
}
