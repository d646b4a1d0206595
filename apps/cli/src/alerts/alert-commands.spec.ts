import { type AlertRule } from '@seedfleet/protocol';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { loggedIn, typed } from '../testing/typed.js';

const rule: AlertRule = { id: 'rul_1', name: 'quiet', condition: { type: 'participation-low', share: 0.5, rounds: 5 }, channels: ['chn_1'], silencedUntil: null, createdAt: '2026-11-25T10:00:00.000Z', revision: 1 };
let coordinator: ServedCoordinator;
afterEach(() => coordinator.close());

test('a rule is made of its type and the bounds that go with it', async () => {
  let body: unknown;
  coordinator = await serveCoordinator({ createAlertRule: (call) => { body = call.body; return rule; } });
  const words = ['alerts', 'watch', '--name', 'quiet', '--type', 'participation-low', '--share', '0.5', '--rounds', '5', '--channels', 'chn_1'];
  expect((await typed(words, { env: loggedIn(coordinator) })).stdout).toContain('participation-low, share 0.5, rounds 5');
  expect(body).toEqual({ name: 'quiet', condition: rule.condition, channels: ['chn_1'] });
});

test.each([
  ['a bound of another type', ['--type', 'run-failed', '--hours', '2']],
  ['a bound too few', ['--type', 'participation-low', '--share', '0.5']],
])('a rule with %s is a wrong command line, and nothing is sent', async (_, words) => {
  coordinator = await serveCoordinator({ createAlertRule: () => rule });
  expect((await typed(['alerts', 'watch', '--name', 'x', ...words], { env: loggedIn(coordinator) })).exitCode).toBe(2);
  expect(coordinator.calls).toEqual([]);
});

test('a test that does not arrive ends with the code of a check that found problems', async () => {
  coordinator = await serveCoordinator({ testAlertChannel: () => ({ delivered: false, problem: 'The webhook answered 503.' }) });
  expect(await typed(['alerts', 'test', 'chn_1'], { env: loggedIn(coordinator) })).toMatchObject({ exitCode: 8, stdout: 'FAILED: The webhook answered 503.\n' });
});

test('the secret of a webhook is shown once, by the command that makes it', async () => {
  coordinator = await serveCoordinator({ createAlertChannel: ({ body }) => ({ id: 'chn_1', type: 'webhook', name: 'chat', target: (body as { url: string }).url, createdAt: '2026-11-25T10:00:00.000Z', lastProblem: null, secret: 'whsec_x' }) });
  const env = loggedIn(coordinator);
  expect((await typed(['alerts', 'add-channel', '--name', 'chat', '--webhook', 'https://chat.example.org/hook'], { env })).stdout).toContain('whsec_x');
  expect((await typed(['alerts', 'add-channel', '--name', 'chat'], { env })).exitCode).toBe(2);
});
