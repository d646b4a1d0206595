import { FleetError } from '@seedfleet/errors';
import { type Database } from '../database/database.js';

/** A process that takes itself for the only one does not start beside replicas. @throws FleetError `coordinator.not-alone` */
export async function requireAlone(database: Database): Promise<void> {
  if (database.kind === 'embedded') return; // its home is locked
  const others = await database.rows('SELECT id FROM replicas WHERE expires_at >= clock_timestamp()');
  if (others.length > 0) throw new FleetError('coordinator.not-alone', { field: 'SEEDFLEET_REDIS_URL', problem: `${others.length} other coordinator processes serve this database, and this one was started as if it were alone.` });
}
