import { FleetError } from '@seedfleet/errors';
import { equalBytes } from '../bytes/byte-sequence.js';
import { fromHex } from '../bytes/hex.js';
import { verifyManifest, type SignedManifest, type VerifiedManifest } from '../manifest/manifest.js';
import { decodeCommit, isSignedBy, type SignedCommit } from './commit.js';

/** Where a chain goes on: the round of the next commit and the hash that it must name as the previous one. */
export interface ChainEnd {
  round: number;
  /** [32] */
  previousHash: Uint8Array;
}

/** The end of a chain without commits: round 0 follows the manifest. */
export function chainStart(manifest: VerifiedManifest): ChainEnd {
  return { round: 0, previousHash: manifest.hash };
}

/** The end of a chain whose last commit is this one. */
export function chainEnd(commit: SignedCommit): ChainEnd {
  return { round: commit.round + 1, previousHash: commit.hash };
}

/**
 * One commit, if it is the next one of this chain: round, previous hash, number of queries, signature.
 * @throws FleetError `log.malformed`, `log.broken-chain`, `log.signature`
 */
export function verifyLink({ manifest, bytes, from }: { manifest: VerifiedManifest; bytes: Uint8Array; from: ChainEnd }): SignedCommit {
  const commit = decodeCommit(bytes);
  if (commit.round !== from.round) {
    throw new FleetError('log.broken-chain', { field: 'round', problem: `The log has round ${commit.round} where round ${from.round} is next.` });
  }
  if (!equalBytes(commit.previousHash, from.previousHash)) {
    throw new FleetError('log.broken-chain', { field: 'previousHash', problem: `Round ${commit.round} does not follow the commit before it.` });
  }
  const { estimator, coordinatorKey } = manifest.manifest;
  // The signature comes before the contents: a forged commit is a forgery, whatever it claims.
  if (!isSignedBy(commit, { coordinatorKey: fromHex(coordinatorKey), manifestHash: manifest.hash })) {
    throw new FleetError('log.signature', { field: 'signature', problem: `Round ${commit.round} is not signed by the coordinator of this run.` });
  }
  if (commit.queries !== estimator.queries || commit.groups.some((group) => group >= estimator.groups)) {
    throw new FleetError('log.broken-chain', { field: 'queries', problem: `Round ${commit.round} has other queries or groups than the manifest.` });
  }
  return commit;
}

/**
 * A whole log, or its tail: rounds consecutive, every commit naming the hash of the one before, all signed.
 * @param from where the chain goes on; without it, at the manifest
 * @returns the commits in their order
 * @throws FleetError `log.malformed`, `log.broken-chain`, `log.signature`, and those of verifyManifest
 */
export function verifyChain({ manifest, commits, from }: { manifest: SignedManifest | VerifiedManifest; commits: readonly Uint8Array[]; from?: ChainEnd }): SignedCommit[] {
  const verified = isVerified(manifest) ? manifest : verifyManifest(manifest);
  let end = from ?? chainStart(verified);
  return commits.map((bytes) => {
    const commit = verifyLink({ manifest: verified, bytes, from: end });
    end = chainEnd(commit);
    return commit;
  });
}

function isVerified(manifest: SignedManifest | VerifiedManifest): manifest is VerifiedManifest {
  return manifest.hash instanceof Uint8Array;
}
