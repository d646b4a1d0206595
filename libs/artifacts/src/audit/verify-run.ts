import { toHex, verifyChain, verifyManifest, type Manifest } from '@seedfleet/ledger';
import { initialState, replayCommit, replayContext, stateHash, type AdapterState } from '@seedfleet/numerics';

/** What a manifest and its log prove. */
export interface VerifiedRun {
  manifest: Manifest;
  /** hex */
  manifestHash: string;
  /** commits */
  rounds: number;
  /** hash of the last commit, or of the manifest before the first; hex */
  head: string;
  state: AdapterState;
  /** hex */
  stateHash: string;
}

/**
 * Audits a run from its public bytes alone: the manifest's signature, every commit's signature and place in the chain, and the state by
 * replaying all of it from zero.
 * @param coordinatorKey hex, if it is known from elsewhere; else the manifest's own key is believed
 * @param onRound        called after each replayed round, for a progress bar
 * @throws FleetError `manifest.*`, `log.*`
 */
export function verifyRun({ signedManifest, log, coordinatorKey, onRound }: {
  signedManifest: unknown; log: readonly Uint8Array[]; coordinatorKey?: string; onRound?: (rounds: number) => void;
}): VerifiedRun {
  const verified = verifyManifest(signedManifest, coordinatorKey === undefined ? {} : { coordinatorKey });
  const { manifest } = verified;
  const commits = verifyChain({ manifest: verified, commits: log });
  const context = replayContext(manifest);
  let state = initialState({ layout: context.layout, stepRule: context.stepRule });
  for (const commit of commits) {
    state = replayCommit(state, context, commit);
    onRound?.(state.round);
  }
  return { manifest, manifestHash: toHex(verified.hash), rounds: commits.length, head: toHex(commits.at(-1)?.hash ?? verified.hash), state, stateHash: toHex(stateHash(state)) };
}
