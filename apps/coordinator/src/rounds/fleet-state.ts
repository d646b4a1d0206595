import { InvariantError } from '@seedfleet/errors';
import {
  chainEnd, chainStart, decodeCheckpoint, encodeCheckpoint, encodeCommit, equalBytes, hashReports, verifyCheckpoint, verifyLink,
  type ChainEnd, type SignedCommit, type VerifiedManifest,
} from '@seedfleet/ledger';
import { applyCommit, coefficientsOf, deriveSeeds, initialState, learningRateAt, replayCommit, replayContext, stateHash, type AdapterState, type ReplayContext } from '@seedfleet/numerics';
import { reportBytes } from './report-bytes.js';
import { type SavedReport } from './round.repository.js';

/** What the conductor decided about a round. */
export interface RoundDecision {
  round: number;
  attempt: number;
  groups: number[];
  /** [groups.length * q] float64, group by group */
  differences: Float64Array;
  reports: number;
}

/** A commit that nobody has heard of yet, and what follows from it. */
export interface DraftCommit {
  commit: SignedCommit;
  coefficientRms: number;
  next: AdapterState;
}

/** The state of the fleet in one run, as this coordinator replays it: after every commit of the log, nothing else. */
export class FleetState {
  private readonly context: ReplayContext;
  private adapter: AdapterState;
  private end: ChainEnd;
  private hash: Uint8Array;
  private lastCommit: Uint8Array = new Uint8Array();

  constructor(private readonly manifest: VerifiedManifest) {
    this.context = replayContext(manifest.manifest);
    this.adapter = initialState({ layout: this.context.layout, stepRule: manifest.manifest.stepRule });
    this.end = chainStart(manifest);
    this.hash = stateHash(this.adapter);
  }

  /** Commits applied: the number of the open or next round. */
  get round(): number {
    return this.adapter.round;
  }

  /** [32] after the commits so far */
  get stateHash(): Uint8Array {
    return this.hash;
  }

  /** [32] of the last commit; of the manifest before the first */
  get head(): Uint8Array {
    return this.end.previousHash;
  }

  /** Read only. */
  get state(): AdapterState {
    return this.adapter;
  }

  /** Starts from a checkpoint of this run instead of from zero; a branch must. Only before the first replay. */
  restore(checkpoint: Uint8Array): void {
    const { end } = verifyCheckpoint({ bytes: checkpoint, manifest: this.manifest });
    const { round, values, lastCommit } = decodeCheckpoint(checkpoint);
    this.adapter = { layout: this.context.layout, round, values };
    this.end = end;
    this.lastCommit = lastCommit;
    this.hash = stateHash(this.adapter);
  }

  /** Applies the next commits of the stored log, checking chain, signature and state of each. */
  replay(commits: readonly Uint8Array[]): void {
    for (const bytes of commits) {
      const commit = verifyLink({ manifest: this.manifest, bytes, from: this.end });
      this.advance(commit, replayCommit(this.adapter, this.context, commit));
    }
  }

  /** Seeds of one direction group of an attempt at the next round: [q]. */
  seedsOf({ attempt, group }: { attempt: number; group: number }): BigUint64Array {
    return deriveSeeds({ manifestHash: this.manifest.hash, previousHash: this.end.previousHash, attempt, groups: [group], queries: this.context.queries });
  }

  matches(hash: Uint8Array): boolean {
    return equalBytes(hash, this.hash);
  }

  /** Coefficients, one step, the hash of where it leads, all of it signed. Changes nothing here: `advance` does, once it is saved. */
  draft(decision: RoundDecision, { reports, salt, privateKey }: { reports: readonly SavedReport[]; salt: Uint8Array; privateKey: Uint8Array }): DraftCommit {
    const { round, attempt, groups, differences } = decision;
    if (round !== this.adapter.round) throw new InvariantError(`a commit of round ${round} was decided where round ${this.adapter.round} is next`);
    const { estimator, stepRule, policy } = this.manifest.manifest;
    const coefficients = coefficientsOf({ estimator, differences });
    const learningRate = learningRateAt({ stepRule, round, roundsMax: policy.roundsMax });
    const { previousHash } = this.end;
    const seeds = deriveSeeds({ manifestHash: this.manifest.hash, previousHash, attempt, groups, queries: estimator.queries });
    const next = applyCommit(this.adapter, { seeds, coefficients, learningRate }, this.context);
    const reportsHash = hashReports({ salt, reports: reports.map((report) => reportBytes({ round, attempt, report })) });
    const commit = encodeCommit({
      round, attempt, learningRate, reports: decision.reports, groups, queries: estimator.queries, coefficients, previousHash, reportsHash, stateHash: stateHash(next), manifestHash: this.manifest.hash,
    }, privateKey);
    return { commit, coefficientRms: rootMeanSquare(coefficients), next };
  }

  /** The commit is durable: the fleet is here now. */
  advance(commit: SignedCommit, next: AdapterState): void {
    this.adapter = next;
    this.end = chainEnd(commit);
    this.hash = commit.stateHash;
    this.lastCommit = commit.bytes;
  }

  checkpoint(): Uint8Array {
    return encodeCheckpoint({ manifestHash: this.manifest.hash, round: this.adapter.round, lastCommit: this.lastCommit, values: this.adapter.values });
  }
}

function rootMeanSquare(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
