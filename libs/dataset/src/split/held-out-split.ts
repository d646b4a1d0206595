import { compareBytes, concatBytes, sha256, utf8 } from '@seedfleet/ledger';
import { type LabelledText } from '../files/data-file.js';

/** Example numbers of each part, ascending. */
export interface Split {
  train: Int32Array;
  heldOut: Int32Array;
}

const purpose = utf8('seedfleet/split/v1');

/**
 * What places an example in the split: its content alone, 32 bytes. Neither its line nor the format of the file matters, nor the device:
 * who enrols again with the same data evaluates on examples that it has never trained on.
 */
export function splitHash({ text, label }: Pick<LabelledText, 'text' | 'label'>): Uint8Array {
  const length = new Uint8Array(4);
  const textBytes = utf8(text);
  new DataView(length.buffer).setUint32(0, textBytes.length, true);
  return sha256(concatBytes([purpose, length, textBytes, utf8(label ?? '')]));
}

/**
 * Holds out the `floor(n * fraction)` examples with the smallest hashes: an exact count, the same after a restart, and the same
 * whatever the order of the lines. Equal hashes are equal examples: which of them is held out makes no difference.
 * @param hashes one of 32 bytes for each example
 * @param together whether copies of one example stay on one side, though fewer are held out then
 */
export function splitHeldOut({ hashes, fraction, together = false }: { hashes: readonly Uint8Array[]; fraction: number; together?: boolean }): Split {
  const hashOf = (example: number): Uint8Array => hashes[example] ?? new Uint8Array(0);
  const order = Array.from(hashes.keys()).sort((a, b) => compareBytes(hashOf(a), hashOf(b)) || a - b);
  let count = Math.floor(hashes.length * fraction);
  const isCopy = (place: number) => compareBytes(hashOf(order[place - 1] ?? -1), hashOf(order[place] ?? -1)) === 0;
  while (together && count > 0 && isCopy(count)) count--;
  return { heldOut: Int32Array.from(order.slice(0, count)).sort(), train: Int32Array.from(order.slice(count)).sort() };
}
