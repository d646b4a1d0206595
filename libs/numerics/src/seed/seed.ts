import { sha256, utf8 } from '@seedfleet/ledger';

const domain = utf8('seedfleet/seed/v1');

/** What the seeds of one round grow from. The coordinator chooses none of it once the previous commit stands. */
export interface SeedOrigin {
  /** [32] */
  manifestHash: Uint8Array;
  /** [32] of the commit before, or of the manifest for round 0 */
  previousHash: Uint8Array;
  attempt: number;
  /** ids, in the order in which the seeds are wanted */
  groups: readonly number[];
  /** q */
  queries: number;
}

/**
 * Chained seeds: u64 LE of the first 8 bytes of SHA-256("seedfleet/seed/v1" ‖ manifest hash ‖ previous hash ‖ attempt u32 LE ‖ group u32 LE ‖
 * query u32 LE). docs/numerics.md, "Seed".
 * @returns [groups.length * queries], group by group
 */
export function deriveSeeds({ manifestHash, previousHash, attempt, groups, queries }: SeedOrigin): BigUint64Array {
  const seeds = new BigUint64Array(groups.length * queries);
  // Written once, in one piece: eight hashes a round are a tenth of a small adapter's replay.
  const place = domain.length + manifestHash.length + previousHash.length;
  const message = new Uint8Array(place + 12);
  message.set(domain);
  message.set(manifestHash, domain.length);
  message.set(previousHash, domain.length + manifestHash.length);
  const view = new DataView(message.buffer, place);
  view.setUint32(0, attempt, true);
  groups.forEach((group, g) => {
    view.setUint32(4, group, true);
    for (let query = 0; query < queries; query++) {
      view.setUint32(8, query, true);
      seeds[g * queries + query] = firstU64(sha256(message));
    }
  });
  return seeds;
}

/** 16 lower-case hexadecimal digits, most significant first: how a seed stands in JSON. */
export function seedToHex(seed: bigint): string {
  return seed.toString(16).padStart(16, '0');
}

export function seedFromHex(text: string): bigint {
  if (!/^[0-9a-f]{16}$/.test(text)) throw new RangeError('a seed is 16 lower-case hexadecimal digits');
  return BigInt(`0x${text}`);
}

function firstU64(hash: Uint8Array): bigint {
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(0, true);
}
