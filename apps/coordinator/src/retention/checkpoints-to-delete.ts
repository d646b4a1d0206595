/** Newer ones than these stay whatever the setting: the newest is what runs and devices start from, the one before is there if it is damaged. */
const newestKept = 2;

/**
 * Which checkpoints a run can do without. Every k-th stays by its round, not by its place in the list: a later sweep comes to the same choice.
 * @param checkpoints           newest first
 * @param checkpointEveryRounds of the run; 0 if it makes one only at its end
 * @param every                 k; 0 keeps all
 */
export function checkpointsToDelete<C extends { round: number }>(checkpoints: readonly C[], { checkpointEveryRounds, every }: { checkpointEveryRounds: number; every: number }): C[] {
  if (every === 0) return [];
  const span = Math.max(1, checkpointEveryRounds) * every;
  return checkpoints.slice(newestKept).filter(({ round }) => round % span !== 0);
}
