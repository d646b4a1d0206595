/** What a run promises whatever happens, by name. docs/simulation.md says each in a sentence. */
export type PromiseName =
  | 'one-chain' | 'no-report-lost' | 'equal-hash' | 'no-round-past-deadline' | 'ends' | 'budget' | 'fresh-batch' | 'chained-seeds' | 'reports-min' | 'no-surprise';

/** A promise did not hold. Its text says what was seen; the seed that shows it again is known to whoever runs the simulation. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';

  constructor(readonly promise: PromiseName, problem: string) {
    super(`${promise}: ${problem}`);
  }
}
