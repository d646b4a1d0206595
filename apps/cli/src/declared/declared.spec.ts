import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { type AlertRule, type EnrolmentToken, type Group } from '@seedfleet/protocol';
import { serveCoordinator, type Handler, type ServedCoordinator } from '../testing/served-coordinator.js';
import { emptyFolder, loggedIn, typed } from '../testing/typed.js';

const at = '2026-11-25T10:00:00.000Z';
const page = `
groups:
  - name: lab
    filter: tag=lab state=active
  - name: pilot
alertRules:
  - name: stalled
    condition: { minutes: 10, type: round-stalled }
    channels: [ops]
enrolmentTokens:
  - name: intake
    usesMax: 20
    approval: true
    group: pilot
`;

/** A coordinator that keeps what it is told, in order of arrival. */
class Kept {
  groups: Group[] = [];
  rules: AlertRule[] = [];
  tokens: EnrolmentToken[] = [];
  private made = 0;
  readonly handlers: Record<string, Handler> = {
    listGroups: () => ({ items: this.groups }), listAlertRules: () => ({ items: this.rules }), listEnrolmentTokens: () => ({ items: this.tokens }),
    listAlertChannels: () => ({ items: [{ id: 'chn_1', type: 'webhook', name: 'ops', target: 'https://hook.example', createdAt: at, lastProblem: null }] }),
    createGroup: ({ body }) => this.add(this.groups, { ...(body as { name: string; filter: string | null }), id: this.newId('grp'), count: 0, online: 0, createdAt: at, revision: 1 }),
    changeGroup: ({ params, body, headers }) => this.change(this.groups, { id: params['id'], ifMatch: headers['if-match'], body: body as object }),
    deleteGroup: ({ params }) => { this.groups = this.groups.filter(({ id }) => id !== params['id']); },
    createAlertRule: ({ body }) => this.add(this.rules, { ...(body as Pick<AlertRule, 'name' | 'condition' | 'channels'>), id: this.newId('rul'), silencedUntil: null, createdAt: at, revision: 1 }),
    changeAlertRule: ({ params, body, headers }) => this.change(this.rules, { id: params['id'], ifMatch: headers['if-match'], body: body as object }),
    deleteAlertRule: ({ params }) => { this.rules = this.rules.filter(({ id }) => id !== params['id']); },
    createEnrolmentToken: ({ body }) => {
      const { name, usesMax, approval, group, expiresInSeconds } = body as { name: string; usesMax: number; approval: boolean; group?: string; expiresInSeconds: number };
      return { ...this.add(this.tokens, { id: this.newId('tok'), name, usesMax, uses: 0, approval, group: group ?? null, createdAt: at, expiresAt: new Date(Date.parse(at) + expiresInSeconds * 1_000).toISOString(), returning: null }), token: `sfe_secret_${this.made}` };
    },
    deleteEnrolmentToken: ({ params }) => { this.tokens = this.tokens.filter(({ id }) => id !== params['id']); },
  };

  private newId(prefix: string): string {
    this.made += 1;
    return `${prefix}_${this.made}`;
  }

  private add<T>(list: T[], thing: T): T {
    list.push(thing);
    return thing;
  }

  private change<T extends { id: string; revision: number }>(list: T[], { id, ifMatch, body }: { id: string | undefined; ifMatch: string | undefined; body: object }): T {
    const index = list.findIndex((thing) => thing.id === id);
    const before = list[index];
    if (before === undefined) throw new FleetError('request.not-found', { problem: 'There is none.' });
    if (ifMatch !== `"${before.revision}"`) throw new FleetError('request.stale', { field: 'If-Match', problem: 'Somebody else changed it.' });
    return list[index] = { ...before, ...body, revision: before.revision + 1 };
  }
}

let kept: Kept;
let coordinator: ServedCoordinator;
let folder: string;
beforeEach(async () => {
  kept = new Kept();
  coordinator = await serveCoordinator(kept.handlers);
  folder = await emptyFolder();
});
afterEach(() => coordinator.close());

const tokensFile = () => join(folder, 'tokens');
const run = (command: string, text: string, ...words: string[]) => typed([command, '-f', '-', ...words], { env: loggedIn(coordinator), stdin: text });
const apply = (text: string, ...words: string[]) => run('apply', text, '--tokens-to', tokensFile(), ...words);
const stepsIn = (stdout: string) => (JSON.parse(stdout) as { items: { kind: string; name: string; action: string; changes: unknown[] }[] }).items;
const changing = () => coordinator.calls.filter((call) => !call.startsWith('list'));

