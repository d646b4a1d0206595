import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { FleetError } from '@seedfleet/errors';
import pg from 'pg';
import { openEmbeddedPostgres } from './embedded-postgres.js';
import { Prisma, PrismaClient } from './generated/client.js';
import { applyMigrations } from './migrations.js';

const connectTimeoutMs = 10_000;
/** On PostgreSQL: a statement that takes longer, or a transaction that is left open, is ended by the server; one that is never answered, by us. */
const statementTimeoutMs = 30_000;
const unansweredTimeoutMs = 40_000;
/** A process that stands still in the middle of a transaction holds its rows so long, and no longer than its leases: then another may lead its runs. */
const idleTransactionTimeoutMs = 5_000;
const urgentTimeoutMs = 3_000;
/** Connections of one process on PostgreSQL. */
const connectionsMax = 10;
/** How long a transaction may wait for a connection, and how long it may take: the embedded database has one connection for all. */
const transactionOptions = { maxWait: 30_000, timeout: 30_000 };

const boundedPool: pg.PoolConfig = {
  max: connectionsMax, statement_timeout: statementTimeoutMs, idle_in_transaction_session_timeout: idleTransactionTimeoutMs, query_timeout: unansweredTimeoutMs, keepAlive: true,
};

/** What repositories write through when several of them change together. */
export type Transaction = Prisma.TransactionClient;

/** The one Prisma client. Only repositories use it; inside a transaction they use the transaction's client and nothing else. */
export class Database {
  private urgentPool: pg.Pool | undefined;

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
      const pool = new pg.Pool({ ...connection, connectionTimeoutMillis: connectTimeoutMs, ...(embedded === null ? boundedPool : { max: 1 }) });
      // A connection that breaks while nobody uses it: the next query opens another.
      pool.on('error', () => undefined);
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

  /** One statement in SQL, for what Prisma cannot say or says too slowly; columns as node-postgres reads them. Never inside a transaction. */
  async rows<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  /** As `rows`, on a connection of its own: what is urgent does not wait for what is much. */
  async urgent<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    this.urgentPool ??= new pg.Pool({ ...this.connection, ...boundedPool, max: 1, connectionTimeoutMillis: urgentTimeoutMs, statement_timeout: urgentTimeoutMs, query_timeout: urgentTimeoutMs }).on('error', () => undefined);
    return (await this.urgentPool.query<Row>(text, values)).rows;
  }

  /** What one process at a time may do, on a connection of its own: the others wait for it. */
  async alone<T>(lock: number, work: () => Promise<T>): Promise<T> {
    if (this.kind === 'embedded') return work(); // one connection, one process
    const client = new pg.Client({ ...this.connection, connectionTimeoutMillis: connectTimeoutMs });
    await client.connect();
    try {
      await client.query('SELECT pg_advisory_lock($1)', [lock]);
      return await work();
    } finally {
      await client.end(); // which lets go of the lock
    }
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
    await this.urgentPool?.end();
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
