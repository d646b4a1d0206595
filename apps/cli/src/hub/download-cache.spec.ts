import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyFolder } from '../testing/typed.js';
import { contentHashOf, hasContent } from './content-hash.js';
import { DownloadCache } from './download-cache.js';
import { HubClient } from './hub-client.js';
import { HubServer, type Faults } from './hub-server.fixture.js';

const model = randomBytes(3_000_000);
const config = Buffer.from('{"architectures":["BertModel"]}\n');
let server: HubServer;
let folder: string;
const waits: number[] = [];

beforeEach(async () => {
  waits.length = 0;
  folder = await emptyFolder();
  server = await new HubServer('lab/encoder', new Map([['onnx/model.onnx', model], ['config.json', config], ['empty.txt', Buffer.alloc(0)]])).listen();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const sleep = (milliseconds: number) => { waits.push(milliseconds); return Promise.resolve(); };
const clientOf = (token?: string) => new HubClient({ url: new URL(server.url), ...(token === undefined ? {} : { token }) }, sleep);

/** Fetches one file as a new process would. */
async function fetched(path: string, { faults = {}, token, repository = 'lab/encoder', revision = 'main' }: { faults?: Faults; token?: string; repository?: string; revision?: string } = {}): Promise<Buffer> {
  server.faults = faults;
  const client = clientOf(token);
  return readFile(await new DownloadCache(folder).fetch({ client, revision: await client.revision({ repository, revision }), path, onProgress: () => undefined, sleep }));
}
const blobs = () => readdirSync(join(folder, 'blobs')).sort();
const codeOf = (promise: Promise<unknown>) => promise.then(() => 'arrived', (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error));

test('a large file comes from the storage that the hub redirects to, and is asked for by commit', async () => {
  expect((await fetched('onnx/model.onnx')).equals(model)).toBe(true);
  expect(server.asked.map(({ host, method, path }) => `${host} ${method} ${path}`)).toEqual([
    'hub GET /api/models/lab/encoder/revision/main',
    `hub HEAD /lab/encoder/resolve/${server.commit}/onnx/model.onnx`,
    `hub GET /lab/encoder/resolve/${server.commit}/onnx/model.onnx`,
    'storage GET /lfs/onnx/model.onnx?signature=1',
  ]);
});

test('a small file is verified by the id that git gives it', async () => {
  expect((await fetched('config.json')).equals(config)).toBe(true);
  expect(blobs()).toEqual([expect.stringMatching(/^git-sha1-[0-9a-f]{40}$/)]);
  expect((await fetched('empty.txt')).length).toBe(0);
  // The id of the empty blob, as every git repository knows it.
  expect(blobs()).toContain('git-sha1-e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
});

test('the token goes to the hub and to nobody that it redirects to', async () => {
  await fetched('onnx/model.onnx', { token: 'hf_secret', faults: { token: 'hf_secret' } });
  const seen = (host: string) => server.asked.filter((asked) => asked.host === host).map(({ authorization }) => authorization);
  expect(new Set(seen('hub'))).toEqual(new Set(['Bearer hf_secret']));
  expect(seen('storage')).toEqual([undefined]);
});

test('small files may stand in a cache of the hub, which is still the hub', async () => {
  expect((await fetched('config.json', { token: 'hf_secret', faults: { cached: true, token: 'hf_secret' } })).equals(config)).toBe(true);
  expect(server.asked.filter(({ path }) => path.startsWith('/api/resolve-cache/')).map(({ method, authorization }) => [method, authorization])).toEqual([['HEAD', 'Bearer hf_secret'], ['GET', 'Bearer hf_secret']]);
});

test('nothing is asked for in a compressed form, whose length would be another', async () => {
  await fetched('onnx/model.onnx');
  expect(new Set(server.asked.map(({ encoding }) => encoding))).toEqual(new Set(['identity']));
});

test('a model that was renamed is found by its old name', async () => {
  expect((await fetched('config.json', { repository: 'old/name' })).equals(config)).toBe(true);
});

test('a branch with a slash in its name is one revision', async () => {
  expect((await fetched('config.json', { revision: 'refs/pr/1' })).equals(config)).toBe(true);
});

test('a file that is in the cache crosses the network no second time, under whatever name', async () => {
  await fetched('onnx/model.onnx');
  server.files.set('copy/model.onnx', model);
  server.commit = 'beef'.padEnd(40, '0');
  await fetched('copy/model.onnx');
  expect(server.asked.filter(({ host }) => host === 'storage')).toHaveLength(1);
  expect(blobs()).toHaveLength(1);
});

test('a cut connection is taken up at the byte where it ended, and only of the same file', async () => {
  expect((await fetched('onnx/model.onnx', { faults: { cut: { path: 'onnx/model.onnx', bytes: 1_000_000, times: 1 } } })).equals(model)).toBe(true);
  const [first, second, ...more] = server.asked.filter(({ host }) => host === 'storage');
  expect(more).toEqual([]);
  expect(first).not.toHaveProperty('range');
  expect(second).toMatchObject({ ifRange: '"storage"', range: expect.stringMatching(/^bytes=[1-9]\d*-$/) });
});

test('another process goes on where a killed one stopped', async () => {
  expect(await codeOf(fetched('onnx/model.onnx', { faults: { cut: { path: 'onnx/model.onnx', bytes: 0, times: 99 } } }))).toBe('hub.interrupted');
  await fetched('config.json');
  const part = join(folder, 'blobs', `sha256-${contentHashOf(`"${(await import('node:crypto')).createHash('sha256').update(model).digest('hex')}"`)?.hex ?? ''}.part`);
  await writeFile(part, model.subarray(0, 2_000_000));
  server.asked.length = 0;
  expect((await fetched('onnx/model.onnx')).equals(model)).toBe(true);
  expect(server.asked.filter(({ host }) => host === 'storage')).toEqual([expect.objectContaining({ range: 'bytes=2000000-' })]);
  expect(blobs().filter((name) => name.includes('.part'))).toEqual([]);
});

test.each<[string, Faults]>([
  ['whose storage knows no ranges', { rangeless: true }],
  ['whose storage holds another file by then', { moving: true }],
])('a hub %s starts a cut file over, and nothing is joined', async (_, faults) => {
  expect((await fetched('onnx/model.onnx', { faults: { ...faults, cut: { path: 'onnx/model.onnx', bytes: 500_000, times: 1 } } })).equals(model)).toBe(true);
});

test('bytes of another content are refused and not kept', async () => {
  expect(await codeOf(fetched('onnx/model.onnx', { faults: { forge: 'onnx/model.onnx' } }))).toBe('hub.hash-mismatch');
  expect(await codeOf(fetched('config.json', { faults: { forge: 'config.json' } }))).toBe('hub.hash-mismatch');
  expect(blobs()).toEqual([]);
  expect((await fetched('onnx/model.onnx')).equals(model)).toBe(true);
});

test('a file of the cache that was damaged is fetched again', async () => {
  await fetched('onnx/model.onnx');
  const [blob = ''] = blobs();
  await writeFile(join(folder, 'blobs', blob), randomBytes(model.length));
  expect((await fetched('onnx/model.onnx')).equals(model)).toBe(true);
});

test('a connection that brings nothing, five times, ends the download and keeps what came before', async () => {
  const cut = { path: 'onnx/model.onnx', bytes: 700_000, times: 1 };
  server.faults = { cut };
  const client = clientOf();
  const revision = await client.revision({ repository: 'lab/encoder', revision: 'main' });
  let connections = 0;
  const failing = new DownloadCache(folder).fetch({ client, revision, path: 'onnx/model.onnx', sleep: () => { server.faults = { cut: { ...cut, bytes: 0, times: 1 } }; connections++; return Promise.resolve(); }, onProgress: () => undefined });
  expect(await codeOf(failing)).toBe('hub.interrupted');
  expect(connections).toBeLessThan(10);
  expect((await stat(join(folder, 'blobs', blobs().find((name) => name.endsWith('.part')) ?? ''))).size).toBeGreaterThan(0);
});

describe('a hub that has no time', () => {
  test('is asked again after the seconds that it names', async () => {
    expect((await fetched('config.json', { faults: { busy: { times: 1, retryAfter: '7' } } })).equals(config)).toBe(true);
    expect(waits).toEqual([7_000]);
  });

  test('is asked again after growing pauses where it names none', async () => {
    await fetched('config.json', { faults: { busy: { times: 3, status: 503 } } });
    expect(waits).toEqual([1_000, 2_000, 4_000]);
  });

  test('is not waited for longer than a minute', async () => {
    expect(await codeOf(fetched('config.json', { faults: { busy: { times: 1, retryAfter: '3600' } } }))).toBe('hub.busy');
    expect(waits).toEqual([]);
  });

  test('is asked five times at most', async () => {
    expect(await codeOf(fetched('config.json', { faults: { busy: { times: 99 } } }))).toBe('hub.busy');
    expect(server.asked).toHaveLength(5);
  });
});

test.each<[string, string, Parameters<typeof fetched>[1]]>([
  ['hub.unauthorised', 'a private model without a token', { faults: { token: 'hf_secret' } }],
  ['hub.unauthorised', 'a token that is not accepted', { faults: { token: 'hf_secret' }, token: 'hf_other' }],
  ['hub.gated', 'a model whose conditions nobody accepted', { faults: { refusal: { status: 403, code: 'GatedRepo' } }, token: 'hf_secret' }],
  ['hub.gated', 'the same, asked without a token', { faults: { refusal: { status: 401, code: 'GatedRepo' } } }],
  ['hub.not-found', 'a revision that does not exist', { revision: 'v9' }],
  ['hub.unexpected-answer', 'a server of another kind', { faults: { refusal: { status: 418 } } }],
])('%s: %s', async (code, _, request) => {
  expect(await codeOf(fetched('config.json', request))).toBe(code);
});

test('a gated model says where to accept its conditions, and no error tells the token', async () => {
  const error: unknown = await fetched('config.json', { faults: { refusal: { status: 403, code: 'GatedRepo' } }, token: 'hf_secret' }).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ fix: expect.stringContaining(`${server.url}/lab/encoder`) });
  expect(JSON.stringify(error) + String(error)).not.toContain('hf_secret');
});

test('a hub that lists a file outside of the model is refused before anything is written', async () => {
  server.files.set('../../.bashrc', Buffer.from('x'));
  expect(await codeOf(fetched('config.json'))).toBe('hub.unexpected-answer');
  expect(existsSync(join(folder, 'blobs'))).toBe(false);
});

test('a hub that is not there', async () => {
  const url = server.url;
  await server.close();
  expect(await codeOf(new HubClient({ url: new URL(url) }, sleep).revision({ repository: 'lab/encoder', revision: 'main' }))).toBe('hub.unreachable');
  server = await new HubServer('lab/encoder', new Map()).listen();
});

test('the hashes are those of sha256sum and of git hash-object', async () => {
  const file = join(folder, 'hello');
  await writeFile(file, 'hello\n');
  expect(contentHashOf('"ce013625030ba8dba906f756967f9e9ca394464a"')).toEqual({ kind: 'git-sha1', hex: 'ce013625030ba8dba906f756967f9e9ca394464a' });
  expect(await hasContent(file, { kind: 'git-sha1', hex: 'ce013625030ba8dba906f756967f9e9ca394464a' })).toBe(true);
  expect(await hasContent(file, { kind: 'sha256', hex: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03' })).toBe(true);
  expect(contentHashOf('W/"abc"')).toBeUndefined();
});
