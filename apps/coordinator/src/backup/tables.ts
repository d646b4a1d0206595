import { type Client } from 'pg';

export interface Table {
  name: string;
  columns: { name: string; type: string }[];
}

/** Kept by the migrations themselves. */
const historyTable = '_prisma_migrations';

/** Every table with its columns, in an order in which each comes after those that it refers to. From the catalog: a new table is in the next backup. */
export async function findTables(client: Client): Promise<Table[]> {
  const { rows: columns } = await client.query<{ table: string; name: string; type: string }>(`
    SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> $1 ORDER BY c.relname, a.attnum`, [historyTable]);
  const { rows: references } = await client.query<{ from: string; to: string }>(`
    SELECT DISTINCT f.relname AS from, t.relname AS to FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
    WHERE k.contype = 'f' AND f.oid <> t.oid`);
  const tables = new Map<string, Table>();
  for (const { table, name, type } of columns) {
    const known = tables.get(table) ?? { name: table, columns: [] };
    known.columns.push({ name, type });
    tables.set(table, known);
  }
  const sorted: Table[] = [];
  const visit = (name: string) => {
    const table = tables.get(name);
    if (table === undefined || sorted.includes(table)) return;
    for (const { from, to } of references) if (from === name) visit(to);
    sorted.push(table);
  };
  for (const name of tables.keys()) visit(name);
  return sorted;
}

/** A name as PostgreSQL quotes it. */
export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
