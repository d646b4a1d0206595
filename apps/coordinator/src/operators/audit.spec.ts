import { sha256, toHex, canonicalBytes, fromHex } from '@seedfleet/ledger';
import { type AuditEntry, type AuditVerification } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
const newToken = (name: string) => fleet.call('POST', '/api/v1/enrolment-tokens', { body: { name } });
const verification = async () => (await fleet.call('GET', '/api/v1/audit-entries/verification')).json as AuditVerification;
const page = async (query: string) => (await fleet.call('GET', `/api/v1/audit-entries?${query}`)).json as { items: AuditEntry[]; next: string | null };

beforeAll(async () => {
  fleet = await aCoordinator();
  await DeviceUnderTest.enrol(fleet);
}, 60_000);
afterAll(() => fleet.close());

test('every line of the export follows from the one before, by the rule that the schema states', async () => {
  await newToken('audited');
  const { bytes } = await fleet.call('GET', '/api/v1/audit-entries/export');
  const entries = Buffer.from(bytes).toString('utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as AuditEntry);
  expect(entries.map(({ action }) => action)).toEqual(expect.arrayContaining(['operator.create', 'enrolment-token.create', 'device.enrol']));
  let head = '0'.repeat(64);
  entries.forEach(({ previousHash, hash, ...entry }, index) => {
    expect([entry.sequence, previousHash]).toEqual([index + 1, head]);
    expect(toHex(sha256(fromHex(head), canonicalBytes(entry)))).toBe(hash);
    head = hash;
  });
  expect(await verification()).toEqual({ intact: true, entries: entries.length, headHash: head, brokenAt: null });
});

test('pages go from the newest to the oldest, and a filter wants every field equal', async () => {
  for (const name of ['one', 'two', 'three']) await newToken(name);
  const first = await page('action=enrolment-token.create&limit=2');
  const second = await page(`action=enrolment-token.create&limit=2&cursor=${first.next}`);
  const sequences = [...first.items, ...second.items].map(({ sequence }) => sequence);
  expect(sequences).toEqual([...sequences].sort((a, b) => b - a));
  expect(new Set(sequences).size).toBe(4);
  expect((await page('actor=coordinator&action=enrolment-token.create')).items).toEqual([]);
  expect(problemOf(await fleet.call('GET', '/api/v1/audit-entries?cursor=x'))).toMatchObject({ code: 'request.invalid', field: 'cursor' });
});

test('changes made at once leave one chain', async () => {
  const before = (await verification()).entries;
  await Promise.all(Array.from({ length: 12 }, (_, index) => newToken(`at once ${index}`)));
  expect(await verification()).toMatchObject({ intact: true, entries: before + 12 });
});

test('a change that fails leaves no entry, and an entry that fails leaves no change', async () => {
  const { prisma } = fleet.coordinator.database;
  const before = (await verification()).entries;
  expect((await fleet.call('DELETE', '/api/v1/enrolment-tokens/tok_nothing')).status).toBe(404);
  expect((await verification()).entries).toBe(before);
  await prisma.$executeRawUnsafe(`ALTER TABLE audit_entries ADD CONSTRAINT no_more CHECK (sequence <= ${before}) NOT VALID`);
  const tokens = await prisma.enrolmentToken.count();
  expect((await newToken('unaudited')).status).toBe(500);
  expect(await prisma.enrolmentToken.count()).toBe(tokens);
  await prisma.$executeRaw`ALTER TABLE audit_entries DROP CONSTRAINT no_more`;
});

test('an entry that somebody edited in the database is named', async () => {
  const { prisma } = fleet.coordinator.database;
  const { entries } = await verification();
  await prisma.auditEntry.update({ where: { sequence: 3 }, data: { actor: 'somebody else' } });
  expect(await verification()).toMatchObject({ intact: false, entries: 2, brokenAt: 3 });
  expect(entries).toBeGreaterThan(3);
});
