import { toHex, verifyChain, verifyManifest, type Manifest } from '@seedfleet/ledger';
import { initialState, replayCommit, replayContext, stateHash, type AdapterState } from '@seedfleet/numerics';
import { startOfBranch } from './start-of-branch.js';

/** A run as its coordinator serves it to anybody. */
export interface PublicRun {
  /** as it came, not verified */
  signedManifest: unknown;
  /** bytes of every commit, round 0 first */
  log: readonly Uint8Array[];
  /** of a branch: the run that it branched from, its log at least up to there */
  parent?: PublicRun | undefined;
}

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
 * replaying all of it from zero. A branch begins where its parent's audit ends: the parent is verified up to there first, and its parents before it.
 * @param coordinatorKey hex, if it is known from elsewhere; else the manifest's own key is believed
 * @param onRound        called after each replayed round, for a progress bar
 * @throws FleetError `manifest.*`, `log.*`, `branch.parent-missing`, `branch.differs`
 */
export function verifyRun({ signedManifest, log, parent, coordinatorKey, onRound }: PublicRun & { coordinatorKey?: string; onRound?: (rounds: number) => void }): VerifiedRun {
  const verified = verifyManifest(signedManifest, coordinatorKey === undefined ? {} : { coordinatorKey });
  const { manifest } = verified;
  const commits = verifyChain({ manifest: verified, commits: log });
  const context = replayContext(manifest);
  let state = manifest.branch === null ? initialState(context) : startOfBranch(manifest, verifiedParent(manifest, { parent, coordinatorKey }));
  for (const commit of commits) {
    state = replayCommit(state, context, commit);
    onRound?.(state.round);
  }
  return { manifest, manifestHash: toHex(verified.hash), rounds: commits.length, head: toHex(commits.at(-1)?.hash ?? verified.hash), state, stateHash: toHex(stateHash(state)) };
}

/** The parent of a branch after the commits that the branch keeps; what its log holds beyond them is not looked at. */
function verifiedParent({ branch }: Manifest, { parent, coordinatorKey }: { parent: PublicRun | undefined; coordinatorKey: string | undefined }): VerifiedRun | null {
  if (parent === undefined || branch === null) return null;
  return verifyRun({ ...parent, log: parent.log.slice(0, branch.round), ...(coordinatorKey === undefined ? {} : { coordinatorKey }) });
}
