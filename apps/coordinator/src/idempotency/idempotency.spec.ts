import { sha256, utf8 } from '@seedfleet/ledger';
import { type NewEnrolmentToken } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
beforeAll(async () => { fleet = await aCoordinator(); }, 60_000);
afterAll(() => fleet.close());

const create = (key: string, body: object = { name: 'lab' }, token = fleet.adminToken) => fleet.call('POST', '/api/v1/enrolment-tokens', { body, token, headers: { 'idempotency-key': key } });
const count = () => fleet.coordinator.database.prisma.enrolmentToken.count();

test('the same creation twice, even after a restart, makes one thing and answers alike', async () => {
  const first = await create('again');
  await fleet.restart();
  const second = await create('again');
  expect([first.status, second.status, second.headers.get('idempotency-replayed')]).toEqual([201, 201, 'true']);
  expect(second.json).toEqual(first.json);
  expect(await count()).toBe(1);
});

test('sent at once, it is made once: the others hear that it is under way, or its answer', async () => {
  const before = await count();
  const answers = await Promise.all(Array.from({ length: 6 }, () => create('at-once')));
  expect(await count()).toBe(before + 1);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    expect([problemOf(answer).code, answer.headers.get('retry-after')]).toEqual(['request.in-progress', '1']);
  }
  expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
});

test('a key of another request is refused, and the same key of another operator is another key', async () => {
  await create('mine');
  expect(problemOf(await create('mine', { name: 'other' }))).toMatchObject({ code: 'request.key-reused', field: 'Idempotency-Key', status: 422 });
  const { operator } = (await fleet.call('POST', '/api/v1/operators', { body: { name: 'Ada', role: 'operator' } })).json as { operator: { id: string } };
  await fleet.coordinator.database.prisma.apiToken.create({ data: { id: 'key_ada', operatorId: operator.id, name: 'spec', hash: new Uint8Array(sha256(utf8('sft_ada'))), createdAt: new Date() } });
  expect((await create('mine', { name: 'other' }, 'sft_ada')).status).toBe(201);
});

test('a refused creation gives its key back', async () => {
  expect(problemOf(await create('refused', { usesMax: 0 })).code).toBe('request.invalid');
  expect((await create('refused')).status).toBe(201);
});

test('a key is forgotten after a day', async () => {
  const { id } = (await create('daily')).json as NewEnrolmentToken;
  fleet.pass(86_401_000);
  expect(((await create('daily')).json as NewEnrolmentToken).id).not.toBe(id);
});

test('the token in a kept answer is not readable in the database', async () => {
  const { token } = (await create('secret')).json as NewEnrolmentToken;
  const rows = await fleet.coordinator.database.prisma.idempotencyKey.findMany();
  expect(rows.map(({ answer }) => Buffer.from(answer ?? []).includes(token))).not.toContain(true);
});

test('a key that no header should carry is refused', async () => {
  expect(problemOf(await create('two words'))).toMatchObject({ code: 'request.invalid', field: 'Idempotency-Key' });
});
