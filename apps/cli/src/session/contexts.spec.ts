import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { emptyFolder, typed } from '../testing/typed.js';

let homeFolder: string;
let staging: ServedCoordinator;
let production: ServedCoordinator;

beforeEach(async () => {
  homeFolder = await emptyFolder();
  staging = await serveCoordinator({ whoami: () => ({ name: 'ada at staging', role: 'admin' }) });
  production = await serveCoordinator({ whoami: () => ({ name: 'ada at production', role: 'viewer' }) });
  for (const [context, { url, token }] of Object.entries({ staging, production })) {
    expect((await typed(['login', '--context', context, '--url', url, '--token-file', '-'], { homeFolder, stdin: token })).exitCode).toBe(0);
  }
});
afterEach(async () => {
  await staging.close();
  await production.close();
});

const who = async (words: string[] = [], env: Record<string, string> = {}) => JSON.parse((await typed(['whoami', '-o', 'json', ...words], { homeFolder, env })).stdout).name;

test('commands go to the login that was made last, or chosen by name, by the environment, or by `use`', async () => {
  expect(await who()).toBe('ada at production');
  expect(await who(['--context', 'staging'])).toBe('ada at staging');
  expect(await who([], { SEEDFLEET_CONTEXT: 'staging' })).toBe('ada at staging');
  await typed(['contexts', 'use', 'staging'], { homeFolder });
  expect(await who()).toBe('ada at staging');
});

test('a context named on the command line stands before a token in the environment', async () => {
  expect(await who(['--context', 'staging'], { SEEDFLEET_URL: production.url, SEEDFLEET_TOKEN: production.token })).toBe('ada at staging');
});

test('the list shows which is used, and no token', async () => {
  const { stdout } = await typed(['contexts', 'list', '-o', 'json'], { homeFolder });
  expect(JSON.parse(stdout).items).toEqual([{ name: 'staging', url: staging.url, current: false }, { name: 'production', url: production.url, current: true }]);
});

test('after the current login is removed, nobody is logged in until another is chosen', async () => {
  await typed(['contexts', 'remove', 'production'], { homeFolder });
  expect(await typed(['whoami'], { homeFolder })).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('login.missing') });
  expect(await typed(['whoami', '--context', 'production'], { homeFolder })).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('saved are: staging') });
});

test('the file of a version that knew one login is read as that login', async () => {
  const folder = await emptyFolder();
  await mkdir(join(folder, '.config/seedfleet'), { recursive: true });
  await writeFile(join(folder, '.config/seedfleet/session.json'), JSON.stringify({ url: staging.url, token: staging.token }));
  expect((await typed(['whoami'], { homeFolder: folder })).stdout).toContain('ada at staging');
});
