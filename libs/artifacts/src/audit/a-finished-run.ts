import { encodeCommit, fromHex, signManifest, sha256, toHex, type Manifest, type SignedManifest } from '@seedfleet/ledger';
import { aManifest } from '@seedfleet/ledger/testing';
import { applyCommit, branchState, deriveSeeds, initialState, learningRateAt, replayContext, stateHash, type AdapterState } from '@seedfleet/numerics';

/** What a coordinator would serve of a run that has ended. */
export interface FinishedRun {
  signedManifest: SignedManifest;
  /** bytes of every commit, round 0 first */
  log: Uint8Array[];
  /** hex, of the last commit */
  headHash: string;
  /** hex, after the last commit */
  stateHash: string;
  /** after the last commit */
  state: AdapterState;
}

/** A run of `rounds` commits, made as a coordinator makes them: seeds chained, state replayed, commits signed. The coefficients are a fixed pattern. */
export function aFinishedRun({ rounds, coordinatorPrivateKey, parentState, ...changes }: { rounds: number; coordinatorPrivateKey: Uint8Array; parentState?: AdapterState } & Partial<Manifest>): FinishedRun {
  const manifest = aManifest({ coordinatorPrivateKey, ...changes });
  const signedManifest = signManifest(manifest, coordinatorPrivateKey);
  const manifestHash = fromHex(signedManifest.hash);
  const context = replayContext(manifest);
  const { estimator: { queries, groups: groupCount }, stepRule, policy: { roundsMax, reportsMin } } = manifest;
  const groups = Array.from({ length: groupCount }, (_, group) => group);
  let state = parentState === undefined ? initialState(context) : branchState(parentState, stepRule);
  let previousHash: Uint8Array = manifestHash;
  const log: Uint8Array[] = [];
  for (let round = 0; round < rounds; round++) {
    const seeds = deriveSeeds({ manifestHash, previousHash, attempt: 0, groups, queries });
    const coefficients = Float64Array.from(seeds, (_, j) => ((round * 7 + j * 5) % 11) / 8 - 0.625);
    const learningRate = learningRateAt({ stepRule, round, roundsMax });
    state = applyCommit(state, { seeds, coefficients, learningRate }, context);
    const commit = encodeCommit({
      manifestHash, round, attempt: 0, learningRate, reports: reportsMin, groups, queries, coefficients, previousHash,
      reportsHash: sha256(Uint8Array.of(round)), stateHash: stateHash(state),
    }, coordinatorPrivateKey);
    log.push(commit.bytes);
    previousHash = commit.hash;
  }
  return { signedManifest, log, headHash: toHex(previousHash), stateHash: toHex(stateHash(state)), state };
}
