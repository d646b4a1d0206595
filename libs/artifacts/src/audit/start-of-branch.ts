import { FleetError } from '@seedfleet/errors';
import { canonicalBytes, equalBytes, toHex, type Manifest } from '@seedfleet/ledger';
import { branchState, stateHash, type AdapterState } from '@seedfleet/numerics';
import { type VerifiedRun } from './verify-run.js';

/** What gives B its meaning: a branch that changed it would begin with values of something else. */
const kept = ['coordinatorKey', 'runKey', 'model', 'task', 'adapter'] as const satisfies readonly (keyof Manifest)[];

/**
 * The state that a branch begins with, proven from its parent: the parent is the one that the branch names, at that commit, with the same model,
 * task, adapter and keys, and leads to the values whose hash the branch names.
 * @param parent verified up to the round of the branch; null if it is not at hand
 * @throws FleetError `branch.parent-missing`, `branch.differs`
 */
export function startOfBranch(manifest: Manifest, parent: VerifiedRun | null): AdapterState {
  const { branch, stepRule, run } = manifest;
  if (branch === null || parent === null || parent.rounds !== branch.round) {
    throw new FleetError('branch.parent-missing', { field: 'parent', problem: `Run ${run} branches from ${branch?.round ?? 0} commits of run ${branch?.run ?? 0}; they are not at hand.` });
  }
  const differs = (field: string, problem: string) => new FleetError('branch.differs', { field, problem: `Run ${run} names ${problem}.` });
  if (parent.manifestHash !== branch.manifestHash || parent.manifest.run !== branch.run) throw differs('branch.manifestHash', `another parent than run ${parent.manifest.run} of this manifest`);
  if (parent.head !== branch.commitHash) throw differs('branch.commitHash', `another commit than the one that its parent has at round ${branch.round}`);
  for (const field of kept) {
    if (!equalBytes(canonicalBytes(manifest[field]), canonicalBytes(parent.manifest[field]))) throw differs(field, `another ${field} than its parent`);
  }
  const state = branchState(parent.state, stepRule);
  if (toHex(stateHash(state)) !== branch.stateHash) throw differs('branch.stateHash', 'another state than its parent leads to');
  return state;
}
