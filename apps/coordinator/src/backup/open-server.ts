import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import pg from 'pg';
import { openEmbeddedPostgres } from '../database/embedded-postgres.js';
import { lockHome } from '../database/home-lock.js';
import { askForCopy } from './ask-for-copy.js';

interface Place {
  home: string;
  /** null: the embedded database */
  url: string | null;
}

/**
 * A connection of its own to the database of a home, beside no coordinator on the embedded one.
 * @throws FleetError `home.in-use`, `database.unavailable`
 */
export async function withClient<T>({ home, url }: Place, work: (client: pg.Client) => Promise<T>): Promise<T> {
  if (url !== null) return connected({ connectionString: url }, work);
  const unlock = lockHome(home);
  try {
    return await embedded(join(home, 'database'), work);
  } finally {
    unlock();
  }
}

/**
 * As `withClient`, for reading: of an embedded database that is in use, a copy of this moment.
 * @throws FleetError `home.in-use` if the coordinator on the home cannot give one
 */
export async function withReader<T>(place: Place, work: (client: pg.Client) => Promise<T>): Promise<T> {
  try {
    return await withClient(place, work);
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== 'home.in-use') throw error;
    const copy = await askForCopy(place.home);
    if (copy === null) throw error;
    try {
      return await embedded(copy.directory, work);
    } finally {
      await copy.remove();
    }
  }
}

async function embedded<T>(directory: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const server = await openEmbeddedPostgres(directory);
  try {
    return await connected(server.connection, work);
  } finally {
    await server.close();
  }
}

async function connected<T>(connection: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connection);
  await client.connect().catch((cause: unknown) => {
    throw new FleetError('database.unavailable', { problem: 'The database does not accept a connection.', cause });
  });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
