import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import pg from 'pg';
import { openEmbeddedPostgres } from '../database/embedded-postgres.js';
import { lockHome } from '../database/home-lock.js';

/**
 * A connection of its own to the database of a home, beside no coordinator on the embedded one.
 * @throws FleetError `home.in-use`, `database.unavailable`
 */
export async function withClient<T>({ home, url }: { home: string; url: string | null }, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const unlock = url === null ? lockHome(home) : () => {};
  try {
    const embedded = url === null ? await openEmbeddedPostgres(join(home, 'database')) : null;
    try {
      const client = new pg.Client(embedded?.connection ?? { connectionString: url ?? '' });
      await client.connect().catch((cause: unknown) => {
        throw new FleetError('database.unavailable', { problem: 'The database does not accept a connection.', cause });
      });
      try {
        return await work(client);
      } finally {
        await client.end();
      }
    } finally {
      await embedded?.close();
    }
  } finally {
    unlock();
  }
}
