import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { emptyFolder, typed } from '../testing/typed.js';
import { isExposed } from './login-commands.js';

let coordinator: ServedCoordinator;
let homeFolder: string;
const sessionFile = () => join(homeFolder, '.config/seedfleet/session.json');

beforeEach(async () => {
  coordinator = await serveCoordinator({ whoami: () => ({ name: 'ada', role: 'admin' }) });
  homeFolder = await emptyFolder();
});
afterEach(() => coordinator.close());

const login = (words: string[] = [], options = {}) => typed(['login', '--url', coordinator.url, '--token-file', '-', ...words], { homeFolder, stdin: `${coordinator.token}\n`, ...options });

test('a login is kept for its owner only, and the commands after it use it', async () => {
  const outcome = await login();
  expect(outcome).toEqual({ exitCode: 0, stdout: `Logged in to ${coordinator.url} as ada (admin).\n`, stderr: '' });
  expect((await stat(sessionFile())).mode & 0o777).toBe(0o600);
  expect((await stat(join(homeFolder, '.config/seedfleet'))).mode & 0o777).toBe(0o700);
  expect(JSON.parse((await typed(['whoami', '-o', 'json'], { homeFolder })).stdout)).toEqual({ url: coordinator.url, name: 'ada', role: 'admin' });
});

test('a second login makes a file that others could read private again', async () => {
  await mkdir(join(homeFolder, '.config/seedfleet'), { recursive: true });
  await writeFile(sessionFile(), JSON.stringify({ current: null, contexts: {} }), { mode: 0o644 });
  await login();
  expect((await stat(sessionFile())).mode & 0o777).toBe(0o600);
});

test('XDG_CONFIG_HOME moves the file', async () => {
  const folder = await emptyFolder();
  await login(undefined, { env: { XDG_CONFIG_HOME: folder } });
  expect(JSON.parse(await readFile(join(folder, 'seedfleet/session.json'), 'utf8'))).toEqual({ current: 'default', contexts: { default: { url: coordinator.url, token: coordinator.token } } });
});

test('the token may come from a file or from the standard input, so that no list of processes shows it', async () => {
  const file = join(homeFolder, 'admin-token');
  await writeFile(file, `${coordinator.token}\n`);
  expect((await typed(['login', '--url', coordinator.url, '--token-file', file], { homeFolder })).exitCode).toBe(0);
  expect((await login()).exitCode).toBe(0);
});

test.each([
  ['table', []],
  ['json', ['-o', 'json']],
])('no output of a login shows the token (%s)', async (_, format) => {
  const { stdout, stderr } = await login(format);
  expect(stdout + stderr).not.toContain(coordinator.token);
});

test('a wrong token is not kept', async () => {
  expect((await login([], { stdin: 'sft_wrong' })).exitCode).toBe(4);
  await expect(stat(sessionFile())).rejects.toThrow('ENOENT');
});

test('the environment stands before the saved login', async () => {
  await login();
  const { stderr } = await typed(['whoami'], { homeFolder, env: { SEEDFLEET_TOKEN: 'sft_other' } });
  expect(stderr).toContain('operator.unauthenticated');
});

test('a saved token never goes to a coordinator that only the environment names', async () => {
  await login();
  const other = await serveCoordinator({ whoami: () => ({ name: 'eve', role: 'admin' }) });
  const { stderr, exitCode } = await typed(['whoami'], { homeFolder, env: { SEEDFLEET_URL: other.url } });
  await other.close();
  expect(exitCode).toBe(4);
  expect(stderr).toContain('login.missing');
  expect(other.calls).toEqual([]);
});

test('a damaged file says what to do about it', async () => {
  await mkdir(join(homeFolder, '.config/seedfleet'), { recursive: true });
  await writeFile(sessionFile(), '{"url":');
  const { stderr } = await typed(['whoami'], { homeFolder });
  expect(stderr).toContain('login.unreadable');
  expect(stderr).toContain(sessionFile());
});

test.each([
  ['no token', ['login', '--url', 'http://127.0.0.1:1'], 'No operator token'],
  ['an empty token', ['login', '--url', 'http://127.0.0.1:1', '--token-file', '-'], 'is empty'],
  ['an address that is none', ['login', '--url', 'fleet', '--token-file', new URL(import.meta.url).pathname], 'http or https'],
])('a login with %s is a wrong command line', async (_, words, problem) => {
  const outcome = await typed(words);
  expect(outcome.exitCode).toBe(2);
  expect(outcome.stderr).toContain(problem);
});

test.each([
  ['http://127.0.0.1:7337', false], ['http://localhost:7337', false], ['http://[::1]:7337', false], ['https://fleet.example.org', false],
  ['http://fleet.example.org', true], ['http://10.0.0.5:7337', true], ['http://127.0.0.1.example.org', true],
])('a login at %s is warned of: %s', (url, exposed) => {
  expect(isExposed(url)).toBe(exposed);
});
