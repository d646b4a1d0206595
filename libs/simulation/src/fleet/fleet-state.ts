import { chainEnd, chainStart, encodeCheckpoint, encodeCommit, hashReports, toHex, utf8, verifyCheckpoint, verifyLink, ByteWriter, type ChainEnd, type SignedCommit, type VerifiedManifest } from '@seedfleet/ledger';
import { applyCommit, coefficientsOf, deriveSeeds, initialState, learningRateAt, replayCommit, replayContext, stateHash, type AdapterState, type ReplayContext } from '@seedfleet/numerics';
import { type ConductorEffect, type CountedReport } from '@seedfleet/rounds';

type Decision = Extract<ConductorEffect, { type: 'commit' }>;

/** The log and the state that it leads to, as a coordinator and an honest device both replay it: real bytes, signatures and numbers. */
export class FleetState {
  readonly context: ReplayContext;
  adapter: AdapterState;
  end: ChainEnd;
  lastCommit: Uint8Array = new Uint8Array();

  constructor(readonly manifest: VerifiedManifest) {
    this.context = replayContext(manifest.manifest);
    this.adapter = initialState(this.context);
    this.end = chainStart(manifest);
  }

  get round(): number {
    return this.end.round;
  }

  /** @throws FleetError `checkpoint.malformed`, `log.signature` */
  restore(bytes: Uint8Array): void {
    const { checkpoint, end } = verifyCheckpoint({ bytes, manifest: this.manifest });
    this.adapter = { layout: this.context.layout, round: end.round, values: checkpoint.values };
    this.end = end;
    this.lastCommit = checkpoint.lastCommit;
  }

  /** @throws FleetError `log.malformed`, `log.broken-chain`, `log.signature`, `log.state-mismatch`; nothing has changed then */
  replay(bytes: Uint8Array, replayed: typeof replayCommit = replayCommit): void {
    const commit = verifyLink({ manifest: this.manifest, bytes, from: this.end });
    this.advance(commit, replayed(this.adapter, this.context, commit));
  }

  advance(commit: SignedCommit, next: AdapterState): void {
    this.adapter = next;
    this.end = chainEnd(commit);
    this.lastCommit = commit.bytes;
  }

  /** [q] */
  seedsOf({ attempt, group }: { attempt: number; group: number }): BigUint64Array {
    return deriveSeeds({ manifestHash: this.manifest.hash, previousHash: this.end.previousHash, attempt, groups: [group], queries: this.context.queries });
  }

  /** The commit of a decision, signed; nobody has heard of it and nothing has changed. */
  draft({ round, attempt, groups, differences, reports }: Decision, { rows, salt, privateKey }: { rows: readonly CountedReport[]; salt: Uint8Array; privateKey: Uint8Array }): { commit: SignedCommit; next: AdapterState } {
    const { estimator, stepRule, policy } = this.manifest.manifest;
    const { previousHash } = this.end;
    const coefficients = coefficientsOf({ estimator, differences });
    const learningRate = learningRateAt({ stepRule, round, roundsMax: policy.roundsMax });
    const seeds = deriveSeeds({ manifestHash: this.manifest.hash, previousHash, attempt, groups, queries: estimator.queries });
    const next = applyCommit(this.adapter, { seeds, coefficients, learningRate }, this.context);
    const reportsHash = hashReports({ salt, reports: rows.map(reportBytes) });
    const commit = encodeCommit({
      round, attempt, learningRate, reports, groups, queries: estimator.queries, coefficients, previousHash, reportsHash, stateHash: stateHash(next), manifestHash: this.manifest.hash,
    }, privateKey);
    return { commit, next };
  }

  checkpoint(): Uint8Array {
    return encodeCheckpoint({ manifestHash: this.manifest.hash, round: this.round, lastCommit: this.lastCommit, values: this.adapter.values });
  }

  hash(): string {
    return toHex(stateHash(this.adapter));
  }
}

function reportBytes({ device, group, examples, differences }: CountedReport): Uint8Array {
  const writer = new ByteWriter().u32(group).u32(examples);
  for (const difference of differences) writer.f64(difference);
  return writer.bytes(utf8(device)).finish();
}
