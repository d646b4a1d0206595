import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { type Client } from 'pg';
import { version } from '../health/version.js';
import { ArchiveWriter, archiveFormat } from './archive.js';
import { type Seal } from './archive-seal.js';
import { withReader } from './open-server.js';
import { findTables, quoted, type Table } from './tables.js';

const chunkBytes = 1_048_576;
/** Bodies of checkpoints are large: few at a time. */
const rowsPerFetch = (table: string) => (table === 'artifacts' ? 4 : 500);

export interface BackupCounts {
  tables: number;
  rows: number;
  files: number;
}

/**
 * Writes everything that another coordinator needs to go on: keys, all rows as of one instant, and the files of models that they name.
 * The database may be in use meanwhile: PostgreSQL is read in one repeatable-read transaction, of the embedded one a copy is read.
 * @param whoMayRead  null: the archive is not encrypted
 * @throws FleetError `backup.exists`, `backup.no-coordinator`, `backup.file-gone`, `home.in-use`
 */
export async function writeBackup({ home, url, out, at, whoMayRead }: { home: string; url: string | null; out: string; at: Date; whoMayRead: Seal | null }): Promise<BackupCounts> {
  if (!existsSync(join(home, 'signing-key'))) throw new FleetError('backup.no-coordinator', { field: 'SEEDFLEET_HOME', problem: `${home} is no home of a coordinator: it has no signing key.` });
  const archive = new ArchiveWriter(out, whoMayRead);
  try {
    const counts = await withReader({ home, url }, async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await client.query("SET LOCAL TimeZone = 'UTC'");
      const { rows: migrations } = await client.query<{ name: string }>('SELECT migration_name AS name FROM "_prisma_migrations" WHERE finished_at IS NOT NULL ORDER BY 1');
      await archive.write({ format: archiveFormat, version, at: at.toISOString(), migrations: migrations.map(({ name }) => name) });
      const { rows: models } = await client.query<{ path: string }>('SELECT model_id || \'/\' || path AS path FROM model_files WHERE done ORDER BY 1');
      const keys = homeFiles(home);
      for (const file of keys) await writeFile(archive, { home, file });
      const tables = await findTables(client);
      let rows = 0;
      for (const table of tables) rows += await writeRows(archive, client, table);
      await client.query('COMMIT');
      return { tables: tables.length, rows, files: keys.length, models };
    });
    // After the rows: a file that they call done is whole and does not change any more.
    for (const { path } of counts.models) await writeFile(archive, { home, file: join('models', path) });
    await archive.close();
    return { tables: counts.tables, rows: counts.rows, files: counts.files + counts.models.length };
  } catch (error) {
    await archive.abandon();
    throw error;
  }
}

/** Keys and tokens: whatever lies in the home itself, but for the lock and drafts. */
function homeFiles(home: string): string[] {
  return readdirSync(home, { withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.startsWith('coordinator.lock') && !entry.name.endsWith('.new')).map(({ name }) => name).sort();
}

async function writeFile(archive: ArchiveWriter, { home, file }: { home: string; file: string }): Promise<void> {
  await archive.write({ file });
  try {
    for await (const chunk of createReadStream(join(home, file), { highWaterMark: chunkBytes })) await archive.write({ chunk: (chunk as Buffer).toString('base64') });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new FleetError('backup.file-gone', { problem: `${file} is not there any more.`, cause: error });
  }
}

async function writeRows(archive: ArchiveWriter, client: Client, table: Table): Promise<number> {
  await archive.write({ table: table.name, columns: table.columns });
  await client.query(`DECLARE backup_rows NO SCROLL CURSOR FOR SELECT ${table.columns.map(({ name }) => `${quoted(name)}::text`).join(', ')} FROM ${quoted(table.name)}`);
  let rows = 0;
  for (;;) {
    const { rows: page } = await client.query<(string | null)[]>({ text: `FETCH ${rowsPerFetch(table.name)} FROM backup_rows`, rowMode: 'array' });
    for (const row of page) await archive.write(row);
    rows += page.length;
    if (page.length === 0) break;
  }
  await client.query('CLOSE backup_rows');
  return rows;
}
