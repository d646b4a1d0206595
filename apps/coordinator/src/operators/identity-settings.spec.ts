import { FleetError } from '@seedfleet/errors';
import { readSettings } from '../app/settings.js';

const provider = { SEEDFLEET_OIDC_ISSUER: 'https://accounts.fleet.example', SEEDFLEET_OIDC_CLIENT_ID: 'seedfleet', SEEDFLEET_OIDC_ROLES: 'a=b=admin, *=viewer' };
const identityOf = (change: Record<string, string>) => readSettings({ ...provider, ...change }, '/home/ada').identity;

test('a value of the claim may hold an equals sign itself', () => {
  expect([...identityOf({})?.roles ?? []]).toEqual([['a=b', 'admin'], ['*', 'viewer']]);
});

test.each<[string, Record<string, string>, string]>([
  ['an issuer on another machine is not asked in the clear', { SEEDFLEET_OIDC_ISSUER: 'http://accounts.fleet.example' }, 'SEEDFLEET_OIDC_ISSUER'],
  ['a client without an id', { SEEDFLEET_OIDC_CLIENT_ID: '' }, 'SEEDFLEET_OIDC_CLIENT_ID'],
  ['no roles', { SEEDFLEET_OIDC_ROLES: '' }, 'SEEDFLEET_OIDC_ROLES'],
  ['a role that there is not', { SEEDFLEET_OIDC_ROLES: 'staff=king' }, 'SEEDFLEET_OIDC_ROLES'],
])('%s is refused by the name of the variable', (_, change, field) => {
  expect(() => identityOf(change)).toThrow(FleetError);
  expect(() => identityOf(change)).toThrow(expect.objectContaining({ code: 'settings.invalid', field }));
});
