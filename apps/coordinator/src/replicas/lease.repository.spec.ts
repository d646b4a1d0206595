import { tmpdir } from 'node:os';
import { Database } from '../database/database.js';
import { aPostgres, type PostgresUnderTest } from '../testing/a-postgres.js';
import { LeaseRepository, leaseMs } from './lease.repository.js';

let postgres: PostgresUnderTest;
let ours: Database;
let leases: LeaseRepository;
const opened: Database[] = [];

const open = async (): Promise<Database> => {
  const database = await Database.open({ home: tmpdir(), url: postgres.url });
  opened.push(database);
  return database;
};

beforeAll(async () => {
  postgres = await aPostgres();
  ours = await open();
  leases = new LeaseRepository(ours);
}, 60_000);

afterAll(async () => {
  for (const database of opened) await database.close();
  postgres.close();
});

/** A replica that leads a run, and says that it lives at its own session. */
async function aReplica(id: string): Promise<{ end(): Promise<void> }> {
  const database = await open();
  const repository = new LeaseRepository(database);
  await repository.register({ id, host: 'here', version: '0' });
  await repository.markSession(id);
  await repository.markSession(id); // as at every beat
  expect(await repository.take(`run:${id}`, id)).toBe(true);
  return { end: async () => {
    await database.close();
    opened.splice(opened.indexOf(database), 1);
  } };
}

/** As if its last beat had been so long ago. */
const silentFor = (id: string, ms: number) => ours.rows(`UPDATE replicas SET expires_at = clock_timestamp() + $2 * interval '1 millisecond' WHERE id = $1`, [id, leaseMs - ms]);
/** The server ends a session a moment after its connection. */
async function buriedSoon(): Promise<string[]> {
  for (;;) {
    const dead = await buried();
    if (dead.length > 0) return dead;
  }
}
const buried = (judgeSilent = true) => leases.buryDead({ judgeSilent });

test('a replica whose session is gone is dead after two seconds of silence, and its leases are free at once', async () => {
  const replica = await aReplica('gone');
  await replica.end();
  expect(await buried()).toEqual([]);
  await silentFor('gone', 2_500);
  // Whose own session is new does not judge: after the database was away all are.
  expect(await buried(false)).toEqual([]);
  expect(await leases.take('run:gone', 'heir')).toBe(false);
  expect(await buriedSoon()).toEqual(['gone']);
  expect(await leases.take('run:gone', 'heir')).toBe(true);
});

test('one that stands still keeps its session, and its leases for their whole length', async () => {
  const replica = await aReplica('still');
  await silentFor('still', leaseMs - 100);
  expect(await buried()).toEqual([]);
  expect(await leases.take('run:still', 'heir')).toBe(false);
  await silentFor('still', leaseMs + 1);
  expect(await buried()).toEqual(['still']);
  await replica.end();
});
