/** Everything random of one simulation comes from one of these, so that a seed is a whole history. Fair enough for faults, not for keys. */
export interface Random {
  /** [0, 1) */
  uniform(): number;
  uint32(): number;
  /** 0 ... below - 1 */
  below(limit: number): number;
  /** min ... max, both included */
  between(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  bytes(length: number): Uint8Array;
  /** a stream of its own: how much one part of the world draws changes nothing elsewhere */
  fork(): Random;
}

/** SplitMix (Steele et al. 2014) with the 32-bit finalizer of MurmurHash3. @param seed uint32 */
export function randomFrom(seed: number): Random {
  let weyl = seed >>> 0;
  const uint32 = () => {
    weyl = (weyl + 0x9e3779b9) >>> 0;
    let word = weyl;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return (word ^ (word >>> 16)) >>> 0;
  };
  const uniform = () => uint32() / 2 ** 32;
  const below = (limit: number) => Math.floor(uniform() * limit);
  return {
    uniform, uint32, below,
    between: (min, max) => min + below(max - min + 1),
    chance: (probability) => uniform() < probability,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    bytes: (length) => Uint8Array.from({ length }, () => uint32() & 0xff),
    // A finalized word is far from the Weyl sequence that made it.
    fork: () => randomFrom(uint32() ^ 0x5bd1e995),
  };
}