test('a file is applied once, and again changes nothing', async () => {
  expect(await run('diff', page)).toMatchObject({ exitCode: 8 });
  expect(changing()).toEqual([]);
  const first = await apply(page);
  expect(first).toMatchObject({ exitCode: 0, stderr: '4 of 4 changed.\n' });
  expect(kept.groups.map(({ name, filter }) => [name, filter])).toEqual([['lab', 'tag=lab state=active'], ['pilot', null]]);
  expect(kept.rules.map(({ condition, channels }) => [condition, channels])).toEqual([[{ type: 'round-stalled', minutes: 10 }, ['chn_1']]]);
  // The group that the token names was made by the same file.
  expect(kept.tokens).toMatchObject([{ name: 'intake', usesMax: 20, approval: true, group: kept.groups[1]?.id }]);
  expect(await readFile(tokensFile(), 'utf8')).toMatch(/^intake sfe_secret_\d\n$/);
  expect((await stat(tokensFile())).mode & 0o777).toBe(0o600);
  expect(first.stdout).not.toContain('sfe_');
  const calls = changing().length;
  expect(await apply(page)).toMatchObject({ exitCode: 0, stderr: '0 of 4 changed.\n' });
  expect(await run('diff', page)).toMatchObject({ exitCode: 0 });
  expect(changing()).toHaveLength(calls);
});

test('only what differs is changed, under the revision that the plan was made on', async () => {
  await apply(page);
  const changed = page.replace('minutes: 10', 'minutes: 30').replace('usesMax: 20', 'usesMax: 40');
  const { stdout, exitCode } = await run('diff', changed, '-o', 'json');
  expect(exitCode).toBe(8);
  expect(stepsIn(stdout).filter(({ action }) => action !== 'none')).toMatchObject([
    { kind: 'alert-rule', name: 'stalled', action: 'change', changes: [{ field: 'condition', from: { type: 'round-stalled', minutes: 10 }, to: { type: 'round-stalled', minutes: 30 } }] },
    { kind: 'enrolment-token', name: 'intake', action: 'change', changes: [{ field: 'usesMax', from: 20, to: 40 }] },
  ]);
  const [before] = kept.tokens;
  await apply(changed);
  expect(kept.rules).toMatchObject([{ condition: { minutes: 30 }, revision: 2 }]);
  // A token is another one then: the old one lets nobody in any more.
  expect(kept.tokens).toMatchObject([{ usesMax: 40 }]);
  expect(kept.tokens[0]?.id).not.toBe(before?.id);
});

test('a change of somebody else in between is not overwritten', async () => {
  await apply(page);
  const rule = kept.rules[0] as AlertRule;
  const list = kept.handlers['listAlertRules'] as Handler;
  kept.handlers['listAlertRules'] = async (request) => {
    const answer = structuredClone(await list(request));
    rule.revision = 7;
    return answer;
  };
  kept.rules[0] = rule;
  expect(await apply(page.replace('minutes: 10', 'minutes: 30'))).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('request.stale') });
  expect(kept.rules[0]?.condition).toMatchObject({ minutes: 10 });
});

test('what the file does not name stays, and goes with --prune, asked for by name; a section that is not there is left alone', async () => {
  await apply(page);
  const less = 'groups:\n  - name: pilot\nenrolmentTokens: []\n';
  expect(await apply(less)).toMatchObject({ exitCode: 0, stderr: '0 of 1 changed.\n' });
  expect(await apply(less, '--prune')).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('Delete enrolment-token intake, group lab') });
  expect([kept.groups.length, kept.tokens.length]).toEqual([2, 1]);
  expect(await apply(less, '--prune', '--yes')).toMatchObject({ exitCode: 0 });
  expect([kept.groups.map(({ name }) => name), kept.rules.length, kept.tokens.length]).toEqual([['pilot'], 1, 0]);
});

test('a dry run shows the plan and changes nothing', async () => {
  const outcome = await run('apply', page, '--dry-run');
  expect(outcome).toMatchObject({ exitCode: 0, stderr: 'Nothing was changed.\n' });
  expect(outcome.stdout).toMatch(/group +lab +create +filter=tag=lab state=active/);
  expect(changing()).toEqual([]);
});

test.each<[string, string, RegExp]>([
  ['a filter with a mistake', 'groups: [{ name: lab, filter: tga=lab }]', /groups\.0\.filter/],
  ['a field that there is not', 'groups: [{ name: lab, filtre: x }]', /groups\.0 has a field that it must not have/],
  ['a name that stands there twice', 'groups: [{ name: lab }, { name: lab }]', /"lab" stands there twice/],
  ['a channel that there is not', 'alertRules: [{ name: a, condition: { type: run-failed }, channels: [nobody] }]', /"nobody", which there is not/],
  ['a group that there is not', 'enrolmentTokens: [{ name: a, group: nowhere }]', /"nowhere", which there is not/],
  ['no YAML', 'groups: [', /no YAML/],
])('%s is refused before anything is changed', async (_, text, problem) => {
  expect(await apply(text)).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(problem) });
  expect(changing()).toEqual([]);
});

test('new tokens need a place to go before anything is changed', async () => {
  expect(await run('apply', page)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--tokens-to') });
  expect(changing()).toEqual([]);
});

test('a file is read from its path, and one that is missing is said to be', async () => {
  const path = join(folder, 'fleet.yaml');
  await writeFile(path, page);
  expect(await typed(['diff', '-f', path], { env: loggedIn(coordinator) })).toMatchObject({ exitCode: 8 });
  expect(await typed(['diff', '-f', join(folder, 'none.yaml')], { env: loggedIn(coordinator) })).toMatchObject({ exitCode: 3 });
});
