import { createServer, type AddressInfo } from 'node:net';
import { type AuditEntry, type OperatorSession } from '@seedfleet/protocol';
import { Logger } from '../app/logger.js';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { anIdentityProvider, CookieJar, type IdentityProviderUnderTest } from '../testing/an-identity-provider.js';
import { problemOf } from '../testing/operator-hands.js';
import { IdentityProvider } from './identity-provider.js';

let fleet: CoordinatorUnderTest;
/** of which the second makes ID tokens that have ended already */
let provider: IdentityProviderUnderTest, late: IdentityProviderUnderTest;

const startPath = '/api/v1/sign-in/identity';
const answerPath = `${startPath}/answer`;
const person = (name: string, groups: string[], domain = 'fleet.example', verified = true) => ({ preferred_username: name, email: `${name}@${domain}`, email_verified: verified, groups });
const accounts: Record<string, object> = {
  'sub-ada': person('ada', ['fleet-admins', 'everybody']), 'sub-grace': person('grace', ['everybody']), 'sub-admin': person('admin', ['fleet-admins']),
  'sub-mallory': person('mallory', ['fleet-admins'], 'fleet.example', false), 'sub-eve': person('eve', ['fleet-admins'], 'elsewhere.example'),
  'sub-outside': person('olga', [], 'elsewhere.example'), 'sub-nogroup': person('noether', ['cooks']), 'sub-star': person('star', ['*']),
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const identity = (issuer: string) => ({
  issuer, clientId: 'seedfleet', clientSecret: 'a secret between the two of them', name: 'Fleet accounts', scopes: 'openid profile email', roleClaim: 'groups',
  roles: new Map([['fleet-admins', 'admin'], ['everybody', 'viewer']] as const), allow: ['@fleet.example', 'sub-outside'],
});

beforeAll(async () => {
  const port = await freePort();
  const redirectUris = [`http://127.0.0.1:${port}${answerPath}`];
  [provider, late] = await Promise.all([anIdentityProvider({ redirectUris, accounts }), anIdentityProvider({ redirectUris, accounts, idTokenSeconds: -3_600 })]);
  fleet = await aCoordinator({ port, identity: identity(provider.issuer) });
}, 60_000);
afterAll(() => Promise.all([fleet.close(), provider.close(), late.close()]));

/** Signs in at the provider. @returns the address that the browser is sent back to, not yet asked for */
async function vouchedFor(jar: CookieJar, subject: string, change: (address: URL) => void = () => {}): Promise<string> {
  const address = new URL((await jar.get(`${fleet.url}${startPath}?returnTo=/runs`)).headers.get('location') ?? '');
  address.searchParams.set('login_hint', subject);
  change(address);
  return jar.follow(address.href, (next) => next.startsWith(fleet.url));
}

async function signedIn(jar: CookieJar): Promise<OperatorSession | null> {
  return ((await (await jar.get(`${fleet.url}/api/v1/session`)).json()) as { session: OperatorSession | null }).session;
}

/** What a program is told where the answer is not taken. */
const codeOf = async (response: Response) => `${response.status} ${problemOf({ json: await response.json() }).code}`;
const asProgram = { accept: 'application/json' };

test('the sign-in page may offer the provider by the name that was set', async () => {
  expect((await fleet.call('GET', '/api/v1/sign-in', { token: null })).json).toEqual({ password: true, identityProvider: { name: 'Fleet accounts', path: startPath } });
});

test('whoever the provider vouches for becomes an operator with the highest role of their groups, and comes back to where they wanted', async () => {
  const jar = new CookieJar();
  const back = await vouchedFor(jar, 'sub-ada');
  const answer = await jar.get(back);
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/runs']);
  expect(answer.headers.getSetCookie().find((line) => line.startsWith('seedfleet-session='))).toMatch(/^seedfleet-session=[\w-]{43}; Max-Age=43200; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/);
  const session = await signedIn(jar);
  expect(session).toMatchObject({ name: 'ada', role: 'admin' });
  // The session is one like any other: a change needs its proof.
  const invite = (token: string | null) => fleet.call('POST', '/api/v1/operators', { body: { name: 'invited', role: 'viewer' }, token, headers: { cookie: jar.header(fleet.url) } });
  expect(problemOf(await invite(null)).code).toBe('operator.cross-site');
  expect((await invite(session?.crossSiteProof ?? '')).status).toBe(201);
  const { items } = (await fleet.call('GET', '/api/v1/audit-entries?subject=ada')).json as { items: AuditEntry[] };
  expect(items.map(({ action, detail }) => [action, detail])).toEqual([
    ['session.create', { by: 'identity-provider' }], ['operator.create', { role: 'admin', by: 'identity-provider' }],
  ]);
  // The code was good once.
  const again = await new CookieJar().get(back, { ...asProgram, cookie: jar.header(fleet.url) });
  expect(await codeOf(again)).toBe('401 identity.state');
});

test('the way to the provider carries state, nonce and a challenge, and none of them is made from another', async () => {
  const seen = await Promise.all(Array.from({ length: 3 }, async () => new URL((await new CookieJar().get(`${fleet.url}${startPath}`)).headers.get('location') ?? '').searchParams));
  for (const query of seen) expect(Object.fromEntries(query)).toMatchObject({ response_type: 'code', code_challenge_method: 'S256', scope: 'openid profile email', redirect_uri: `${fleet.url}${answerPath}` });
  const secrets = seen.flatMap((query) => ['state', 'nonce', 'code_challenge'].map((name) => query.get(name)));
  expect(new Set(secrets).size).toBe(9);
  expect((await fleet.call('GET', `${startPath}?returnTo=//elsewhere.example`, { token: null })).status).toBe(422);
});

test.each<[string, string, (back: string, jar: CookieJar) => Promise<[string, CookieJar]>]>([
  ['a state that was changed on the way', '401 identity.state', async (back, jar) => [back.replace(/state=[^&]+/, 'state=another'), jar]],
  ['no state', '401 identity.state', async (back, jar) => [back.replace(/state=[^&]+/, ''), jar]],
  ['an answer in another browser', '401 identity.state', async (back) => [back, new CookieJar()]],
  ['an answer to the try of somebody else', '401 identity.state', async (back) => {
    const other = new CookieJar();
    await vouchedFor(other, 'sub-grace');
    return [back, other];
  }],
  ['a code of nobody', '401 identity.answer', async (back, jar) => [back.replace(/code=[^&]+/, 'code=nobodys'), jar]],
  ['an answer of another issuer', '401 identity.answer', async (back, jar) => [back.replace(/iss=[^&]+/, `iss=${encodeURIComponent('https://elsewhere.example')}`), jar]],
])('%s lets nobody in', async (_, expected, change) => {
  const jar = new CookieJar();
  const [back, browser] = await change(await vouchedFor(jar, 'sub-ada'), jar);
  expect(await codeOf(await browser.get(back, asProgram))).toBe(expected);
  expect(await signedIn(browser)).toBeNull();
});

test.each<[string, string, (address: URL) => void]>([
  ['a nonce that was changed on the way', '401 identity.answer', (address) => address.searchParams.set('nonce', 'another')],
  ['a challenge that was changed on the way', '401 identity.answer', (address) => address.searchParams.set('code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')],
  ['a person who was refused there', '401 identity.denied', (address) => address.searchParams.set('login_hint', 'nobody')],
])('%s lets nobody in', async (_, expected, change) => {
  const jar = new CookieJar();
  expect(await codeOf(await jar.get(await vouchedFor(jar, 'sub-ada', change), asProgram))).toBe(expected);
  expect(await signedIn(jar)).toBeNull();
});

test.each([
  ['an address that nobody verified does not count as one of its domain', 'sub-mallory', '403 identity.not-allowed'],
  ['a verified address of another domain does not count', 'sub-eve', '403 identity.not-allowed'],
  ['a subject that may come in still needs a role', 'sub-outside', '403 identity.no-role'],
  ['a group that no role belongs to gives none', 'sub-nogroup', '403 identity.no-role'],
  ['a group called * is not everybody', 'sub-star', '403 identity.no-role'],
])('%s', async (_, subject, expected) => {
  const jar = new CookieJar();
  expect(await codeOf(await jar.get(await vouchedFor(jar, subject), asProgram))).toBe(expected);
  const { items } = (await fleet.call('GET', '/api/v1/operators')).json as { items: { name: string }[] };
  expect(items.map(({ name }) => name)).not.toContain((accounts[subject] as { preferred_username: string }).preferred_username);
});

test('a browser that is refused lands on the sign-in page, with the code and nothing else', async () => {
  const jar = new CookieJar();
  expect((await jar.get(await vouchedFor(jar, 'sub-eve'))).headers.get('location')).toBe('/#sign-in-refused=identity.not-allowed');
});

test('a name at the provider proves nothing about a name here', async () => {
  const jar = new CookieJar();
  await jar.get(await vouchedFor(jar, 'sub-admin'));
  // The admin of the first start is called admin; this is somebody else.
  expect((await signedIn(jar))?.name).toBe('admin@fleet.example');
  expect((await fleet.call('GET', '/api/v1/whoami')).json).toEqual({ name: 'admin', role: 'admin' });
});

test('the provider decides on the role at every sign-in, and a disabled operator stays out', async () => {
  const enter = async () => {
    const jar = new CookieJar();
    const answer = await jar.get(await vouchedFor(jar, 'sub-grace'), asProgram);
    return { jar, outcome: answer.status === 302 ? 'in' : await codeOf(answer) };
  };
  expect((await signedIn((await enter()).jar))?.role).toBe('viewer');
  const { items } = (await fleet.call('GET', '/api/v1/operators')).json as { items: { id: string; name: string; hasPassword: boolean; hasIdentity: boolean }[] };
  const grace = items.find(({ name }) => name === 'grace');
  expect(grace).toMatchObject({ hasPassword: false, hasIdentity: true });
  await fleet.call('PUT', `/api/v1/operators/${grace?.id}/role`, { body: { role: 'operator' } });
  expect((await signedIn((await enter()).jar))?.role).toBe('viewer');
  await fleet.call('POST', `/api/v1/operators/${grace?.id}/disable`, { body: {} });
  expect((await enter()).outcome).toBe('403 identity.not-allowed');
});

test('a try is over after ten minutes', async () => {
  const jar = new CookieJar();
  const back = await vouchedFor(jar, 'sub-ada');
  fleet.pass(601_000);
  expect(await codeOf(await jar.get(back, asProgram))).toBe('401 identity.state');
});

test('an ID token that has ended proves nothing, a provider that is away is said to be, and without one there is no way', async () => {
  const client = new IdentityProvider({ identity: identity(late.issuer) }, new Logger('silent'));
  const attempt = { state: 'a state', nonce: 'a nonce', verifier: 'a verifier of at least forty-three characters', returnTo: '/' };
  const address = await client.addressFor(attempt, `${fleet.url}${answerPath}`);
  address.searchParams.set('login_hint', 'sub-ada');
  const jar = new CookieJar();
  const back = async () => new URL(await jar.follow(address.href, (next) => next.startsWith(fleet.url)));
  await expect(client.claimsOf(attempt, await back())).rejects.toMatchObject({ code: 'identity.answer' });
  const last = await back();
  await late.close();
  await expect(client.claimsOf(attempt, last)).rejects.toMatchObject({ code: 'identity.unreachable' });
  const other = new IdentityProvider({ identity: identity(late.issuer) }, new Logger('silent'));
  await expect(other.addressFor(attempt, `${fleet.url}${answerPath}`)).rejects.toMatchObject({ code: 'identity.unreachable' });
  expect(() => new IdentityProvider({ identity: null }, new Logger('silent')).requireKnown()).toThrow(expect.objectContaining({ code: 'identity.off' }));
});
