import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { emptyFolder } from './testing/typed.js';

const built = new URL('../dist/main.js', import.meta.url).pathname;

/** Runs the built command as a process of its own, as a shell would. */
async function run(words: string[], env: Record<string, string> = {}) {
  const XDG_CONFIG_HOME = await emptyFolder();
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [built, ...words], { env: { XDG_CONFIG_HOME, ...env } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

test.each([
  ['help', ['--help'], 0],
  ['a refusal', ['whoami'], 4],
  ['a wrong command line', ['runs', 'show', 'x'], 2],
])('%s ends the process with its code', async (_, words, code) => {
  expect((await run(words)).code).toBe(code);
}, 60_000);

test('data goes to stdout, everything else to stderr', async () => {
  const help = await run(['devices', '--help']);
  expect(help).toMatchObject({ stderr: '' });
  expect(help.stdout).toContain('Usage: seedfleet devices');
  const refused = await run(['whoami', '-o', 'json']);
  expect(refused.stdout).toBe('');
  expect(JSON.parse(refused.stderr).error.code).toBe('login.missing');
}, 60_000);

test('npm links the built file as `seedfleet`, and a shell can start it', () => {
  const { bin } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(bin).toEqual({ seedfleet: './dist/main.js' });
  expect(readFileSync(built, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node');
});

test.each(['bash', 'zsh', 'fish'])('completion prints a script for %s', async (shell) => {
  const { code, stdout, stderr } = await run(['completion', shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('seedfleet');
}, 60_000);

test.each([
  [['complete', '--', ''], ['devices', 'runs', 'contexts']],
  [['complete', '--', 'runs', ''], ['list', 'watch', 'verify']],
])('what may follow `%s` is what the commands are', async (words, expected) => {
  const { stdout } = await run(words);
  expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual(expect.arrayContaining(expected));
}, 60_000);
