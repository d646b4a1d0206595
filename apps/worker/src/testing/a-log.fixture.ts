import { chainEnd, chainStart, encodeCommit, generateKeyPair, signManifest, toHex, verifyManifest, type Manifest, type SignedCommit, type SignedManifest, type VerifiedManifest } from '@seedfleet/ledger';
import { aManifest } from '@seedfleet/ledger/testing';
import { applyCommit, deriveSeeds, initialState, replayContext, stateHash } from '@seedfleet/numerics';

export interface ALog {
  signed: SignedManifest;
  manifest: VerifiedManifest;
  commits: SignedCommit[];
  /** Hex state hash after each number of commits, from 0. */
  stateHashes: string[];
}

/** A run with a log that replays, as a coordinator would have made it. @param first values of round 0, of a branch */
export function aLog({ commits: count, change, first, privateKey = generateKeyPair().privateKey }:
{ commits: number; change?: Partial<Manifest>; first?: Float64Array[]; privateKey?: Uint8Array }): ALog {
  const signed = signManifest(aManifest({ ...change, coordinatorPrivateKey: privateKey }), privateKey);
  const manifest = verifyManifest(signed);
  const context = replayContext(manifest.manifest);
  const { queries } = manifest.manifest.estimator;
  let state = { ...initialState(context), ...(first === undefined ? {} : { values: first }) };
  let end = chainStart(manifest);
  const commits: SignedCommit[] = [];
  const stateHashes = [toHex(stateHash(state))];
  for (let round = 0; round < count; round++) {
    const seeds = deriveSeeds({ manifestHash: manifest.hash, previousHash: end.previousHash, attempt: 0, groups: [0], queries });
    const coefficients = Float64Array.from({ length: queries }, (_, j) => (round + 1) * 0.01 - j * 0.003);
    state = applyCommit(state, { seeds, coefficients, learningRate: 0.1 }, context);
    const commit = encodeCommit({
      round, attempt: 0, learningRate: 0.1, reports: 1, groups: [0], queries, coefficients,
      previousHash: end.previousHash, reportsHash: new Uint8Array(32), stateHash: stateHash(state), manifestHash: manifest.hash,
    }, privateKey);
    end = chainEnd(commit);
    commits.push(commit);
    stateHashes.push(toHex(commit.stateHash));
  }
  return { signed, manifest, commits, stateHashes };
}
