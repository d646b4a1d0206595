import { readFileSync } from 'node:fs';
import { type Command } from 'commander';
import { buildProgram } from './command-line.js';
import { serveCoordinator } from './testing/served-coordinator.js';
import { parse } from 'yaml';
import { aRun } from './testing/served-run.js';
import { loggedIn, typed } from './testing/typed.js';

const unused = { env: {}, homeFolder: '/', stdout: { write: () => undefined }, stderr: { write: () => undefined }, readStdin: () => Promise.resolve(''), ask: () => Promise.resolve(null), startProgress: () => ({ show: () => undefined, end: () => undefined }), sleep: () => Promise.resolve(), nowMs: () => 0 };

function pathsOf(command: Command, above: string[] = []): string[][] {
  return command.commands.flatMap((child) => [[...above, child.name()], ...pathsOf(child, [...above, child.name()])]);
}

const paths = pathsOf(buildProgram(unused).program);

test.each(paths.map((path) => [path.join(' '), path] as const))('the help of `seedfleet %s` shows an example of it and the output formats', async (words, path) => {
  const { stdout, exitCode } = await typed([...path, '--help']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`Example:\\n {2}\\$ (TOKEN=\\$\\(|source <\\()?seedfleet ${words}`));
  expect(stdout).toContain('-o, --format <format>');
});

/** A hub that answers nobody: no command of a spec may ask the real one. */
const nowhere = { env: { HF_ENDPOINT: 'http://127.0.0.1:1' } };

test('every command that the help shows as an example exists with the options of the example', async () => {
  for (const path of [[], ...paths]) {
    const { stdout } = await typed([...path, '--help']);
    const lines = [...stdout.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line]) => line ?? '');
    expect(lines.length).toBeGreaterThan(0);
    // Those of completion answer without a coordinator: main.spec types them.
    for (const line of lines.filter((line) => !line.includes('seedfleet comple'))) {
      const words = line.replace(/^TOKEN=\$\((.*)\)$/, '$1').replace(/\$\(.*\)/, '0'.repeat(64)).replace(/ [<>] .*/, '').match(/"[^"]*"|\S+/g) ?? [];
      // Nobody is logged in, so that each ends in a refusal; "error:" is how commander begins what it does not understand.
      const { stderr } = await typed(words.slice(1).map((word) => word.replaceAll('"', '')), nowhere);
      expect({ line, stderr }).toEqual({ line, stderr: /contexts list/.test(line) ? '' : expect.stringMatching(/^(Problem: |\{"error":|error:\n)/) });
    }
  }
});

test.each(['cli.md', 'models.md', 'export.md', 'alerts.md', 'first-hour.md'])('every command that docs/%s shows exists with its options', async (name) => {
  const page = readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
  const lines = [...page.matchAll(/^ *seedfleet (.*)$/gm)].map(([, words]) => words ?? '');
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) {
    const { stderr } = await typed((line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', '')), nowhere);
    expect({ line, stderr }).toEqual({ line, stderr: expect.stringMatching(/^Problem: /) });
  }
});

test.each([
  ['an unknown command', ['devics', 'list'], /Did you mean devices/],
  ['an unknown option', ['devices', 'list', '--stat', 'active'], /--state/],
  ['a value outside the choices', ['devices', 'list', '--state', 'lost'], /Allowed choices are pending/],
  ['a number that is none', ['runs', 'start', '--queries', 'many'], /Expected a number/],
  ['a run that is no number', ['runs', 'show', 'reviews'], /Expected the number of a run/],
  ['a missing option', ['runs', 'export', '3'], /--out/],
  ['an unknown format', ['runs', 'list', '-o', 'xml'], /Allowed choices are table, json, jsonl, yaml/],
])('%s is a wrong command line: exit code 2, and a hint on stderr', async (_, words, hint) => {
  const outcome = await typed(words);
  expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
  expect(outcome.stderr).toMatch(hint);
});

test('without a login the problem and the fix are said on stderr, and stdout stays empty', async () => {
  const outcome = await typed(['devices', 'list']);
  expect(outcome).toEqual({ exitCode: 4, stdout: '', stderr: expect.stringMatching(/^Problem: .*not logged in.*\nFix: {5}Run `seedfleet login .*\nCode: {4}login.missing\n$/) });
});

test('an error as JSON is one object on stderr', async () => {
  const outcome = await typed(['-o', 'json', 'devices', 'list']);
  expect(outcome.stdout).toBe('');
  expect(JSON.parse(outcome.stderr)).toEqual({ error: { code: 'login.missing', problem: expect.any(String), fix: expect.any(String), retryable: false } });
});

test('a coordinator that does not answer is named, and what to check', async () => {
  const coordinator = await serveCoordinator({});
  await coordinator.close();
  const outcome = await typed(['runs', 'list'], { env: loggedIn(coordinator) });
  expect(outcome.exitCode).toBe(6);
  expect(outcome.stderr).toContain(`The coordinator at ${coordinator.url} does not answer.`);
});

test('what the coordinator refuses is shown as it said it, and the token is never shown', async () => {
  const coordinator = await serveCoordinator({ whoami: () => ({ name: 'ada', role: 'admin' }) });
  const outcome = await typed(['whoami'], { env: { SEEDFLEET_URL: coordinator.url, SEEDFLEET_TOKEN: 'sft_wrong' } });
  await coordinator.close();
  expect(outcome).toMatchObject({ exitCode: 4, stdout: '' });
  expect(outcome.stderr).toContain('operator.unauthenticated');
  expect(outcome.stderr).not.toContain('sft_wrong');
});

test.each([
  ['json', (text: string) => JSON.parse(text)],
  ['yaml', (text: string) => parse(text)],
])('a list as %s is the answer of the coordinator, whole', async (format, read) => {
  const coordinator = await serveCoordinator({ listRuns: () => ({ items: [aRun({ name: 'a: b' })], next: null }) });
  const { stdout } = await typed(['runs', 'list', '-o', format], { env: loggedIn(coordinator) });
  await coordinator.close();
  expect(read(stdout)).toEqual({ items: [aRun({ name: 'a: b' })] });
});

test('a list as jsonl is an item a line', async () => {
  const coordinator = await serveCoordinator({ listRuns: () => ({ items: [aRun({ id: 2 }), aRun({ id: 1 })], next: null }) });
  const { stdout } = await typed(['runs', 'list', '-o', 'jsonl'], { env: loggedIn(coordinator) });
  await coordinator.close();
  expect(stdout.trimEnd().split('\n').map((line) => JSON.parse(line).id)).toEqual([2, 1]);
});
