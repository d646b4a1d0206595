import { type Window } from '../tasks/windows.js';

/**
 * Token ids and classes of many examples in three flat arrays: about four bytes a token, no object an example.
 * Example `i` owns `ids[starts[i] .. starts[i + 1])`.
 */
export interface TokenStore {
  readonly examples: number;
  lengthOf(example: number): number;
  labelOf(example: number): number;
  /** Position of the first token that is to be foretold. */
  foretoldFrom(example: number): number;
  /** Token ids of one example: a view, valid as long as the store. */
  tokensOf(example: number): Int32Array;
}

/** Collects examples in the order in which they are added, then gives the store. */
export class TokenStoreBuilder {
  private ids = new Int32Array(4_096);
  private used = 0;
  private readonly starts: number[] = [0];
  private readonly labels: number[] = [];
  private readonly foretold: number[] = [];

  add({ tokens, foretoldFrom }: Window, { label }: { label: number }): void {
    if (this.used + tokens.length > this.ids.length) {
      const grown = new Int32Array(Math.max(2 * this.ids.length, this.used + tokens.length));
      grown.set(this.ids.subarray(0, this.used));
      this.ids = grown;
    }
    this.ids.set(tokens, this.used);
    this.used += tokens.length;
    this.starts.push(this.used);
    this.labels.push(label);
    this.foretold.push(foretoldFrom);
  }

  build(): TokenStore {
    const ids = this.ids.slice(0, this.used);
    const starts = Int32Array.from(this.starts);
    const labels = Int32Array.from(this.labels);
    const foretold = Int32Array.from(this.foretold);
    const startOf = (example: number): number => {
      const start = starts[example];
      if (start === undefined) throw new RangeError(`no example ${example}`);
      return start;
    };
    return {
      examples: labels.length,
      lengthOf: (example) => startOf(example + 1) - startOf(example),
      labelOf: (example) => labels[example] ?? -1,
      foretoldFrom: (example) => foretold[example] ?? 1,
      tokensOf: (example) => ids.subarray(startOf(example), startOf(example + 1)),
    };
  }
}
