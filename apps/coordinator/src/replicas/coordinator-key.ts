import { existsSync } from 'node:fs';
import { FleetError } from '@seedfleet/errors';
import { equalBytes } from '@seedfleet/ledger';
import { type Clock, type Luck } from '../app/surroundings.js';
import { type Database } from '../database/database.js';
import { KeyRing } from '../keys/key-ring.js';
import { type Replica } from './replica.js';

/** Only one row is ever there. */
const onlyRow = 1;

const refused = (problem: string) => new FleetError('coordinator.other-key', { field: 'SEEDFLEET_HOME', problem });

async function knownKey(database: Database): Promise<Uint8Array | null> {
  const [row] = await database.rows<{ public_key: Buffer }>('SELECT public_key FROM coordinator_keys WHERE id = $1', [onlyRow]);
  return row === undefined ? null : new Uint8Array(row.public_key);
}

/**
 * The keys under the home. All replicas sign with one key: devices pin its public half. The database remembers it; a replica with another home is
 * refused before it signs anything, and makes no key where there should be one: a shared disk may show a new file late. A process that is alone says
 * which key is in use. For one process at a time.
 * @throws FleetError `coordinator.other-key` and those of KeyRing.open
 */
export async function openKeys(home: string, { database, replica, ...surroundings }: { database: Database; replica: Replica; clock: Clock; luck: Luck }): Promise<KeyRing> {
  if (!replica.isAlone && !existsSync(KeyRing.pathIn(home)) && await knownKey(database) !== null) throw refused('There is no signing key under this home, and other processes on this database sign with one.');
  const keys = KeyRing.open(home, surroundings);
  const known = replica.isAlone ? 'DO UPDATE SET public_key = EXCLUDED.public_key, since = EXCLUDED.since WHERE coordinator_keys.public_key <> EXCLUDED.public_key' : 'DO NOTHING';
  await database.rows(`INSERT INTO coordinator_keys (id, public_key, since) VALUES ($1, $2, now()) ON CONFLICT (id) ${known}`, [onlyRow, Buffer.from(keys.publicKey)]);
  const theirs = await knownKey(database);
  if (theirs === null || !equalBytes(theirs, keys.publicKey)) throw refused('The signing key under this home is not the one that the other processes on this database sign with.');
  return keys;
}
