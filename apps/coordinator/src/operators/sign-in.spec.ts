import { readFileSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Invitation, type OperatorRow, type OperatorSession } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { problemOf, type OperatorAnswer } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
beforeAll(async () => { fleet = await aCoordinator(); }, 60_000);
afterAll(() => fleet.close());

const password = 'correct horse battery staple';
const post = (path: string, body: unknown, token: string | null = null) => fleet.call('POST', `/api/v1${path}`, { body, token });
const cookieOf = (answer: OperatorAnswer) => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
const linkPath = () => join(fleet.home, 'first-login');
const invitationOf = (link: string) => new URL(link).hash.replace(/^#[a-z-]+=/, '');
const signIn = (name: string, secret = password) => post('/session', { name, password: secret });

/** An invited operator who has set a password. */
async function anOperator(name: string, role = 'operator'): Promise<OperatorRow> {
  const { operator, invitation } = (await post('/operators', { name, role }, fleet.adminToken)).json as Invitation;
  expect((await post('/invitations/accept', { invitation, password })).status).toBe(201);
  return operator;
}

test('the link of the first start is good once, sets name and password, and signs in', async () => {
  expect(statSync(linkPath()).mode & 0o777).toBe(0o600);
  const link = readFileSync(linkPath(), 'utf8').trim();
  expect(link.startsWith(`${fleet.url}/#first-login=sfi_`)).toBe(true);
  const accepted = await post('/invitations/accept', { invitation: invitationOf(link), name: 'Ada', password });
  expect([accepted.status, accepted.json]).toEqual([201, expect.objectContaining({ name: 'Ada', role: 'admin' })]);
  expect(accepted.headers.get('set-cookie')).toMatch(/^seedfleet-session=[\w-]{43}; Max-Age=43200; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/);
  expect(existsSync(linkPath())).toBe(false);
  expect(problemOf(await post('/invitations/accept', { invitation: invitationOf(link), password })).code).toBe('invitation.unusable');
  // The token of the first start belongs to the same operator.
  expect((await fleet.call('GET', '/api/v1/whoami')).json).toEqual({ name: 'Ada', role: 'admin' });
  await fleet.restart();
  expect(existsSync(linkPath())).toBe(false);
});

test('a session reads by its cookie, changes only with the proof beside it, and is over after signing out', async () => {
  await anOperator('Grace');
  const answer = await signIn('Grace');
  const { crossSiteProof } = answer.json as OperatorSession;
  const headers = { cookie: cookieOf(answer) };
  expect((await fleet.call('GET', '/api/v1/whoami', { token: null, headers })).json).toEqual({ name: 'Grace', role: 'operator' });
  expect((await fleet.call('GET', '/api/v1/session', { token: null, headers })).json).toEqual({ session: answer.json });
  const create = (token: string | null) => fleet.call('POST', '/api/v1/enrolment-tokens', { body: {}, token, headers });
  expect(problemOf(await create(null)).code).toBe('operator.cross-site');
  expect((await create(crossSiteProof)).status).toBe(201);
  expect((await fleet.call('DELETE', '/api/v1/session', { token: crossSiteProof, headers })).status).toBe(204);
  expect((await fleet.call('GET', '/api/v1/whoami', { token: null, headers })).status).toBe(401);
  expect((await fleet.call('GET', '/api/v1/session', { token: null, headers })).json).toEqual({ session: null });
});

test('a session ends by itself after twelve hours', async () => {
  await anOperator('Hedy');
  const headers = { cookie: cookieOf(await signIn('Hedy')) };
  fleet.pass(43_199_000);
  expect((await fleet.call('GET', '/api/v1/whoami', { token: null, headers })).status).toBe(200);
  fleet.pass(2_000);
  expect((await fleet.call('GET', '/api/v1/whoami', { token: null, headers })).status).toBe(401);
});

test.each(['Joan', 'nobody of this name'])('guessing the password of %s is locked after five failures, for all that it matters, and waits as long as Retry-After says', async (name) => {
  if (name === 'Joan') await anOperator(name);
  const tries = await Promise.all(Array.from({ length: 8 }, () => signIn(name, 'wrong')));
  expect(tries.map((answer) => problemOf(answer).code).sort()).toEqual([...Array.from({ length: 3 }, () => 'login.locked'), ...Array.from({ length: 5 }, () => 'login.wrong')]);
  const locked = await signIn(name);
  expect([locked.status, locked.headers.get('retry-after')]).toEqual([429, '30']);
  fleet.pass(30_000);
  expect((await signIn(name)).status).toBe(name === 'Joan' ? 201 : 401);
});

test('no password and no secret stands in the database', async () => {
  await anOperator('Katherine');
  const secret = cookieOf(await signIn('Katherine')).replace('seedfleet-session=', '');
  const { token } = (await post('/api-tokens', { name: 'ci' }, fleet.adminToken)).json as { token: string };
  const { prisma } = fleet.coordinator.database;
  const [operators, sessions, tokens] = [await prisma.operator.findMany(), await prisma.operatorSession.findMany(), await prisma.apiToken.findMany()];
  expect(operators.find(({ name }) => name === 'Katherine')?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  const everything = JSON.stringify([operators, ...[...sessions, ...tokens].map((row) => ({ ...row, hash: Buffer.from(row.hash).toString('base64url') }))]);
  for (const value of [password, secret, token]) expect(everything).not.toContain(value);
});

test('an operator who is disabled is out at once: session, token and password', async () => {
  const { id } = await anOperator('Mary');
  const answer = await signIn('Mary');
  const proof = (answer.json as OperatorSession).crossSiteProof;
  const headers = { cookie: cookieOf(answer) };
  const { token } = (await fleet.call('POST', '/api/v1/api-tokens', { body: { name: 'script' }, token: proof, headers })).json as { token: string };
  expect((await fleet.call('GET', '/api/v1/whoami', { token })).status).toBe(200);
  expect((await post(`/operators/${id}/disable`, {}, fleet.adminToken)).status).toBe(200);
  expect((await fleet.call('GET', '/api/v1/whoami', { token })).status).toBe(401);
  expect((await fleet.call('GET', '/api/v1/whoami', { token: null, headers })).status).toBe(401);
  expect(problemOf(await signIn('Mary')).code).toBe('login.wrong');
  await post(`/operators/${id}/enable`, {}, fleet.adminToken);
  expect((await signIn('Mary')).status).toBe(201);
});

test('a token is worth no more than its scope, its operator, and the token that made it', async () => {
  const { id } = await anOperator('Annie', 'admin');
  const { crossSiteProof } = (await signIn('Annie')).json as OperatorSession;
  expect(crossSiteProof).toMatch(/^sfc_[0-9a-f]{64}$/);
  const answer = await signIn('Annie');
  const headers = { cookie: cookieOf(answer) };
  const make = async (body: object, token: string, with_ = {}) => fleet.call('POST', '/api/v1/api-tokens', { body: { name: 'x', ...body }, token, headers: with_ });
  const scoped = (await make({ role: 'operator', expiresInSeconds: 100 }, (answer.json as OperatorSession).crossSiteProof, headers)).json as { token: string; id: string };
  expect(problemOf(await make({ role: 'admin', expiresInSeconds: 10 }, scoped.token))).toMatchObject({ code: 'operator.forbidden', field: 'role' });
  expect(problemOf(await make({ expiresInSeconds: 1_000 }, scoped.token))).toMatchObject({ code: 'operator.forbidden', field: 'expiresInSeconds' });
  await fleet.call('PUT', `/api/v1/operators/${id}/role`, { body: { role: 'viewer' } });
  expect((await fleet.call('GET', '/api/v1/whoami', { token: scoped.token })).json).toEqual({ name: 'Annie', role: 'viewer' });
  const short = (await make({ expiresInSeconds: 50 }, scoped.token)).json as { token: string; id: string };
  expect((await fleet.call('DELETE', `/api/v1/api-tokens/${scoped.id}`, { token: short.token })).status).toBe(204);
  expect((await fleet.call('GET', '/api/v1/whoami', { token: scoped.token })).status).toBe(401);
  fleet.pass(51_000);
  expect((await fleet.call('GET', '/api/v1/whoami', { token: short.token })).status).toBe(401);
});

test('one operator does not see or revoke the tokens of another, an admin does', async () => {
  const mine = (await post('/api-tokens', { name: 'of the admin' }, fleet.adminToken)).json as { id: string; token: string };
  await anOperator('Lise');
  const answer = await signIn('Lise');
  const options = { token: (answer.json as OperatorSession).crossSiteProof, headers: { cookie: cookieOf(answer) } };
  expect((await fleet.call('GET', '/api/v1/api-tokens', options)).json).toEqual({ items: [], next: null });
  expect((await fleet.call('DELETE', `/api/v1/api-tokens/${mine.id}`, options)).status).toBe(404);
  const all = (await fleet.call('GET', '/api/v1/api-tokens')).json as { items: { id: string }[] };
  expect(all.items.map(({ id }) => id)).toContain(mine.id);
  expect(JSON.stringify(all)).not.toContain(mine.token);
});

test('a new link replaces the one before it, and the password that it sets ends every session', async () => {
  const { id } = await anOperator('Rosalind');
  const headers = { cookie: cookieOf(await signIn('Rosalind')) };
  const [first, second] = [(await post(`/operators/${id}/invitations`, {}, fleet.adminToken)).json as Invitation, (await post(`/operators/${id}/invitations`, {}, fleet.adminToken)).json as Invitation];
  expect(problemOf(await post('/invitations/accept', { invitation: first.invitation, password })).code).toBe('invitation.unusable');
  // The name in it does not count: Rosalind was invited under hers.
  const accepted = await post('/invitations/accept', { invitation: second.invitation, name: 'Somebody', password: `${password} 2` });
  expect((accepted.json as OperatorSession).name).toBe('Rosalind');
  expect((await fleet.call('GET', '/api/v1/whoami', { token: null, headers })).status).toBe(401);
  expect(problemOf(await signIn('Rosalind')).code).toBe('login.wrong');
});

test('a link is over after a day', async () => {
  const { invitation } = (await post('/operators', { name: 'Late', role: 'viewer' }, fleet.adminToken)).json as Invitation;
  fleet.pass(86_401_000);
  expect(problemOf(await post('/invitations/accept', { invitation, password })).code).toBe('invitation.unusable');
});

test('names are given once, and the last admin stays', async () => {
  expect(problemOf(await post('/operators', { name: 'Ada', role: 'viewer' }, fleet.adminToken))).toMatchObject({ code: 'operator.name-taken', status: 409 });
  const { items } = (await fleet.call('GET', '/api/v1/operators')).json as { items: OperatorRow[] };
  const admins = items.filter(({ role, disabledAt }) => role === 'admin' && disabledAt === null);
  expect(admins.map(({ name }) => name)).toEqual(['Ada']);
  expect(problemOf(await post(`/operators/${admins[0]?.id}/disable`, {}, fleet.adminToken)).code).toBe('operator.last-admin');
  expect(problemOf(await fleet.call('PUT', `/api/v1/operators/${admins[0]?.id}/role`, { body: { role: 'viewer' } })).code).toBe('operator.last-admin');
});

test('a change of an operator that somebody else changed meanwhile is refused, and their list has pages', async () => {
  const { id } = await anOperator('Dorothy', 'viewer');
  const shown = await fleet.call('GET', `/api/v1/operators/${id}`);
  const etag = shown.headers.get('etag') ?? '';
  const give = (role: string, ifMatch: string) => fleet.call('PUT', `/api/v1/operators/${id}/role`, { body: { role }, headers: { 'if-match': ifMatch } });
  const given = await give('operator', etag);
  expect(given.status).toBe(200);
  expect(given.headers.get('etag')).not.toBe(etag);
  expect(problemOf(await give('admin', etag))).toMatchObject({ status: 412, code: 'request.stale' });
  expect(problemOf(await give('admin', 'nonsense'))).toMatchObject({ status: 422, field: 'If-Match' });
  expect((await give('viewer', given.headers.get('etag') ?? '')).status).toBe(200);
  const page = async (query: string) => (await fleet.call('GET', `/api/v1/operators?${query}`)).json as { items: OperatorRow[]; next: string | null };
  const [first, whole] = [await page('limit=2'), await page('')];
  expect(whole.next).toBeNull();
  expect([...first.items, ...(await page(`limit=500&cursor=${first.next}`)).items]).toEqual(whole.items);
});
