/**
 * Writes the next migration from the difference of prisma/schema.prisma and prisma/migrations, offline: Prisma's own
 * schema engine as WebAssembly over an in-memory PGlite. (`prisma migrate` needs a native engine that it downloads.)
 *
 *   node prisma/scripts/next-migration.mjs NAME     write prisma/migrations/<time>_<name>/migration.sql
 *   node prisma/scripts/next-migration.mjs --check  exit 1 when the schema has something that no migration makes
 *
 * Read the SQL before committing it; CHECK constraints and data changes are added by hand.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';

const prismaFolder = fileURLToPath(new URL('..', import.meta.url));
const migrationsFolder = `${prismaFolder}migrations`;

/** The engine's WebAssembly, instantiated by hand: Node 20 does not import .wasm. */
async function loadEngine() {
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bindings = await import(entry);
  const { instance } = await WebAssembly.instantiate(readFileSync(entry.replace(/\.js$/, '.wasm')), { './schema_engine_bg.js': bindings });
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => console.error(message) };
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return bindings.SchemaEngine;
}

let databases = 0;

/** PostgreSQL's catalogs have columns of type "char" (18), which Prisma's pg adapter does not know: handed on as characters. */
function readCatalogCharacters(adapter) {
  const catalogCharacter = 18, text = 25;
  const charactersOf = new WeakMap();
  const performIO = adapter.performIO.bind(adapter);
  adapter.performIO = async (query) => {
    const result = await performIO(query);
    charactersOf.set(result.rows, result.fields.map((field) => field.dataTypeID === catalogCharacter));
    for (const field of result.fields) if (field.dataTypeID === catalogCharacter) field.dataTypeID = text;
    return result;
  };
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (query) => {
    const { rows, columnNames, columnTypes } = await queryRaw(query);
    const isCharacter = charactersOf.get(rows);
    return { rows, columnNames, columnTypes: columnTypes.map((type, index) => (isCharacter[index] ? ColumnTypeEnum.Character : type)) };
  };
}

/** An empty database behind Prisma's pg adapter. Scripts go to PGlite whole: the adapter would split them at every `;`. */
async function emptyDatabase() {
  const db = await PGlite.create();
  const port = 20000 + (process.pid % 20000) + databases++;
  const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port, maxConnections: 5 });
  await server.start();
  const adapter = await new PrismaPg({ connectionString: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`, max: 1 }).connect();
  adapter.executeScript = async (script) => { await db.exec(script); };
  readCatalogCharacters(adapter);
  return adapter;
}

function migrationList() {
  const directories = readdirSync(migrationsFolder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  return {
    baseDir: migrationsFolder,
    lockfile: { path: 'migration_lock.toml', content: readFileSync(`${migrationsFolder}/migration_lock.toml`, 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: directories.map((path) => ({
      path,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: readFileSync(`${migrationsFolder}/${path}/migration.sql`, 'utf8') } },
    })),
  };
}

async function difference() {
  const SchemaEngine = await loadEngine();
  const schema = { path: `${prismaFolder}schema.prisma`, content: readFileSync(`${prismaFolder}schema.prisma`, 'utf8') };
  const factory = { provider: 'postgres', adapterName: '@prisma/adapter-pg', connect: emptyDatabase, connectToShadowDb: emptyDatabase };
  const engine = await SchemaEngine.new({ datamodels: [[schema.path, schema.content]] }, () => {}, bindMigrationAwareSqlAdapterFactory(factory));
  return engine.diff({
    from: { tag: 'migrations', ...migrationList() },
    to: { tag: 'schemaDatamodel', files: [schema] },
    script: true, exitCode: true, shadowDatabaseUrl: null, filters: { externalTables: [], externalEnums: [] },
  });
}

const argument = process.argv[2];
if (argument === undefined || (argument !== '--check' && !/^[a-z0-9_]+$/.test(argument))) {
  console.error('Usage: next-migration.mjs NAME (a-z, 0-9, _) | --check');
  process.exit(2);
}
const { exitCode, stdout } = await difference();
if (argument === '--check') {
  console.log(exitCode === 0 ? 'Schema and migrations agree.' : `The schema has changes that no migration makes:\n${stdout}`);
  process.exit(exitCode === 0 ? 0 : 1);
}
if (exitCode === 0) {
  console.log('Schema and migrations agree: nothing to write.');
} else {
  const folder = `${migrationsFolder}/${new Date().toISOString().replace(/[-:T]/g, '').slice(0, 14)}_${argument}`;
  mkdirSync(folder);
  writeFileSync(`${folder}/migration.sql`, stdout);
  console.log(`Wrote ${folder}/migration.sql: read it before committing.`);
}
process.exit(0);
