import { FleetError } from '@seedfleet/errors';
import { readFileSync } from 'node:fs';
import { readSettings } from './settings.js';

test('nothing set: the embedded database under the home of the user, on loopback', () => {
  expect(readSettings({ SEEDFLEET_HOME: '' }, '/home/ada')).toEqual({
    home: '/home/ada/.seedfleet/coordinator', host: '127.0.0.1', port: 7337, logLevel: 'info', databaseUrl: null, redisUrl: null,
    retention: { reportDays: 90, reportRounds: 1_000, checkpointEvery: 10 }, smtp: null, publicUrl: null, identity: null, traces: null,
  });
});

test.each([
  ['SEEDFLEET_PORT', 'many'], ['SEEDFLEET_PORT', '70000'], ['SEEDFLEET_LOG_LEVEL', 'loud'], ['DATABASE_URL', 'mysql://x'],
])('%s=%s is refused by the name of the variable', (name, value) => {
  const read = () => readSettings({ [name]: value }, '/home/ada');
  expect(read).toThrow(FleetError);
  expect(read).toThrow(expect.objectContaining({ code: 'settings.invalid', field: name }));
});

test('.env.example names every variable that the coordinator reads', () => {
  const example = readFileSync(new URL('../../../../.env.example', import.meta.url), 'utf8');
  const source = readFileSync(new URL('./settings.ts', import.meta.url), 'utf8');
  const names = [...source.matchAll(/^ {2}([A-Z][A-Z_]+): z\./gm)].map(([, name]) => name ?? '');
  expect(names).toContain('DATABASE_URL');
  for (const name of names) expect(example).toMatch(new RegExp(`^#? ?${name}=`, 'm'));
});
