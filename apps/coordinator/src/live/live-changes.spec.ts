import { changeIdsMax, type FleetChange } from '@seedfleet/protocol';
import { LiveChanges } from './live-changes.js';

/** What is told in the next message of each role. */
async function told(change: (changes: LiveChanges) => void): Promise<Record<string, FleetChange[]>> {
  const changes = new LiveChanges();
  const messages: Record<string, FleetChange[]> = {};
  await new Promise<void>((resolve) => {
    changes.attach((least, theirs) => {
      messages[least] = theirs;
      setImmediate(resolve);
    });
    change(changes);
  });
  changes.close();
  return messages;
}

test('many changes are one message, each thing named once', async () => {
  expect(await told((changes) => { for (let round = 0; round < 40; round++) changes.tell('round', 3 + (round % 2)); })).toEqual({ viewer: [{ kind: 'round', ids: ['3', '4'] }] });
});

test('too many to name are told without ids, and so is a kind of which one change had none', async () => {
  const devices = (count: number) => (changes: LiveChanges) => { for (let device = 0; device < count; device++) changes.tell('device', `dev_${device}`); };
  expect((await told(devices(changeIdsMax)))['viewer']?.[0]?.ids).toHaveLength(changeIdsMax);
  expect(await told(devices(changeIdsMax + 5))).toEqual({ viewer: [{ kind: 'device', ids: [] }] });
  expect(await told((changes) => { changes.tell('alert', 'alr_1'); changes.tell('alert', null); changes.tell('alert', 'alr_2'); })).toEqual({ viewer: [{ kind: 'alert', ids: [] }] });
});

test('what only some may list is told to them alone', async () => {
  expect(await told((changes) => { changes.tell('operator', 'op_1'); changes.tell('audit-entry', null); changes.tell('group', 'grp_1'); })).toEqual({
    viewer: [{ kind: 'group', ids: ['grp_1'] }], operator: [{ kind: 'audit-entry', ids: [] }], admin: [{ kind: 'operator', ids: ['op_1'] }],
  });
});
