import { FleetError } from '@seedfleet/errors';
import { equalBytes } from '@seedfleet/ledger';
import { type Database } from '../database/database.js';
import { type Replica } from './replica.js';

/** Only one row is ever there. */
const onlyRow = 1;

/**
 * All replicas sign with one key: devices pin its public half. The database remembers it; a replica with another home is refused before it signs
 * anything. A process that is alone says which key is in use.
 * @throws FleetError `coordinator.other-key`
 */
export async function requireSameKey(database: Database, replica: Replica, publicKey: Uint8Array): Promise<void> {
  const known = replica.isAlone ? 'DO UPDATE SET public_key = EXCLUDED.public_key, since = EXCLUDED.since WHERE coordinator_keys.public_key <> EXCLUDED.public_key' : 'DO NOTHING';
  await database.rows(`INSERT INTO coordinator_keys (id, public_key, since) VALUES ($1, $2, now()) ON CONFLICT (id) ${known}`, [onlyRow, Buffer.from(publicKey)]);
  const [row] = await database.rows<{ public_key: Buffer }>('SELECT public_key FROM coordinator_keys WHERE id = $1', [onlyRow]);
  if (row !== undefined && equalBytes(new Uint8Array(row.public_key), publicKey)) return;
  throw new FleetError('coordinator.other-key', { field: 'SEEDFLEET_HOME', problem: 'The signing key under this home is not the one that the other processes on this database sign with.' });
}
