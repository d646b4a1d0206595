import fc from 'fast-check';
import { deviceFilterFields, filterMatches, parseFilter } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { deviceWhere } from './device-filter.js';

let fleet: CoordinatorUnderTest;
const now = new Date('2026-11-25T12:00:00.000Z');
const hour = 3_600_000;
const names = ['Laptop 7', 'laptop_8', '100%', 'a\\b', 'phone'];
const platforms = [null, 'linux x64', 'linux arm64'];
const tagSets = [[], ['lab'], ['gpu', 'lab'], ['office']];
const states = ['pending', 'active', 'suspended', 'revoked'] as const;

/** Every combination that the terms below can tell apart is among them, more than once. */
const rows = Array.from({ length: 60 }, (_, i) => ({
  id: `dev_${String(i).padStart(3, '0')}`, name: names[i % names.length] ?? '', state: states[i % 4] ?? 'active', connected: i % 3 === 0, tags: tagSets[(i >> 2) % 4] ?? [],
  platform: platforms[i % 3] ?? null, workerVersion: i % 5 === 0 ? null : `0.${i % 3}.0`, enrolledAt: new Date(now.getTime() - i * hour), lastSeenAt: i % 7 === 0 ? null : new Date(now.getTime() - i * hour / 2),
  threads: i % 4 === 3 ? null : i % 4, memoryMegabytes: i * 100, forwardMs: i % 2 === 0 ? null : i / 4, peakMegabytes: i % 3 === 0 ? null : i * 10,
  datasetNames: i % 5 === 0 ? [] : ['reviews', ...(i % 2 === 0 ? ['notes'] : [])], datasetTasks: i % 5 === 0 ? [] : ['language', ...(i % 3 === 0 ? ['classification'] : [])],
  publicKey: new Uint8Array(32).fill(i),
}));
const inGroup = (i: number) => i % 6 === 0;

beforeAll(async () => {
  fleet = await aCoordinator();
  const { prisma } = fleet.coordinator.database;
  await prisma.device.createMany({ data: rows });
  await prisma.deviceGroup.create({ data: { id: 'grp_1', name: 'by hand', createdAt: now, members: { create: rows.filter((_, i) => inGroup(i)).map(({ id }) => ({ deviceId: id })) } } });
}, 60_000);
afterAll(() => fleet.close());

const quoted = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`;
const text = (field: string, values: string[]) => fc.tuple(fc.constantFrom('=', '!=', '~', '!~'), fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 2 })).map(([comparison, chosen]) => `${field}${comparison}${chosen.map(quoted).join(',')}`);
const choice = (field: string, values: string[]) => fc.tuple(fc.constantFrom('=', '!='), fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 2 })).map(([comparison, chosen]) => `${field}${comparison}${chosen.map(quoted).join(',')}`);
const age = (field: string) => fc.tuple(fc.constantFrom('<', '<=', '>', '>='), fc.integer({ min: 0, max: 60 })).map(([comparison, hours]) => `${field}${comparison}${hours}h`);
const number = (field: string, max: number) => fc.tuple(fc.constantFrom('=', '!=', '<', '<=', '>', '>='), fc.integer({ min: 0, max })).map(([comparison, value]) => `${field}${comparison}${value}`);
const term = fc.oneof(
  number('threads', 3), number('memory', 6_000), number('step', 15), number('peak', 600),
  text('name', [...names, 'LAPTOP', 'top', '%', '_', '\\']), text('platform', ['linux', 'linux x64', 'ARM']), text('worker', ['0.1.0', '0.', '2']),
  choice('state', [...states]), choice('online', ['yes', 'no', 'perhaps']), choice('tag', ['lab', 'gpu', 'none']), choice('group', ['by hand', 'by filter', 'nobody']), age('seen'), age('enrolled'),
  choice('dataset', ['reviews', 'notes', 'none']), choice('task', ['language', 'classification', 'verbalizer']),
);

test('the database finds the devices that a filter means, as the plain evaluation does', async () => {
  const byFilter = parseFilter('tag=lab online=yes', deviceFilterFields);
  const subjectOf = (row: (typeof rows)[number], i: number) => ({
    name: row.name, state: row.state, online: row.connected ? 'yes' : 'no', tag: row.tags, threads: row.threads, memory: row.memoryMegabytes, step: row.forwardMs, dataset: row.datasetNames, task: row.datasetTasks, peak: row.peakMegabytes, platform: row.platform, worker: row.workerVersion,
    seen: row.lastSeenAt === null ? null : now.getTime() - row.lastSeenAt.getTime(), enrolled: now.getTime() - row.enrolledAt.getTime(),
    group: [...(inGroup(i) ? ['by hand'] : []), ...(row.tags.includes('lab') && row.connected ? ['by filter'] : [])],
  });
  await fc.assert(fc.asyncProperty(fc.array(term, { maxLength: 3 }), async (terms) => {
    const filter = parseFilter(terms.join(' '), deviceFilterFields);
    const expected = rows.filter((row, i) => filterMatches(filter, subjectOf(row, i))).map(({ id }) => id);
    const where = deviceWhere(filter, { now, groups: new Map([['by hand', null], ['by filter', byFilter]]) });
    const found = await fleet.coordinator.database.prisma.device.findMany({ where, orderBy: { id: 'asc' }, select: { id: true } });
    expect(found.map(({ id }) => id)).toEqual(expected);
  }), { numRuns: 150 });
}, 60_000);
