import { keystream } from '@seedfleet/numerics';
import { type Batch } from '../engine/engine.js';

/** What the losses are losses of. */
export type CheckTask = { type: 'classification'; classes: number } | { type: 'verbalizer'; answers: readonly number[] } | { type: 'language' };

export interface BatchShape { examples: number; tokens: number; vocabulary: number; task: CheckTask }

/** Ids that tokenizers keep for padding, beginnings and ends; a random text does without them where it can. */
const special = 4;

/**
 * Batches of random token ids, every second example shorter than the others by a quarter, so that there is padding; the same for the same shape.
 * @returns `count` of them, no two alike
 */
export function randomBatches(count: number, { examples, tokens, vocabulary, task }: BatchShape): Batch[] {
  const first = vocabulary > 2 * special ? special : 0;
  return Array.from({ length: count }, (_, index) => {
    const words = wordsOf({ index, length: examples * tokens + examples });
    const mask = BigInt64Array.from({ length: examples * tokens }, (_, i) => (i % tokens < lengthOf(Math.floor(i / tokens), tokens) ? 1n : 0n));
    const ids = mask.map((present, i) => (present === 1n ? BigInt(first + ((words[i] ?? 0) % (vocabulary - first))) : 0n));
    const labels = task.type === 'language' ? ids.map((id, i) => (i % tokens > 0 && mask[i] === 1n ? id : -1n))
      : BigInt64Array.from({ length: examples }, (_, i) => BigInt((words[examples * tokens + i] ?? 0) % classesOf(task)));
    const answer = BigInt64Array.from({ length: examples }, (_, i) => BigInt(lengthOf(i, tokens) - 1));
    return { examples, tokens, ids, mask, labels, ...(task.type === 'verbalizer' ? { answer } : {}) };
  });
}

const classesOf = (task: Exclude<CheckTask, { type: 'language' }>) => (task.type === 'classification' ? task.classes : task.answers.length);
const lengthOf = (example: number, tokens: number) => (example % 2 === 0 ? tokens : Math.max(1, tokens - Math.floor(tokens / 4)));

function wordsOf({ index, length }: { index: number; length: number }): Uint32Array {
  const nonce = new Uint8Array(12);
  nonce[0] = index;
  const bytes = keystream({ key: new Uint8Array(32), nonce, length: 4 * length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length }, (_, i) => view.getUint32(4 * i, true));
}
