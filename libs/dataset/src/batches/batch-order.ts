import { drawWords } from './lottery.js';

/** Examples whose lengths differ by less than this change places from epoch to epoch, so that batches do not repeat. */
const mixedTokens = 4;

/** What the order of the training batches depends on, and nothing else. */
export interface BatchOrderOptions {
  /** Training examples by number. */
  members: Int32Array;
  lengthOf: (example: number) => number;
  /** Asked size of a batch; with fewer members every batch holds all of them. */
  examples: number;
  salt: Uint8Array;
}

/**
 * The endless sequence of training batches, epoch after epoch: every example stands once in each epoch, batches hold examples of
 * similar length, and come in random order. Where the size does not divide the number of examples, the batch at the seam holds the end
 * of one epoch and the beginning of the next.
 */
export class BatchOrder {
  /** Size asked for, and size that the batches have. */
  readonly asked: number;
  readonly examples: number;
  private readonly byEpoch = new Map<number, Int32Array>();

  constructor(private readonly options: BatchOrderOptions) {
    this.asked = options.examples;
    this.examples = Math.min(options.examples, options.members.length);
  }

  /** [examples] members of batch `counter`, counted from 0 over all epochs. */
  batch(counter: number): Int32Array {
    const size = this.options.members.length;
    const batch = new Int32Array(this.examples);
    const first = counter * this.examples;
    for (let i = 0; i < this.examples; i++) {
      const position = first + i;
      batch[i] = this.epoch(Math.floor(position / size))[position % size] ?? 0;
    }
    return batch;
  }

  private epoch(epoch: number): Int32Array {
    const known = this.byEpoch.get(epoch);
    if (known !== undefined) return known;
    const order = this.orderOf(epoch);
    // A batch touches two epochs at most.
    for (const other of this.byEpoch.keys()) if (Math.abs(other - epoch) > 1) this.byEpoch.delete(other);
    this.byEpoch.set(epoch, order);
    return order;
  }

  private orderOf(epoch: number): Int32Array {
    const rest = this.byLength(epoch);
    const size = rest.length;
    const before = (epoch * size) % this.examples;
    const headSize = Math.min(before === 0 ? 0 : this.examples - before, size);
    const tailSize = (size - headSize) % this.examples;
    const head = this.takeAtSeam(rest, { seam: epoch, count: headSize });
    const tail = this.takeAtSeam(rest, { seam: epoch + 1, count: tailSize });
    const batches = Array.from({ length: rest.length / this.examples }, (_, i) => rest.slice(i * this.examples, (i + 1) * this.examples));
    const luck = drawWords({ salt: this.options.salt, purpose: 'batches', count: epoch, length: batches.length });
    const shuffled = Array.from(batches.keys()).sort((a, b) => (luck[a] ?? 0) - (luck[b] ?? 0) || a - b).flatMap((i) => batches[i] ?? []);
    return Int32Array.from([...head, ...shuffled, ...tail]);
  }

  /** Removes `count` neighbours. Both sides of a seam cut at the same place of the range of lengths, so that its batch is of one length too. */
  private takeAtSeam(sorted: number[], { seam, count }: { seam: number; count: number }): number[] {
    const [word = 0] = drawWords({ salt: this.options.salt, purpose: 'seam', count: seam, length: 1 });
    return sorted.splice(Math.floor((word / 2 ** 32) * (sorted.length - count + 1)), count);
  }

  private byLength(epoch: number): number[] {
    const { members, lengthOf, salt } = this.options;
    const luck = drawWords({ salt, purpose: 'lengths', count: epoch, length: members.length });
    const keys = Array.from(members, (example, i) => lengthOf(example) + (mixedTokens * (luck[i] ?? 0)) / 2 ** 32);
    return Array.from(members.keys()).sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || a - b).map((i) => members[i] ?? 0);
  }
}
