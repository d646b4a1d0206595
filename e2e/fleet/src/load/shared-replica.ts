import { chainEnd, chainStart, decodeCommit, equalBytes, verifyLink, verifyManifest, type ChainEnd, type VerifiedManifest } from '@seedfleet/ledger';
import { initialState, replayCommit, replayContext, stateHash, type AdapterState, type ReplayContext } from '@seedfleet/numerics';

/** The state of a run, followed once for all devices of this process: every commit is verified and replayed by the first device that hears it. */
export class SharedReplica {
  /** [32] after the commits so far */
  hash: Uint8Array;
  /** ms, `performance.now()`, of the first arrival of each commit */
  readonly committedAt: number[] = [];
  private readonly manifest: VerifiedManifest;
  private readonly context: ReplayContext;
  private state: AdapterState;
  private chain: ChainEnd;
  private last: Uint8Array = new Uint8Array();

  constructor(signedManifest: unknown) {
    this.manifest = verifyManifest(signedManifest);
    this.context = replayContext(this.manifest.manifest);
    this.state = initialState({ layout: this.context.layout, stepRule: this.manifest.manifest.stepRule });
    this.chain = chainStart(this.manifest);
    this.hash = stateHash(this.state);
  }

  get run(): number {
    return this.manifest.manifest.run;
  }

  get round(): number {
    return this.state.round;
  }

  /** @throws Error if two devices heard different commits of one round */
  take(bytes: Uint8Array): void {
    if (equalBytes(bytes, this.last)) return;
    const { round } = decodeCommit(bytes);
    if (round < this.state.round - 1) return;
    if (round === this.state.round - 1) throw new Error(`Round ${round} has two commits.`);
    const commit = verifyLink({ manifest: this.manifest, bytes, from: this.chain });
    this.state = replayCommit(this.state, this.context, commit);
    this.chain = chainEnd(commit);
    this.hash = commit.stateHash;
    this.last = bytes;
    this.committedAt.push(performance.now());
  }
}
