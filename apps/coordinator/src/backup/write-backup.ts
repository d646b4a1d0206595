import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { type Client } from 'pg';
import { version } from '../health/version.js';
import { ArchiveWriter, archiveFormat } from './archive.js';
import { withClient } from './open-server.js';
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
 * Writes everything that another coordinator needs to go on: all rows as of one instant, keys, and files of models.
 * PostgreSQL may be in use meanwhile (one repeatable-read transaction); the embedded database may not.
 * @throws FleetError `backup.exists`, `home.in-use`, `backup.no-coordinator`
 */
export async function writeBackup({ home, url, out, at }: { home: string; url: string | null; out: string; at: Date }): Promise<BackupCounts> {
  if (!existsSync(join(home, 'signing-key'))) throw new FleetError('backup.no-coordinator', { field: 'SEEDFLEET_HOME', problem: `${home} is no home of a coordinator: it has no signing key.` });
  const archive = new ArchiveWriter(out);
  try {
    const counts = await withClient({ home, url }, async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await client.query("SET LOCAL TimeZone = 'UTC'");
      const { rows: migrations } = await client.query<{ name: string }>('SELECT migration_name AS name FROM "_prisma_migrations" WHERE finished_at IS NOT NULL ORDER BY 1');
      await archive.write({ format: archiveFormat, version, at: at.toISOString(), migrations: migrations.map(({ name }) => name) });
      const { rows: models } = await client.query<{ path: string }>('SELECT model_id || \'/\' || path AS path FROM model_files WHERE done ORDER BY 1');
      const files = [...homeFiles(home), ...models.map(({ path }) => join('models', path))];
      for (const file of files) await writeFile(archive, { home, file });
      const tables = await findTables(client);
      let rows = 0;
      for (const table of tables) rows += await writeRows(archive, client, table);
      await client.query('COMMIT');
      return { tables: tables.length, rows, files: files.length };
    });
    await archive.close();
    return counts;
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
  for await (const chunk of createReadStream(join(home, file), { highWaterMark: chunkBytes })) await archive.write({ chunk: (chunk as Buffer).toString('base64') });
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
