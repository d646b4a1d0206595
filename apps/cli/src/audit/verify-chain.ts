import { canonicalBytes, fromHex, sha256, toHex } from '@seedfleet/ledger';
import { type AuditEntry, type AuditVerification } from '@seedfleet/protocol';

/**
 * Whether every entry follows from the one before: hash = SHA-256(previous hash ‖ canonical JSON of the entry without its hashes), from 32 zero
 * bytes and sequence 1 on. Computed here, so that the coordinator need not be believed.
 */
export function verifyChain(entries: readonly AuditEntry[]): AuditVerification {
  let headHash = '0'.repeat(64);
  for (const [index, { previousHash, hash, ...entry }] of entries.entries()) {
    const follows = entry.sequence === index + 1 && previousHash === headHash && toHex(sha256(fromHex(headHash), canonicalBytes(entry))) === hash;
    if (!follows) return { intact: false, entries: index, headHash, brokenAt: entry.sequence };
    headHash = hash;
  }
  return { intact: true, entries: entries.length, headHash, brokenAt: null };
}
