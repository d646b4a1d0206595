import { filterMatches, parseFilter, runFilterFields } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { anUploadedModel } from '../testing/a-model.js';
import { runWhere } from './run-filter.js';

let fleet: CoordinatorUnderTest;
const now = new Date('2026-11-25T12:00:00.000Z');
const ago = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
const rows = [
  { name: 'reviews', state: 'completed', cause: 'rounds-done', round: 120, createdAt: ago(50), startedAt: ago(49), endedAt: ago(48) },
  { name: 'reviews again', state: 'running', cause: null, round: 7, createdAt: ago(2), startedAt: ago(1), endedAt: null },
  { name: 'spam', state: 'failed', cause: 'diverged', round: 0, createdAt: ago(10), startedAt: ago(9), endedAt: ago(3) },
  { name: 'a draft', state: 'draft', cause: null, round: 0, createdAt: ago(0), startedAt: null, endedAt: null },
];
let model: string;

beforeAll(async () => {
  fleet = await aCoordinator();
  model = (await anUploadedModel(fleet)).id;
  const empty = new Uint8Array();
  for (const row of rows) await fleet.coordinator.database.prisma.run.create({ data: { ...row, modelId: model, everyDevice: false, manifest: empty, manifestHash: empty, manifestSignature: empty } });
}, 60_000);
afterAll(() => fleet.close());

const ageOf = (at: Date | null) => (at === null ? null : now.getTime() - at.getTime());

test.each([
  'name~review', 'name!~review', 'state=running,failed', 'state!=draft', 'cause=diverged', 'cause!=diverged', 'cause~done', 'round>0', 'round=0', 'round!=7', 'round<=7 state!=draft',
  'created<24h', 'created>=50h', 'started<9h', 'ended<4h', 'ended>1h name~"views"', '',
])('`%s` finds in the database what the plain evaluation does', async (text) => {
  const filter = parseFilter(text, runFilterFields);
  const expected = rows.filter((row) => filterMatches(filter, { ...row, model, created: ageOf(row.createdAt), started: ageOf(row.startedAt), ended: ageOf(row.endedAt) })).map(({ name }) => name);
  const found = await fleet.coordinator.database.prisma.run.findMany({ where: runWhere(filter, now), orderBy: { id: 'asc' }, select: { name: true } });
  expect(found.map(({ name }) => name)).toEqual(expected);
});
