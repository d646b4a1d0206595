import fc from 'fast-check';
import { pageOfList } from './short-lists.js';

const lists = fc.oneof(fc.array(fc.record({ loss: fc.integer() })), fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/)).map((ids) => ids.map((id) => ({ id }))));

test('pages put behind one another are the list, whatever their size', () => fc.assert(fc.property(lists, fc.integer({ min: 1, max: 7 }), (items, limit) => {
  const read: unknown[] = [];
  let cursor: string | null | undefined;
  do {
    const page = pageOfList<unknown>(items, { limit, cursor: cursor ?? undefined });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    read.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  expect(read).toEqual(items);
})));

test('without a limit it is the whole list, and a cursor of something that is gone is refused', () => {
  expect(pageOfList([{ id: 'a' }, { id: 'b' }], {})).toEqual({ items: [{ id: 'a' }, { id: 'b' }], next: null });
  expect(() => pageOfList([{ id: 'a' }], { cursor: 'b' })).toThrow(expect.objectContaining({ code: 'request.invalid', field: 'cursor' }));
});
