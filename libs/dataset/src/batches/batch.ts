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
  /** [examples] class index */
  labels: BigInt64Array;
}

/** @param members example numbers, one a row, in the order of the rows */
export function batchOf(store: TokenStore, { members, padding }: { members: Int32Array; padding: number }): Batch {
  const examples = members.length;
  const tokens = members.reduce((longest, example) => Math.max(longest, store.lengthOf(example)), 0);
  const ids = new BigInt64Array(examples * tokens).fill(BigInt(padding));
  const mask = new BigInt64Array(examples * tokens);
  const labels = new BigInt64Array(examples);
  members.forEach((example, row) => {
    labels[row] = BigInt(store.labelOf(example));
    store.tokensOf(example).forEach((id, column) => {
      ids[row * tokens + column] = BigInt(id);
      mask[row * tokens + column] = 1n;
    });
  });
  return { examples, tokens, ids, mask, labels };
}
