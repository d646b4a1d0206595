import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { FleetError } from '@seedfleet/errors';
import pg from 'pg';
import { openEmbeddedPostgres } from './embedded-postgres.js';
import { Prisma, PrismaClient } from './generated/client.js';
import { applyMigrations } from './migrations.js';

const connectTimeoutMs = 10_000;
/** How long a transaction may wait for a connection, and how long it may take: the embedded database has one connection for all. */
const transactionOptions = { maxWait: 30_000, timeout: 30_000 };

/** What repositories write through when several of them change together. */
export type Transaction = Prisma.TransactionClient;

/** The one Prisma client. Only repositories use it; inside a transaction they use the transaction's client and nothing else. */
export class Database {
  private constructor(
    readonly prisma: PrismaClient,
    readonly kind: 'embedded' | 'postgresql',
    readonly migrationsApplied: readonly string[],
    /** Null on PostgreSQL, which forces its own writes. */
    readonly fsyncCalls: (() => number) | null,
    /** how node-postgres reaches it */
    readonly connection: pg.ClientConfig,
    /** its connections, for those who count them */
    readonly pool: pg.Pool,
    private readonly closeServer: () => Promise<void>,
  ) {}

  /**
   * @param options `url` of a PostgreSQL; without it the embedded database under `home` (whose lock the caller holds)
   * @throws FleetError `database.unavailable` and those of applyMigrations
   */
  static async open(options: { home: string; url: string | null }): Promise<Database> {
    const embedded = options.url === null ? await openEmbeddedPostgres(join(options.home, 'database')) : null;
    const connection: pg.ClientConfig = embedded?.connection ?? { connectionString: options.url ?? '' };
    const close = embedded?.close ?? (async () => {});
    try {
      const migrationsApplied = await migrate(connection);
      // The embedded database is one session: a pool of one lets a query outside of an open transaction show at once.
      const pool = new pg.Pool({ ...connection, max: embedded === null ? 10 : 1, connectionTimeoutMillis: connectTimeoutMs });
      const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: true }) });
      return new Database(prisma, embedded === null ? 'postgresql' : 'embedded', migrationsApplied, embedded?.fsyncCalls ?? null, connection, pool, close);
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** All that `work` does through its transaction, or nothing. Inside, nothing else may ask the database. */
  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.prisma.$transaction(work, transactionOptions);
  }

  /** @throws FleetError `database.unavailable` */
  async requireReady(): Promise<void> {
    try {
      await this.prisma.$queryRaw(Prisma.sql`SELECT 1`);
    } catch (error) {
      throw new FleetError('database.unavailable', { problem: 'The database does not answer.', cause: error });
    }
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect();
    await this.closeServer();
  }
}

async function migrate(connection: pg.ClientConfig): Promise<string[]> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: connectTimeoutMs });
  try {
    await client.connect();
  } catch (error) {
    throw new FleetError('database.unavailable', { problem: 'The database does not accept a connection.', cause: error });
  }
  try {
    return await applyMigrations(client);
  } finally {
    await client.end();
  }
}
