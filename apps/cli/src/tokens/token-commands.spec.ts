import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { loggedIn, typed } from '../testing/typed.js';

const aToken = { id: 'tok_1', name: null, createdAt: '2026-11-25T10:00:00.000Z', expiresAt: '2026-11-26T10:00:00.000Z', usesMax: 1, uses: 0, approval: false, group: null, returning: null };
let coordinator: ServedCoordinator | undefined;
afterEach(() => coordinator?.close());

test('a new token is the only thing on stdout, so that a script can keep it', async () => {
  coordinator = await serveCoordinator({ createEnrolmentToken: () => ({ ...aToken, token: 'sfe_secret' }) });
  const outcome = await typed(['tokens', 'create'], { env: loggedIn(coordinator) });
  expect(outcome.stdout).toBe('sfe_secret\n');
  expect(outcome.stderr).toContain('seedfleet-worker enroll');
  expect(outcome.stderr).not.toContain('sfe_secret');
});

test('what was not said about a token is sent all the same', async () => {
  let body: unknown;
  coordinator = await serveCoordinator({ createEnrolmentToken: (call) => { body = call.body; return { ...aToken, token: 'sfe_secret' }; } });
  await typed(['tokens', 'create', '--name', 'lab', '--uses', '6', '--approval', '-o', 'json'], { env: loggedIn(coordinator) });
  expect(body).toEqual({ name: 'lab', expiresInSeconds: 86_400, usesMax: 6, approval: true });
});

test('a value outside its range is refused with its field before anything is sent', async () => {
  coordinator = await serveCoordinator({ createEnrolmentToken: () => ({ ...aToken, token: 'sfe_secret' }) });
  const outcome = await typed(['tokens', 'create', '--uses', '0'], { env: loggedIn(coordinator) });
  expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
  expect(outcome.stderr).toContain('usesMax');
  expect(coordinator.calls).toEqual([]);
});

test('tokens are listed and revoked', async () => {
  coordinator = await serveCoordinator({ listEnrolmentTokens: () => ({ items: [aToken] }), deleteEnrolmentToken: () => undefined });
  const env = loggedIn(coordinator);
  expect((await typed(['tokens', 'list'], { env })).stdout).toContain('0/1');
  expect(JSON.parse((await typed(['tokens', 'revoke', 'tok_1', '-o', 'json'], { env })).stdout)).toEqual({ id: 'tok_1', revoked: true });
  expect(coordinator.calls).toEqual(['listEnrolmentTokens', 'deleteEnrolmentToken']);
});
