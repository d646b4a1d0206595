import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { RequestRefused } from '@seedfleet/example-sentiment';
import { ToyFleet } from './toy/toy-fleet.js';

const seedfleet = new URL('../../../apps/cli/dist/main.js', import.meta.url).pathname;
const planted = () => `planted${randomBytes(8).toString('hex')}`;

let fleet: ToyFleet;
/** By what it is; the bytes of keys, the characters of the rest. */
const secrets = new Map<string, string | Uint8Array>();
/** Everything that a process of the fleet wrote to its log, and what operators typed and read. */
const written = new Map<string, string>();
/** Every row of every table as text. */
const tables = new Map<string, string>();

/** The ways in which bytes or characters may show in a text. */
function formsOf(secret: string | Uint8Array): string[] {
  const bytes = Buffer.from(secret);
  return [bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), ...(typeof secret === 'string' ? [secret] : [[...bytes].join(',')])].map((form) => form.toLowerCase());
}

function found(texts: ReadonlyMap<string, string>, allowed: (place: string, secret: string) => boolean = () => false): string[] {
  const lowered = [...texts].map(([place, text]) => [place, text.toLowerCase()] as const);
  return [...secrets].flatMap(([name, secret]) => formsOf(secret).flatMap((form) => lowered.filter(([place, text]) => text.includes(form) && !allowed(place, name)).map(([place]) => `${name} in ${place}`)));
}

const keep = <T extends string | Uint8Array>(name: string, secret: T): T => {
  secrets.set(name, secret);
  return secret;
};

/** What an operator types; the output is kept under `name`. */
const typed = (name: string, ...words: string[]) => new Promise<void>((resolve, reject) => {
  execFile(process.execPath, [seedfleet, ...words], { env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: join(fleet.folder, 'config') } }, (error, stdout, stderr) => {
    written.set(`seedfleet ${name}`, stdout + stderr);
    if (error !== null && typeof error.code !== 'number') reject(error);
    else resolve();
  });
});

beforeAll(async () => {
  fleet = await ToyFleet.start(0, { logLevel: 'trace' });
  const { client, home } = fleet.coordinator;
  keep('admin token', (await readFile(join(home, 'admin-token'), 'utf8')).trim());
  keep('signing key', Buffer.from((await readFile(join(home, 'signing-key'), 'utf8')).trim(), 'hex'));
  keep('API token', (await client.call('createApiToken', { body: { name: 'program', role: 'viewer' } })).token);
  keep('enrolment token', (await client.call('createEnrolmentToken', { body: { usesMax: 3 } })).token);
  keep('secret of a webhook', (await client.call('createAlertChannel', { body: { type: 'webhook', name: 'chat', url: 'http://127.0.0.1:9/hook' } })).secret ?? 'none');
  await signIn();

  // Files that break, and labels that nobody knows: bad-files.spec.ts.
  const line = (text: string, label: string) => JSON.stringify({ text, label });
  for (const device of [0, 1]) {
    const [early, late] = [keep(`first text of device ${device}`, planted()), keep(`second text of device ${device}`, planted())];
    await fleet.addWorker(`device-${device}`, { data: true, lines: Array.from({ length: 40 }, (_, i) => line(`word${i} ${i % 2 === 0 ? early : late}`, i % 2 === 0 ? 'early' : 'late')) });
    keep(`key of device ${device}`, await readFile(join(fleet.homeOf(`device-${device}`), 'device-key')));
  }
  const run = await fleet.startRun({ rounds: 4, reportsMin: 2, evaluationEveryRounds: 2 });
  await fleet.ended(run);

  await typed('login', 'login', '--url', fleet.coordinator.url, '--token-file', join(home, 'admin-token'));
  await typed('login with a wrong token', 'login', '--url', fleet.coordinator.url, '--token-file', join(fleet.homeOf('device-0'), 'device-key'));
  await typed('runs', 'runs', 'show', String(run), '-o', 'json');
  await typed('audit', 'audit', 'list', '-o', 'json');
  await fleet.stop();
  written.set('the log of the coordinator', await readFile(fleet.coordinator.logPath, 'utf8'));
  for (const name of ['device-0', 'device-1']) written.set(`the log of ${name}`, await fleet.logOf(name));
  await dump();
}, 120_000);
afterAll(() => fleet.remove());

