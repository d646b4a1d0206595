import { chainEnd, chainStart, encodeCommit, signManifest, toHex, verifyManifest, type Manifest, type SignedCommit } from '@seedfleet/ledger';
import { aManifest } from '@seedfleet/ledger/testing';
import { applyCommit, coefficientsOf, deriveSeeds, initialState, learningRateAt, replayContext, stateHash } from '@seedfleet/numerics';

/** A run whose commits are made from what devices report, as a coordinator makes them. */
export class ALiveRun {
  readonly commits: SignedCommit[] = [];
  readonly signed;
  readonly manifest;
  private readonly context;
  private state;
  private end;

  constructor(private readonly privateKey: Uint8Array, change: Partial<Manifest>) {
    this.signed = signManifest(aManifest({ ...change, coordinatorPrivateKey: privateKey }), privateKey);
    this.manifest = verifyManifest(this.signed);
    this.context = replayContext(this.manifest.manifest);
    this.state = initialState(this.context);
    this.end = chainStart(this.manifest);
  }

  /** Commits so far. */
  get round(): number {
    return this.commits.length;
  }

  /** Hex, after all commits so far. */
  get stateHash(): string {
    return toHex(stateHash(this.state));
  }

  /** Of the next round, in the order of the queries. */
  get seeds(): BigUint64Array {
    return deriveSeeds({ manifestHash: this.manifest.hash, previousHash: this.end.previousHash, attempt: 0, groups: [0], queries: this.manifest.manifest.estimator.queries });
  }

  /** Ends the round with the plain mean of the reports. */
  commit(reports: readonly Float32Array[]): SignedCommit {
    const { estimator, stepRule, policy } = this.manifest.manifest;
    const { queries } = estimator;
    const differences = Float64Array.from({ length: queries }, (_, j) => reports.reduce((sum, report) => sum + (report[j] ?? NaN), 0) / reports.length);
    const coefficients = coefficientsOf({ estimator, differences });
    const learningRate = learningRateAt({ stepRule, round: this.round, roundsMax: policy.roundsMax });
    this.state = applyCommit(this.state, { seeds: this.seeds, coefficients, learningRate }, this.context);
    const commit = encodeCommit({
      round: this.round, attempt: 0, learningRate, reports: reports.length, groups: [0], queries, coefficients,
      previousHash: this.end.previousHash, reportsHash: new Uint8Array(32), stateHash: stateHash(this.state), manifestHash: this.manifest.hash,
    }, this.privateKey);
    this.end = chainEnd(commit);
    this.commits.push(commit);
    return commit;
  }
}
