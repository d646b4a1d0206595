import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { type Client } from 'pg';
import { applyMigrations, migrationsFolder } from '../database/migrations.js';
import { archiveFormat, readArchive, type ArchiveHead } from './archive.js';
import { type SealKey } from './archive-seal.js';
import { withClient } from './open-server.js';
import { findTables, quoted, type Table } from './tables.js';
import { type BackupCounts } from './write-backup.js';

/**
 * Makes an empty home and an empty database what they were when the archive was written. The archive is checked to its end before anything is
 * touched; rows come in one transaction, after the keys: what breaks off leaves a database without rows, never rows without their keys.
 * A newer coordinator migrates the rows at its next start.
 * @param key  what opens an encrypted archive
 * @throws FleetError `backup.damaged`, `backup.newer`, `backup.sealed`, `backup.wrong-key`, `restore.not-empty`, `home.in-use`
 */
export async function restoreBackup({ home, url, from, key }: { home: string; url: string | null; from: string; key: SealKey | null }): Promise<BackupCounts> {
  const head = await check(from, key);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (readdirSync(home).length > 0) throw new FleetError('restore.not-empty', { field: 'SEEDFLEET_HOME', problem: `${home} is not empty.` });
  try {
    return await withClient({ home, url }, async (client) => {
      for (const { name } of await findTables(client)) {
        const { rowCount } = await client.query(`SELECT 1 FROM ${quoted(name)} LIMIT 1`);
        if (rowCount !== 0) throw new FleetError('restore.not-empty', { field: 'DATABASE_URL', problem: `The database has rows in ${name}.` });
      }
      await applyMigrations(client, migrationsFolder, head.migrations);
      return load(client, { home, from, key });
    });
  } catch (error) {
    // The folder was empty: it is again.
    for (const name of readdirSync(home)) rmSync(join(home, name), { recursive: true, force: true });
    throw error;
  }
}

/** Reads the whole archive once. */
async function check(from: string, key: SealKey | null): Promise<ArchiveHead> {
  if (!existsSync(from)) throw new FleetError('backup.damaged', { field: 'from', problem: `There is no file ${from}.` });
  let head: ArchiveHead | null = null;
  for await (const line of readArchive(from, key)) {
    if (head === null && !Array.isArray(line) && 'format' in line && line.format === archiveFormat) head = line;
    if (head === null) throw new FleetError('backup.damaged', { field: 'from', problem: `${from} is no ${archiveFormat}.` });
    if (!Array.isArray(line) && 'file' in line) requireInside(line.file);
  }
  if (head === null) throw new FleetError('backup.damaged', { field: 'from', problem: `${from} is empty.` });
  const unknown = head.migrations.find((name) => !existsSync(join(migrationsFolder, name)));
  if (unknown !== undefined) throw new FleetError('backup.newer', { field: 'from', problem: `The archive is of version ${head.version} and has migration ${unknown}, which this version does not know.` });
  return head;
}

/** No archive writes outside of the home. */
function requireInside(file: string): void {
  if (file !== normalize(file) || file.startsWith('/') || file.split('/').includes('..')) throw new FleetError('backup.damaged', { field: 'from', problem: 'The archive names a file outside of the home.' });
}

async function load(client: Client, { home, from, key }: { home: string; from: string; key: SealKey | null }): Promise<BackupCounts> {
  const known = await findTables(client);
  const counts = { tables: 0, rows: 0, files: 0 };
  let file: FileHandle | null = null;
  let insert = '';
  const closeFile = async () => {
    await file?.sync();
    await file?.close();
    file = null;
  };
  await client.query('BEGIN');
  await client.query("SET LOCAL TimeZone = 'UTC'");
  try {
    for await (const line of readArchive(from, key)) {
      if (Array.isArray(line)) {
        await client.query(insert, line);
        counts.rows += 1;
      } else if ('table' in line) {
        insert = insertInto(requireTable(line, known));
        counts.tables += 1;
      } else if ('file' in line) {
        await closeFile();
        mkdirSync(dirname(join(home, line.file)), { recursive: true, mode: 0o700 });
        file = await open(join(home, line.file), 'wx', 0o600);
        counts.files += 1;
      } else if ('chunk' in line) {
        await file?.write(Buffer.from(line.chunk, 'base64'));
      }
    }
    await closeFile();
    await setSequences(client);
    await client.query('COMMIT');
    return counts;
  } catch (error) {
    await closeFile();
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

function requireTable(table: { table: string; columns: Table['columns'] }, known: readonly Table[]): Table {
  const ours = known.find(({ name }) => name === table.table);
  const columns = table.columns.map(({ name }) => ours?.columns.find((column) => column.name === name));
  if (ours === undefined || columns.includes(undefined)) throw new FleetError('backup.damaged', { field: 'from', problem: `The archive has a table ${table.table} that its migrations do not make.` });
  return { name: ours.name, columns: columns.filter((column) => column !== undefined) };
}

const insertInto = ({ name, columns }: Table) =>
  `INSERT INTO ${quoted(name)} (${columns.map((column) => quoted(column.name)).join(', ')}) VALUES (${columns.map(({ type }, index) => `$${index + 1}::${type}`).join(', ')})`;

/** Numbers go on after the highest: a run's number is never given twice. */
async function setSequences(client: Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(`
    SELECT c.relname AS table, a.attname AS column, pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS sequence
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL`);
  for (const { table, column, sequence } of rows) {
    await client.query(`SELECT setval($1, (SELECT max(${quoted(column)}) FROM ${quoted(table)})) WHERE EXISTS (SELECT 1 FROM ${quoted(table)})`, [sequence]);
  }
}
