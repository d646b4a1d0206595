import { Batch } from './batch.js';

/** A database that writes down what it was asked, and fails on what is `wrong`. */
function aBatch(itemsMax = 100) {
  const asked: string[][] = [];
  const batch = new Batch<string, string>({
    itemsMax, keyOf: (item) => item.split('/')[0] ?? '',
    perform: async (items) => {
      asked.push([...items]);
      await new Promise((resolve) => setImmediate(resolve));
      if (items.some((item) => item.includes('wrong'))) throw new Error('a wrong item');
      return items.map((item) => `answer to ${item}`);
    },
  });
  return { asked, batch };
}

test('what is asked together is asked in one statement, and each gets its own answer', async () => {
  const { asked, batch } = aBatch();
  expect(await Promise.all(['a', 'b', 'c'].map((item) => batch.ask(item)))).toEqual(['answer to a', 'answer to b', 'answer to c']);
  expect(asked).toEqual([['a', 'b', 'c']]);
  expect(await batch.ask('d')).toBe('answer to d');
});

test('two of one key come one after the other, and no statement holds more than its bound', async () => {
  const { asked, batch } = aBatch(2);
  await Promise.all(['a/1', 'a/2', 'b/1', 'c/1', 'a/3'].map((item) => batch.ask(item)));
  expect(asked).toEqual([['a/1', 'b/1'], ['a/2', 'c/1'], ['a/3']]);
});

test('one that is refused takes none of the others with it, and those that come later are asked', async () => {
  const { batch } = aBatch();
  const answers = await Promise.allSettled(['a', 'wrong', 'c'].map((item) => batch.ask(item)));
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await batch.ask('d')).toBe('answer to d');
});
