import { aCoordinator } from '../testing/a-coordinator.js';
import { aPostgres } from '../testing/a-postgres.js';

test('a coordinator whose database goes away lives, has started, and is not ready', async () => {
  const postgres = await aPostgres();
  const fleet = await aCoordinator({ databaseUrl: postgres.url });
  try {
    const probe = async (path: string) => {
      const { status, json } = await fleet.call('GET', path, { token: null });
      return [status, json];
    };
    expect(await probe('/startupz')).toEqual([200, { status: 'ok', parts: { start: 'ok' } }]);
    expect(await probe('/readyz')).toEqual([200, { status: 'ok', parts: { database: 'ok', runs: 'ok' } }]);
    postgres.close();
    expect(await probe('/readyz')).toEqual([503, { status: 'failing', parts: { database: 'failing', runs: 'ok' } }]);
    expect(await probe('/startupz')).toEqual([200, { status: 'ok', parts: { start: 'ok' } }]);
    expect(await probe('/livez')).toEqual([200, { status: 'ok', parts: { process: 'ok' } }]);
  } finally {
    await fleet.close();
  }
}, 60_000);
