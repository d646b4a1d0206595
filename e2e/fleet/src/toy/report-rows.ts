import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { type ToyFleet } from './toy-fleet.js';

/** The reports that a worker was told are recorded, from its own log: `device run/round/attempt`. */
export async function acknowledgedReports(fleet: ToyFleet, name: string, run: number): Promise<string[]> {
  const lines = (await fleet.logOf(name)).split('\n').filter((line) => line.includes('"the report was recorded"'));
  return lines.map((line) => JSON.parse(line) as { run: number; round: number; attempt: number })
    .filter((entry) => entry.run === run)
    .map(({ round, attempt }) => `${name} ${run}/${round}/${attempt}`);
}

const reportsOfRun = 'SELECT d.name, r.round, r.attempt FROM reports r JOIN devices d ON d.id = r.device_id WHERE r.run_id = $1';
interface ReportRow { name: string; round: number; attempt: number }

/** The reports in the database of a coordinator that is not running, written the same way. */
export async function storedReports(fleet: ToyFleet, run: number): Promise<string[]> {
  const rows = await (fleet.postgres?.query<ReportRow>(reportsOfRun, [run]) ?? embeddedRows(fleet, run));
  return rows.map(({ name, round, attempt }) => `${name} ${run}/${round}/${attempt}`);
}

async function embeddedRows(fleet: ToyFleet, run: number): Promise<ReportRow[]> {
  const database = await PGlite.create(join(fleet.coordinator.home, 'database'));
  try {
    return (await database.query<ReportRow>(reportsOfRun, [run])).rows;
  } finally {
    await database.close();
  }
}
