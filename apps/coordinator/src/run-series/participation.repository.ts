import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

interface AttemptColumn { round: number; attempt: number; committed: boolean }

/** Which device did what in which round. */
@Injectable()
export class ParticipationRepository {
  constructor(private readonly database: Database) {}

  /** The last attempts that ended, oldest first. */
  async findAttempts(run: number, { to, count }: { to: number; count: number }): Promise<AttemptColumn[]> {
    const rows = await this.database.prisma.$queryRaw<AttemptColumn[]>(Prisma.sql`
      SELECT round, attempt, state = 'committed' AS committed FROM rounds WHERE run_id = ${run} AND ended_at IS NOT NULL AND round <= ${to} ORDER BY round DESC, attempt DESC LIMIT ${count}`);
    return rows.reverse();
  }

  /** Devices of the run in the order of their ids. */
  async pageDevices(run: number, { after, limit }: { after: string; limit: number }): Promise<{ device: string; name: string }[]> {
    const rows = await this.database.prisma.assignment.findMany({ where: { runId: run, deviceId: { gt: after } }, orderBy: { deviceId: 'asc' }, take: limit, select: { deviceId: true, device: { select: { name: true } } } });
    return rows.map(({ deviceId, device }) => ({ device: deviceId, name: device.name }));
  }

  /** Letters of `participationCells` for those of the devices that were asked, by device and `round.attempt`. */
  async findCells(run: number, { from, to, devices }: { from: number; to: number; devices: readonly string[] }): Promise<Map<string, string>> {
    const rows = await this.database.prisma.$queryRaw<{ device: string; round: number; attempt: number; cell: string }[]>(Prisma.sql`
      SELECT seat.device, r.round, r.attempt,
        CASE WHEN p.device_id IS NOT NULL THEN CASE WHEN r.state = 'committed' THEN 'c' ELSE 'r' END
          WHEN s.declined @> jsonb_build_array(jsonb_build_array(seat.device)) THEN 'd'
          WHEN s.reported > 0 AND NOT EXISTS (SELECT 1 FROM reports o WHERE o.run_id = r.run_id AND o.round = r.round AND o.attempt = r.attempt) THEN '?' ELSE 's' END AS cell
      FROM rounds r CROSS JOIN LATERAL jsonb_to_recordset(r.cohort) AS seat(device text)
      LEFT JOIN reports p ON p.run_id = r.run_id AND p.round = r.round AND p.attempt = r.attempt AND p.device_id = seat.device
      LEFT JOIN round_statistics s ON s.run_id = r.run_id AND s.round = r.round AND s.attempt = r.attempt
      WHERE r.run_id = ${run} AND r.round BETWEEN ${from} AND ${to} AND r.ended_at IS NOT NULL AND seat.device IN (${Prisma.join([...devices])})`);
    return new Map(rows.map(({ device, round, attempt, cell }) => [`${device} ${round}.${attempt}`, cell]));
  }
}
