import { createHash } from 'node:crypto';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { loggedIn, typed } from '../testing/typed.js';

let coordinator: ServedCoordinator | undefined;
afterEach(() => coordinator?.close());

/** A chain made by hand: keys in the order of RFC 8785. */
function aChain(count: number) {
  let previousHash = '0'.repeat(64);
  return Array.from({ length: count }, (_, index) => {
    const entry = { action: 'device.change', actor: 'Ada', at: '2026-11-25T10:00:00.000Z', detail: { to: 'active' }, sequence: index + 1, subject: `dev_${index}` };
    const hash = createHash('sha256').update(Buffer.from(previousHash, 'hex')).update(JSON.stringify(entry)).digest('hex');
    const linked = { ...entry, previousHash, hash };
    previousHash = hash;
    return linked;
  });
}
const linesOf = (entries: object[]) => entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');

test('a chain that holds passes with its head; an entry that was changed is named and the command fails', async () => {
  const entries = aChain(3);
  let lines = linesOf(entries);
  coordinator = await serveCoordinator({ exportAudit: () => lines });
  const env = loggedIn(coordinator);
  expect(await typed(['audit', 'verify'], { env })).toMatchObject({ exitCode: 0, stdout: `PASSED: 3 entries, head ${entries[2]?.hash}\n` });
  lines = linesOf(entries.map((entry, index) => (index === 1 ? { ...entry, actor: 'Eve' } : entry)));
  expect(await typed(['audit', 'verify'], { env })).toMatchObject({ exitCode: 8, stdout: expect.stringContaining('entry 2 does not follow') });
  lines = linesOf(entries.slice(1));
  expect((await typed(['audit', 'verify'], { env })).exitCode).toBe(8);
});

test('an export is written as it came', async () => {
  const lines = linesOf(aChain(2));
  coordinator = await serveCoordinator({ exportAudit: () => lines });
  expect((await typed(['audit', 'export'], { env: loggedIn(coordinator) })).stdout).toBe(lines);
});

test('the list walks every page with its filter, or stops at the limit', async () => {
  const [first, second] = aChain(2);
  const asked: unknown[] = [];
  coordinator = await serveCoordinator({ listAuditEntries: ({ query }) => { asked.push(query); return query['cursor'] === undefined ? { items: [second], next: '2' } : { items: [first], next: null }; } });
  const env = loggedIn(coordinator);
  expect((await typed(['audit', 'list', '--actor', 'Ada'], { env })).stdout).toMatch(/2 .*dev_1 +to=active\n1 .*dev_0/);
  await typed(['audit', 'list', '--limit', '1'], { env });
  expect(asked).toEqual([{ actor: 'Ada' }, { actor: 'Ada', cursor: '2' }, { limit: '1' }]);
});