/** A person with a password and a session, and what is sent wrong: all of it in requests that are refused too. */
async function signIn(): Promise<void> {
  const { client, url } = fleet.coordinator;
  const { invitation, operator } = await client.call('inviteOperator', { body: { name: 'Ada', role: 'operator' } });
  const password = keep('password', planted());
  await client.call('acceptInvitation', { body: { invitation: keep('invitation', invitation), password } });
  const answer = await fetch(`${url}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: operator.name, password }) });
  keep('cookie of a session', /seedfleet-session=([\w-]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? 'none');
  keep('proof of a session', (await answer.json() as { crossSiteProof: string }).crossSiteProof);
  for (const body of [{ name: 'Ada', password: keep('wrong password', planted()) }, { name: keep('a password in the field of the name', planted()) }]) {
    await fetch(`${url}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  }
  await fetch(`${url}/api/v1/runs`, { headers: { authorization: `Bearer ${keep('a wrong token', planted())}` } });
  await fetch(`${url}/api/v1/runs?filter=${keep('an unreadable filter', planted())}=`, { headers: { authorization: `Bearer ${String(secrets.get('admin token'))}` } });
  const refused = await client.call('createRun', { body: { name: keep('a field of a refused run', planted()) } as never }).then(() => null, (error: unknown) => error);
  expect(refused).toBeInstanceOf(RequestRefused);
}

async function dump(): Promise<void> {
  const database = await PGlite.create(join(fleet.coordinator.home, 'database'));
  try {
    const { rows } = await database.query<{ name: string }>("SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace");
    for (const { name } of rows) tables.set(`table ${name}`, (await database.query<{ row: string }>(`SELECT t::text AS row FROM "${name}" t`)).rows.map(({ row }) => row).join('\n'));
    const reports = await database.query<{ differences: Uint8Array }>('SELECT differences FROM reports');
    const differences = reports.rows.flatMap(({ differences: bytes }) => Array.from({ length: bytes.length / 4 }, (_, i) => new DataView(bytes.buffer, bytes.byteOffset).getFloat32(i * 4, true)));
    const { rows: evaluations } = await database.query<{ loss: number }>('SELECT loss_sum AS loss FROM evaluations');
    // Six digits are enough to know a value by; one that has fewer says nothing.
    for (const value of new Set([...differences, ...evaluations.map(({ loss }) => Number(loss))].map((number) => String(Math.abs(number)).slice(0, 8)))) if (value.length === 8) keep(`value ${value}`, value);
  } finally {
    await database.close();
  }
}

test('everything was planted: the fleet wrote at level trace, its rows are there, and a secret that is where it may be is found', () => {
  expect(secrets.size).toBeGreaterThan(30);
  expect(written.get('the log of device-0')).toContain('"the report was recorded"');
  expect(written.get('the log of the coordinator')?.length).toBeGreaterThan(1_000);
  expect([...tables.keys()]).toContain('table reports');
  expect(formsOf('sft_abc')).toContain('c2z0x2fiyw');
  expect(found(new Map([['a page', 'password: PLANTED']]))).toEqual([]);
  expect(found(new Map([['a page', `it is ${String(secrets.get('password'))}.`]]))).toEqual(['password in a page']);
});

test('no log and no output of a command has a text, a token, a key, a difference or a loss of a device', () => {
  // The operator is shown the mean loss of all devices by `runs show`.
  expect(found(written, (place, secret) => place === 'seedfleet runs' && secret.startsWith('value '))).toEqual([]);
});

test('nor has a log anything that looks like a credential, but for the one-time link of the first start', () => {
  const looks = /eyJ[\w-]{10,}\.[\w-]+\.|\bsf[a-z]_[\w-]{20,}/g;
  const seen = [...written].flatMap(([place, text]) => text.split('\n').filter((line) => !line.includes('"operators.first-login"')).flatMap((line) => [...line.matchAll(looks)].map(([match]) => `${match} in ${place}`)));
  expect(seen).toEqual([]);
});

test('the database has no text, no token, no password and no private key', () => {
  // What it is for: differences until retention deletes them, sums of losses, and what webhooks are signed with.
  expect(found(tables, (place, secret) => secret.startsWith('value ') || (secret === 'secret of a webhook' && place === 'table alert_channels'))).toEqual([]);
});
