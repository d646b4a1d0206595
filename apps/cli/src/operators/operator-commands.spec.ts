import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { loggedIn, typed } from '../testing/typed.js';

const ada = { id: 'op_1', name: 'Ada', role: 'operator', createdAt: '2026-11-25T10:00:00.000Z', disabledAt: null, hasPassword: false, hasIdentity: false };
const anInvitation = { operator: ada, invitation: 'sfi_secret', path: '/#invitation=sfi_secret', expiresAt: '2026-11-26T10:00:00.000Z' };
const aToken = { id: 'key_1', name: 'ci', operator: 'Ada', role: 'viewer', createdAt: '2026-11-25T10:00:00.000Z', expiresAt: null };
let coordinator: ServedCoordinator | undefined;
afterEach(() => coordinator?.close());

test('an invitation prints the whole link and nothing else on stdout', async () => {
  let body: unknown;
  coordinator = await serveCoordinator({ inviteOperator: (call) => { body = call.body; return anInvitation; }, renewInvitation: () => anInvitation });
  const env = loggedIn(coordinator);
  const outcome = await typed(['operators', 'invite', 'Ada', '--role', 'operator'], { env });
  expect(outcome.stdout).toBe(`${coordinator.url}/#invitation=sfi_secret\n`);
  expect(outcome.stderr).not.toContain('sfi_secret');
  expect(body).toEqual({ name: 'Ada', role: 'operator' });
  expect((await typed(['operators', 'link', 'op_1'], { env })).stdout).toBe(outcome.stdout);
});

test('operators are listed, given a role, disabled and enabled', async () => {
  coordinator = await serveCoordinator({ listOperators: () => ({ items: [ada] }), changeOperatorRole: () => ({ ...ada, role: 'admin' }), disableOperator: () => ada, enableOperator: () => ada });
  const env = loggedIn(coordinator);
  expect((await typed(['operators', 'list'], { env })).stdout).toMatch(/op_1 +Ada +operator +no/);
  expect(JSON.parse((await typed(['operators', 'role', 'op_1', 'admin', '-o', 'json'], { env })).stdout)).toEqual({ ...ada, role: 'admin' });
  for (const verb of ['disable', 'enable']) expect((await typed(['operators', verb, 'op_1'], { env })).exitCode).toBe(0);
  expect(coordinator.calls).toEqual(['listOperators', 'changeOperatorRole', 'disableOperator', 'enableOperator']);
});

test('a role that does not exist is a wrong command line', async () => {
  coordinator = await serveCoordinator({});
  expect((await typed(['operators', 'role', 'op_1', 'owner'], { env: loggedIn(coordinator) })).exitCode).toBe(2);
  expect(coordinator.calls).toEqual([]);
});

test('an API token is the only thing on stdout; the list has none', async () => {
  coordinator = await serveCoordinator({ createApiToken: () => ({ ...aToken, token: 'sft_secret' }), listApiTokens: () => ({ items: [aToken] }), deleteApiToken: () => undefined });
  const env = loggedIn(coordinator);
  expect((await typed(['api-tokens', 'create', '--name', 'ci', '--role', 'viewer'], { env })).stdout).toBe('sft_secret\n');
  expect((await typed(['api-tokens', 'list'], { env })).stdout).toMatch(/key_1 +ci +Ada +viewer +never/);
  expect((await typed(['api-tokens', 'revoke', 'key_1'], { env })).stdout).toContain('key_1 is revoked');
});
