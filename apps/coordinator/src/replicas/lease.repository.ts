import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** How long a lease is good without being renewed, by the clock of the database: the longest time that a run of a dead leader waits. */
export const leaseMs = 5_000;

/**
 * A replica that said nothing for this long, and whose session with the database has ended, is dead: its process is gone, and nobody waits for
 * its leases to run out. One that stands still keeps its session, and has the whole length of its leases.
 */
const silentMs = 2_000;
/** First key of the advisory locks that say that a replica's session is there; the second is the hash of its id. */
const sessionLock = 7_270_739;

export interface ReplicaRow {
  id: string;
  host: string;
  version: string;
  startedAt: Date;
  /** names of the leases that it holds */
  leases: string[];
}

export const leaseOfRun = (run: number) => `run:${run}` as const;

const until = `clock_timestamp() + ${leaseMs} * interval '1 millisecond'`;

/** The only SQL of replicas and leases. All times are those of the database: replicas need no common clock. Leases do not wait for reports: they have a connection of their own. */
@Injectable()
export class LeaseRepository {
  constructor(private readonly database: Database) {}

  async register({ id, host, version }: { id: string; host: string; version: string }): Promise<void> {
    await this.database.urgent(`INSERT INTO replicas (id, host, version, started_at, expires_at) VALUES ($1, $2, $3, clock_timestamp(), ${until}) ON CONFLICT (id) DO UPDATE SET expires_at = EXCLUDED.expires_at`, [id, host, version]);
  }

  /** Marks the session that beats as this replica's, until it ends. Asked at every beat: the session may be a new one. */
  async markSession(id: string): Promise<void> {
    await this.database.urgent(`
      SELECT pg_try_advisory_lock($1::int4, hashtext($2)) WHERE NOT EXISTS
        (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND classid = $1::int4::oid AND objsubid = 2)`, [sessionLock, id]);
  }

  /** @returns false if the others have taken this replica for dead */
  async beat(id: string): Promise<boolean> {
    return (await this.database.urgent(`UPDATE replicas SET expires_at = ${until} WHERE id = $1 RETURNING id`, [id])).length > 0;
  }

  /**
   * Forgets replicas that were not heard of: they hold nothing, and their devices are connected nowhere.
   * @param judgeSilent  also those whose session is gone; not while all sessions are new, after the database was away
   * @returns their ids
   */
  async buryDead({ judgeSilent }: { judgeSilent: boolean }): Promise<string[]> {
    const rows = await this.database.urgent<{ id: string }>(`
      WITH dead AS (DELETE FROM replicas WHERE expires_at < clock_timestamp() OR ($1 AND expires_at < clock_timestamp() + ${leaseMs - silentMs} * interval '1 millisecond' AND NOT EXISTS
        (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND classid = $2::int4::oid AND objid::int8 = (hashtext(replicas.id)::int8 & 4294967295) AND objsubid = 2 AND granted)) RETURNING id),
      freed AS (DELETE FROM leases USING dead WHERE leases.holder = dead.id),
      gone AS (UPDATE devices SET connected = false, replica_id = NULL FROM dead WHERE devices.replica_id = dead.id)
      SELECT id FROM dead`, [judgeSilent, sessionLock]);
    return rows.map(({ id }) => id);
  }

  async unregister(id: string): Promise<void> {
    await this.database.urgent('DELETE FROM leases WHERE holder = $1', [id]);
    await this.database.urgent('UPDATE devices SET connected = false, replica_id = NULL WHERE replica_id = $1', [id]);
    await this.database.urgent('DELETE FROM replicas WHERE id = $1', [id]);
  }

  async living(): Promise<ReplicaRow[]> {
    const rows = await this.database.urgent<{ id: string; host: string; version: string; started_at: Date; leases: string[] }>(`
      SELECT id, host, version, started_at, coalesce((SELECT array_agg(name ORDER BY name) FROM leases WHERE holder = replicas.id AND expires_at > clock_timestamp()), '{}') AS leases
      FROM replicas WHERE expires_at >= clock_timestamp() ORDER BY started_at, id`);
    return rows.map(({ started_at: startedAt, ...row }) => ({ ...row, startedAt }));
  }

  /** @returns whether the holder has the lease now: it was free, expired, or its own */
  async take(name: string, holder: string): Promise<boolean> {
    return (await this.database.urgent(`
      INSERT INTO leases (name, holder, taken_at, expires_at) VALUES ($1, $2, clock_timestamp(), ${until})
      ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, taken_at = CASE WHEN leases.holder = EXCLUDED.holder THEN leases.taken_at ELSE EXCLUDED.taken_at END, expires_at = ${until}
      WHERE leases.holder = EXCLUDED.holder OR leases.expires_at < clock_timestamp() RETURNING name`, [name, holder])).length > 0;
  }

  /** @returns names that are still the holder's, for another length of a lease; an expired one that nobody took is. */
  async renew(names: readonly string[], holder: string): Promise<string[]> {
    if (names.length === 0) return [];
    const rows = await this.database.urgent<{ name: string }>(`UPDATE leases SET expires_at = ${until} WHERE holder = $1 AND name = ANY($2::text[]) RETURNING name`, [holder, [...names]]);
    return rows.map(({ name }) => name);
  }

  async release(name: string, holder: string): Promise<void> {
    await this.database.urgent('DELETE FROM leases WHERE name = $1 AND holder = $2', [name, holder]);
  }

  /** Names of the leases that somebody holds now. */
  async held(): Promise<string[]> {
    return (await this.database.urgent<{ name: string }>('SELECT name FROM leases WHERE expires_at >= clock_timestamp()')).map(({ name }) => name);
  }
}
