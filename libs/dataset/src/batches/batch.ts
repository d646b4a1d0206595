import { type DatasetTask } from '../tasks/dataset-task.js';
import { type TokenStore } from '../tokens/token-store.js';

/** Examples as the model takes them: rows in C order, short rows filled on the right. */
export interface Batch {
  examples: number;
  /** Length T of every row: that of the longest example. */
  tokens: number;
  /** [examples * tokens] */
  ids: BigInt64Array;
  /** [examples * tokens] 1 where the row holds a token of its text. */
  mask: BigInt64Array;
  /** [examples] class index; for the language task [examples * tokens]: the token that is to be foretold, -1 where none is (the first, what a window reads again, and padding). */
  labels: BigInt64Array;
  /** Verbalizer only: [examples] position whose next token is the answer, the last of the prompt. */
  answer?: BigInt64Array;
}

export interface BatchOptions {
  task: DatasetTask['type'];
  /** Example numbers, one a row, in the order of the rows. */
  members: Int32Array;
  padding: number;
}

export function batchOf(store: TokenStore, { task, members, padding }: BatchOptions): Batch {
  const examples = members.length;
  const tokens = members.reduce((longest, example) => Math.max(longest, store.lengthOf(example)), 0);
  const ids = new BigInt64Array(examples * tokens).fill(BigInt(padding));
  const mask = new BigInt64Array(examples * tokens);
  members.forEach((example, row) => {
    store.tokensOf(example).forEach((id, column) => {
      ids[row * tokens + column] = BigInt(id);
      mask[row * tokens + column] = 1n;
    });
  });
  const batch = { examples, tokens, ids, mask };
  if (task === 'language') {
    const foretoldFrom = Array.from(members, (example) => store.foretoldFrom(example));
    return { ...batch, labels: ids.map((id, i) => (i % tokens >= (foretoldFrom[Math.floor(i / tokens)] ?? tokens) && mask[i] === 1n ? id : -1n)) };
  }
  const labels = BigInt64Array.from(members, (example) => BigInt(store.labelOf(example)));
  return task === 'classification' ? { ...batch, labels } : { ...batch, labels, answer: BigInt64Array.from(members, (example) => BigInt(store.lengthOf(example) - 1)) };
}
