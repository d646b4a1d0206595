import { chainEnd, decodeCommit, type ChainEnd } from '@seedfleet/ledger';
import { deriveSeeds } from '@seedfleet/numerics';

/** Which seeds a start names, and of what. */
export interface NamedSeeds { round: number; attempt: number; group: number; seeds: BigUint64Array }

/** What this device has heard of the log beyond its own state. Nothing here was verified: enough to answer a start, not to act on one. */
export class KnownHead {
  private received: ChainEnd | null = null;
  /** Commits that are known to exist. */
  round = 0;

  constructor(private readonly run: { manifestHash: Uint8Array; queries: number }) {}

  /** The coordinator says that there are so many commits. */
  hear(round: number): void {
    this.round = Math.max(this.round, round);
  }

  /** @returns round of the commit @throws FleetError `log.malformed` */
  receive(bytes: Uint8Array): number {
    const commit = decodeCommit(bytes);
    const end = chainEnd(commit);
    if (this.received === null || end.round > this.received.round) this.received = end;
    this.hear(end.round);
    return commit.round;
  }

  /**
   * Whether the seeds grow from the manifest and the commit before their round: nobody could choose them.
   * @param own  the end of this device's own, verified log
   * @param only `verified`: against that alone; two different commits of one round may have been received
   */
  areChained({ round, attempt, group, seeds }: NamedSeeds, { own, only }: { own: ChainEnd; only?: 'verified' }): boolean {
    const end = own.round === round ? own : only === undefined && this.received?.round === round ? this.received : null;
    if (end === null) return false;
    const derived = deriveSeeds({ ...this.run, previousHash: end.previousHash, attempt, groups: [group] });
    return derived.length === seeds.length && derived.every((seed, j) => seed === seeds[j]);
  }
}
