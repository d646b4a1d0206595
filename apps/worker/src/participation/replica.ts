import { FleetError } from '@seedfleet/errors';
import { chainEnd, chainStart, decodeCommit, encodeCheckpoint, toHex, verifyChain, verifyCheckpoint, type ChainEnd, type SignedCommit, type VerifiedManifest } from '@seedfleet/ledger';
import { initialState, replayCommit, replayCommits, replayContext, stateHash, type AdapterState } from '@seedfleet/numerics';
import { type Logger } from 'pino';
import { type RunFolder } from '../vault/run-folder.js';

/** Commits in the tail after which the state is saved and the tail begins anew: bounds replay at start, and writes. */
const tailCommitsMax = 32;

/**
 * The state of one run on this device, in memory and in its folder: a checkpoint and the commits since. Every commit that it takes
 * was verified and replayed first, and is durable when `apply` returns.
 */
export class Replica {
  private state: AdapterState;
  private chain: ChainEnd;
  private last: SignedCommit | null = null;
  private inTail = 0;
  private readonly context: ReturnType<typeof replayContext>;
  private readonly first: AdapterState;

  /**
   * @param folder with whatever an earlier process left: what does not verify is dropped, never trusted
   * @throws FleetError `branch.state-missing` if the run is a branch and what it begins with is not in the folder, or damaged
   */
  constructor(private readonly folder: RunFolder, private readonly manifest: VerifiedManifest, private readonly logger: Logger) {
    this.context = replayContext(manifest.manifest);
    this.first = this.firstState();
    this.state = this.first;
    this.chain = chainStart(manifest);
    this.restore();
  }

  /** Commits applied. */
  get round(): number {
    return this.chain.round;
  }

  /** Where the log goes on: the next commit, and the seeds of the next round, grow from its hash. */
  get end(): ChainEnd {
    return this.chain;
  }

  /** SHA-256 of the state, 32 bytes. */
  get stateHash(): Uint8Array {
    return this.last?.stateHash ?? stateHash(this.state);
  }

  /** B of every site, in the order of the layout; float64. Read only. */
  get b(): Float64Array {
    const [b] = this.state.values;
    if (b === undefined) throw new FleetError('internal.failure', { problem: 'The adapter state holds no values.' });
    return b;
  }

  get layout(): AdapterState['layout'] {
    return this.state.layout;
  }

  /**
   * Verifies and replays the commits that follow this state; those that it already has are passed over.
   * @returns commits applied now
   * @throws FleetError `log.broken-chain`, `log.signature`, `log.malformed`, `log.state-mismatch`; nothing has changed then
   */
  apply(commits: readonly Uint8Array[]): number {
    const fresh = commits.filter((bytes) => decodeCommit(bytes).round >= this.round);
    const verified = verifyChain({ manifest: this.manifest, commits: fresh, from: this.chain });
    if (verified.length === 0) return 0;
    // A state is never changed in place: a commit that fails half way through the list leaves this replica as it was.
    const next = replayCommits(this.state, this.context, verified);
    this.folder.appendTail(fresh);
    for (const commit of verified) this.step(commit);
    this.state = next;
    this.inTail += verified.length;
    if (this.inTail >= tailCommitsMax) this.write();
    return verified.length;
  }

  /** Takes a checkpoint of the coordinator in place of this state. @throws FleetError `checkpoint.malformed`, `log.signature` */
  load(bytes: Uint8Array): void {
    const { checkpoint, end } = verifyCheckpoint({ bytes, manifest: this.manifest });
    this.adopt(checkpoint.values, end, checkpoint.lastCommit);
    this.write();
  }

  /** Back to round 0, on disk too. */
  reset(): void {
    this.folder.removeState();
    this.restore();
  }

  /** Saves what the tail holds as a state, so that the next start replays nothing. */
  save(): void {
    if (this.inTail > 0) this.write();
  }

  // State first: a crash before the tail is emptied leaves commits that the state already has, which are passed over.
  private write(): void {
    this.folder.writeCheckpoint(encodeCheckpoint({ manifestHash: this.manifest.hash, round: this.round, lastCommit: this.last?.bytes ?? new Uint8Array(), values: [...this.state.values] }));
    this.folder.replaceTail([]);
    this.inTail = 0;
  }

  private restore(): void {
    this.state = this.first;
    this.chain = chainStart(this.manifest);
    this.last = null;
    this.inTail = 0;
    const saved = this.folder.readCheckpoint();
    if (saved !== null) this.restoreCheckpoint(saved);
    const { commits, isWhole } = this.folder.readTail();
    const kept: Uint8Array[] = [];
    try {
      for (const bytes of commits) {
        if (decodeCommit(bytes).round < this.round) continue;
        for (const commit of verifyChain({ manifest: this.manifest, commits: [bytes], from: this.chain })) {
          this.state = replayCommit(this.state, this.context, commit);
          this.step(commit);
        }
        kept.push(bytes);
      }
    } catch (error) {
      this.logger.warn({ round: this.round, code: codeOf(error) }, 'the saved tail of the log is damaged; its rest is fetched again');
    }
    this.inTail = kept.length;
    if (!isWhole || kept.length !== commits.length) this.folder.replaceTail(kept);
  }

  /** Zeros; of a branch what its manifest names. */
  private firstState(): AdapterState {
    const zero = initialState(this.context);
    if (this.manifest.manifest.branch === null) return zero;
    const saved = this.folder.readFirstState();
    if (saved === null) throw new FleetError('branch.state-missing', { problem: 'The state that this branch begins with is not here.' });
    const { checkpoint: { round, values } } = verifyCheckpoint({ bytes: saved, manifest: this.manifest });
    if (round !== 0) throw new FleetError('branch.state-missing', { field: 'round', problem: `The state is that after ${round} commits of the branch, not the one that it begins with.` });
    requireShape(values, zero);
    return { ...zero, values };
  }

  private restoreCheckpoint(saved: Uint8Array): void {
    try {
      const { checkpoint, end } = verifyCheckpoint({ bytes: saved, manifest: this.manifest });
      this.adopt(checkpoint.values, end, checkpoint.lastCommit);
    } catch (error) {
      this.logger.warn({ code: codeOf(error) }, 'the saved state is damaged; it is rebuilt from the log of the coordinator');
      this.folder.removeState();
    }
  }

  private adopt(values: readonly Float64Array[], end: ChainEnd, lastCommit: Uint8Array): void {
    requireShape(values, this.first);
    this.state = { layout: this.first.layout, round: end.round, values: [...values] };
    this.chain = end;
    this.last = lastCommit.length === 0 ? null : decodeCommit(lastCommit);
  }

  private step(commit: SignedCommit): void {
    this.chain = chainEnd(commit);
    this.last = commit;
  }

  /** For logs: round and the first bytes of the hash. */
  describe(): { round: number; stateHash: string } {
    return { round: this.round, stateHash: toHex(this.stateHash).slice(0, 12) };
  }
}

function requireShape(values: readonly Float64Array[], { values: known }: AdapterState): void {
  if (values.length === known.length && values.every((array, i) => array.length === known[i]?.length)) return;
  throw new FleetError('checkpoint.malformed', { field: 'values', problem: 'The checkpoint has another shape than the run.' });
}

function codeOf(error: unknown): string {
  return error instanceof FleetError ? error.code : 'internal.failure';
}
