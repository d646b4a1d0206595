import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FleetError } from '@seedfleet/errors';
import { type Client } from 'pg';

/** The same number as Prisma's own tools take: nobody migrates beside us. */
const advisoryLock = 72707369;
export const migrationsFolder = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url));

interface Migration { name: string; sql: string; checksum: string }

function readMigrations(folder: string): Migration[] {
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'migration.sql'))).sort().map((name) => {
    const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
    return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
}

/** Prisma's table, so that its tools understand our databases. */
const historyTable = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ, "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT, "rolled_back_at" TIMESTAMPTZ, "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`;

async function readHistory(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ migration_name: string; checksum: string }>(
    'SELECT migration_name, checksum FROM "_prisma_migrations" WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL');
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

async function apply(client: Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(`INSERT INTO "_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count)
      VALUES (gen_random_uuid()::text, $1, $2, now(), 1)`, [migration.checksum, migration.name]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new FleetError('database.migration-failed', { problem: `Migration ${migration.name} failed; nothing of it was applied.`, cause: error });
  }
}

/**
 * Brings the database to the newest migration, each file in one transaction with its row of history.
 * @param only  names that are applied at most: rows of an older backup want the tables of their time
 * @returns the names applied now
 * @throws FleetError `database.migration-edited`, `database.newer`, `database.migration-failed`
 */
export async function applyMigrations(client: Client, folder = migrationsFolder, only?: readonly string[]): Promise<string[]> {
  const migrations = readMigrations(folder);
  await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
  try {
    await client.query(historyTable);
    const history = await readHistory(client);
    for (const [name, checksum] of history) {
      const known = migrations.find((migration) => migration.name === name);
      if (known === undefined) throw new FleetError('database.newer', { problem: `The database has migration ${name}, which this version does not know.` });
      if (known.checksum !== checksum) throw new FleetError('database.migration-edited', { problem: `Migration ${name} was edited after it was applied.` });
    }
    const missing = migrations.filter(({ name }) => !history.has(name) && (only === undefined || only.includes(name)));
    for (const migration of missing) await apply(client, migration);
    return missing.map((migration) => migration.name);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [advisoryLock]);
  }
}
