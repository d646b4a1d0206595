import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';
import { z } from 'zod';

// A parse check: there is no Docker where these tests run, so nothing here builds an image or starts a container.

const workspace = new URL('../../../', import.meta.url).pathname;
const textOf = (path: string) => readFileSync(workspace + path, 'utf8');

const healthcheck = z.object({ test: z.tuple([z.literal('CMD')], z.string()), interval: z.string(), timeout: z.string(), retries: z.int() });
const service = z.object({
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  image: z.string().optional(),
  profiles: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  command: z.array(z.string()).default([]),
  healthcheck,
});
const compose = z.object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.null()) }).parse(load(textOf('docker-compose.yml'), { schema: CORE_SCHEMA.withTags(mergeTag) }));
const { services } = compose;
const serviceOf = (name: string) => {
  const found = services[name];
  if (!found) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
};

describe('docker-compose.yml (parsed, never run here)', () => {
  test('it has a coordinator and its database, and replicas, workers and monitoring by profile', () => {
    expect(Object.entries(services).map(([name, { profiles }]) => [name, profiles ?? []])).toEqual([['coordinator', []], ['coordinator-2', ['replicas']], ['coordinator-3', ['replicas']], ['redis', ['replicas']], ['balancer', ['replicas']], ['postgres', []], ['prometheus', ['monitoring']], ['grafana', ['monitoring']], ['worker', ['worker']]]);
  });

  test('everything that is waited for is waited for until it is healthy', () => {
    const waits = Object.entries(services).flatMap(([name, { depends_on }]) => Object.entries(depends_on).map(([on, { condition }]) => [name, on, condition]));
    expect(waits).toEqual([
      ['coordinator', 'postgres', 'service_healthy'], ...[2, 3].flatMap((number) => [[`coordinator-${number}`, 'coordinator', 'service_healthy'], [`coordinator-${number}`, 'redis', 'service_healthy']]),
      ['balancer', 'coordinator-2', 'service_healthy'], ['balancer', 'coordinator-3', 'service_healthy'], ['prometheus', 'coordinator', 'service_healthy'], ['grafana', 'prometheus', 'service_healthy'], ['worker', 'coordinator', 'service_healthy'],
    ]);
  });

  test('the coordinator is healthy when it is ready to serve', () => {
    expect(serviceOf('coordinator').healthcheck.test.join(' ')).toContain('/readyz');
  });

  test('images are pinned to a version, and what we build has its Dockerfile', () => {
    for (const { image, build } of Object.values(services)) {
      if (image !== undefined) expect(image).toMatch(/:v?\d+\.\d+/);
      if (build) expect(existsSync(`${workspace}${build.context}/${build.dockerfile}`)).toBe(true);
      expect((image === undefined) !== (build === undefined)).toBe(true);
    }
  });

  test('every named volume is declared, and every declared one is used', () => {
    const used = Object.values(services).flatMap(({ volumes }) => volumes).map((volume) => volume.split(':')[0] ?? '').filter((name) => /^[a-z][a-z-]*$/.test(name));
    expect([...new Set(used)].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  test('every file of ours that is mounted is there', () => {
    const mounted = Object.values(services).flatMap(({ volumes }) => volumes).map((volume) => volume.split(':')[0] ?? '').filter((path) => path.startsWith('./apps/'));
    expect(mounted.length).toBeGreaterThan(2);
    expect(mounted.filter((path) => !existsSync(`${workspace}${path}`))).toEqual([]);
  });

  test('the coordinator is given settings that it reads, and no others', () => {
    const read = [...textOf('apps/coordinator/src/app/settings.ts').matchAll(/^ {2}([A-Z][A-Z_]+): z\./gm)].map(([, name]) => name);
    expect(read).toContain('DATABASE_URL');
    expect(Object.keys(serviceOf('coordinator').environment).filter((name) => !read.includes(name))).toEqual([]);
  });

  test('replicas differ from the coordinator by their Redis alone, and share its home', () => {
    const { environment: { SEEDFLEET_REDIS_URL: _own, ...shared }, volumes, build } = serviceOf('coordinator');
    for (const name of ['coordinator-2', 'coordinator-3']) {
      const { environment: { SEEDFLEET_REDIS_URL: url, ...rest }, volumes: theirs, build: built } = serviceOf(name);
      expect([url, rest, theirs, built]).toEqual(['${SEEDFLEET_REDIS_URL:-redis://redis:6379}', shared, volumes, build]);
    }
    const servers = [...textOf('apps/coordinator/deploy/haproxy/haproxy.cfg').matchAll(/^ +server \S+ (\S+):7337 /gm)].map(([, host]) => host);
    expect(servers).toEqual(['coordinator', 'coordinator-2', 'coordinator-3']);
  });

  test('the worker is given settings that it or its start line reads, and no others', () => {
    const source = readdirSync(`${workspace}apps/worker/src`).filter((name) => name.endsWith('.ts')).map((name) => textOf(`apps/worker/src/${name}`)).join('\n');
    const read = [...source.matchAll(/process\.env\['([A-Z_]+)'\]/g)].map(([, name]) => name);
    const startLine = serviceOf('worker').command.join(' ');
    expect(Object.keys(serviceOf('worker').environment).filter((name) => !read.includes(name) && !startLine.includes(`$$${name}`))).toEqual([]);
  });

  test('no secret stands in it: every variable that it asks for is described in .env.example', () => {
    const asked = [...textOf('docker-compose.yml').matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name]) => name ?? '');
    const described = [...textOf('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect([...new Set(asked)].filter((name) => !described.includes(name))).toEqual([]);
    expect(textOf('docker-compose.yml')).toContain('POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?');
    for (const name of ['POSTGRES_PASSWORD', 'SEEDFLEET_ENROLMENT_TOKEN', 'SEEDFLEET_TOKEN']) expect(textOf('.env.example')).toMatch(new RegExp(`^${name}=$`, 'm'));
  });
});

describe.each(['coordinator', 'worker'])('the Dockerfile of the %s (parsed, never built here)', (app) => {
  const lines = textOf(`apps/${app}/Dockerfile`).replace(/\\\n\s*/g, ' ').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const stages = lines.reduce<string[][]>((found, line) => line.startsWith('FROM ') ? [...found, [line]] : [...found.slice(0, -1), [...found.at(-1) ?? [], line]], []);
  const last = stages.at(-1) ?? [];

  test('it builds in one stage, installs without development tools in another, and keeps only what that one holds', () => {
    expect(stages.map(([from]) => from?.replace(/^FROM \S+ ?/, ''))).toEqual(['AS build', 'AS install', '']);
    expect(stages[1]).toContainEqual(`RUN npm ci --omit=dev --no-audit --no-fund --workspace @seedfleet/${app}`);
    expect(last.filter((line) => line.startsWith('COPY '))).toEqual(['COPY --from=install /app ./']);
  });

  test('every stage stands on the Node version of the workspace, pinned', () => {
    const [major] = textOf('.nvmrc').trim().replace(/^v/, '').split('.');
    for (const [from] of stages) expect(from).toMatch(new RegExp(`^FROM node:${major}\\.\\d+\\.\\d+-bookworm-slim`));
  });

  test('it runs as a numbered user that is not root, and says when it is healthy', () => {
    expect(last.filter((line) => line.startsWith('USER '))).toEqual(['USER 1000:1000']);
    expect(last.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
  });

  test('every path that it copies from the workspace exists there', () => {
    const paths = (stages[0] ?? []).filter((line) => line.includes('cp -r --parents')).flatMap((line) => /--parents ([^&"]*) \/image/.exec(line)?.[1]?.split(' ') ?? []).filter((path) => !path.endsWith('/dist'));
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) expect({ path, exists: existsSync(workspace + path) }).toEqual({ path, exists: true });
  });

  test('nothing built and nothing secret of this machine goes into it', () => {
    const ignored = textOf('.dockerignore').split('\n');
    for (const pattern of ['.git', '**/node_modules', '**/dist', '**/.seedfleet', '.env']) expect(ignored).toContain(pattern);
  });
});
