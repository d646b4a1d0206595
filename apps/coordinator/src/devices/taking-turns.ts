/** How far back greetings are looked at, and how many of them. */
export const turnsWindowMs = 600_000;
export const turnsMax = 32;

/**
 * Whether processes with one key take turns: at least two of them came back after another one had come. A restart never does that (the process
 * before it is gone for good), nor does a connection that is lost and made anew (one process), nor one machine that is set back to an
 * earlier moment (only the earlier process comes back).
 * @param instances what each greeting named, in the order of time
 */
export function takeTurns(instances: readonly string[]): boolean {
  const cameBack = new Set<string>();
  const seen = new Set<string>();
  let previous: string | undefined;
  for (const instance of instances) {
    if (instance !== previous && seen.has(instance)) cameBack.add(instance);
    seen.add(instance);
    previous = instance;
  }
  return cameBack.size >= 2;
}
