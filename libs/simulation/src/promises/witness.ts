import { aggregateGroups } from '@seedfleet/aggregation';
import { chainStart, decodeCommit, toHex, verifyLink, chainEnd, type ChainEnd, type SignedCommit, type VerifiedManifest } from '@seedfleet/ledger';
import { coefficientsOf, stateHash, type AdapterState } from '@seedfleet/numerics';
import { type CountedReport } from '@seedfleet/rounds';
import { BrokenPromise } from './broken-promise.js';

/** Milliseconds that a timer and the writes queued before it may add to a deadline. */
const timerBoundMs = 2_000;

/** Sees everything, forgets nothing, decides nothing: compares what happens with what was promised, at the moment when it happens. */
export class Witness {
  /** [round] hash of the one commit that anybody ever saw of it */
  private readonly hashes: string[] = [];
  private readonly stateHashes: string[];
  private end: ChainEnd;
  /** round/attempt/device of reports that a device was told are recorded */
  private readonly acknowledged = new Set<string>();
  private readonly batches = new Map<string, Set<number>>();
  private readonly spent = new Map<string, number>();
  private readonly checked = new WeakMap<AdapterState, true>();
  private collecting: { key: string; sinceMs: number } | null = null;
  readonly counts = { commits: 0, acknowledged: 0, evaluations: 0, abandoned: 0 };

  constructor(private readonly manifest: VerifiedManifest, private readonly scalarsPerDay: number, initial: AdapterState) {
    this.end = chainStart(manifest);
    this.stateHashes = [toHex(stateHash(initial))];
  }

  /** A commit became durable. `rows` are the reports that the database holds of its attempt. */
  committed(bytes: Uint8Array, rows: readonly CountedReport[]): void {
    const { round } = decodeCommit(bytes);
    this.seen(bytes);
    if (round !== this.end.round) throw new BrokenPromise('one-chain', `round ${round} was committed where round ${this.end.round} is next`);
    const commit = verifyLink({ manifest: this.manifest, bytes, from: this.end });
    this.end = chainEnd(commit);
    this.stateHashes[round + 1] = toHex(commit.stateHash);
    this.counts.commits += 1;
    this.requireAllCounted(commit, rows);
  }

  /** A device took this commit as a part of the log. */
  heard(bytes: Uint8Array): void {
    this.seen(bytes);
  }

  /** A device is told that its report is recorded. */
  acknowledges({ device, round, attempt }: { device: string; round: number; attempt: number }, saved: readonly CountedReport[] | null): void {
    if (saved !== null && !saved.some((row) => row.device === device)) {
      throw new BrokenPromise('no-report-lost', `${device} was told that its report for round ${round}, attempt ${attempt} is recorded, and it is not durable`);
    }
    this.acknowledged.add(`${round}/${attempt}/${device}`);
    this.counts.acknowledged += 1;
  }

  abandoned(): void {
    this.counts.abandoned += 1;
  }

  /** @param restartable the disk forgot what it was told to keep: nothing can be asked of a counter on it */
  evaluates({ device, batch, scalars, day, chained, restartable }: { device: string; batch: number; scalars: number; day: number; chained: boolean; restartable: boolean }): void {
    this.counts.evaluations += 1;
    if (!chained) throw new BrokenPromise('chained-seeds', `${device} evaluates along directions that somebody chose`);
    if (restartable) return;
    const shown = this.batches.get(device) ?? new Set();
    this.batches.set(device, shown);
    if (shown.has(batch)) throw new BrokenPromise('fresh-batch', `${device} shows batch ${batch} a second time`);
    shown.add(batch);
    const key = `${device}/${day}`;
    const spent = (this.spent.get(key) ?? 0) + scalars;
    this.spent.set(key, spent);
    if (spent > this.scalarsPerDay) throw new BrokenPromise('budget', `${device} gives ${spent} differences in a day, its owner allows ${this.scalarsPerDay}`);
  }

  /** After a step: a device with so many commits has the state that the last of them names, by its values and not by what it says. */
  holds(device: string, state: AdapterState): void {
    if (this.checked.has(state)) return;
    this.checked.set(state, true);
    const expected = this.stateHashes[state.round];
    if (expected === undefined) throw new BrokenPromise('one-chain', `${device} is at round ${state.round}, the log has ${this.stateHashes.length - 1} commits`);
    if (toHex(stateHash(state)) !== expected) throw new BrokenPromise('equal-hash', `${device} has another state than the fleet after ${state.round} commits`);
  }

  /** After a step: what the coordinator's process has open. `deadlineMs` in true time. */
  open(attempt: { key: string; deadlineMs: number } | null, nowMs: number): void {
    if (attempt === null) { this.collecting = null; return; }
    if (this.collecting?.key !== attempt.key) this.collecting = { key: attempt.key, sinceMs: nowMs };
    const lateMs = nowMs - this.collecting.sinceMs - attempt.deadlineMs;
    if (lateMs > timerBoundMs) throw new BrokenPromise('no-round-past-deadline', `attempt ${attempt.key} is open ${Math.round(lateMs)} ms after its deadline`);
  }

  private seen(bytes: Uint8Array): void {
    const { round, hash } = decodeCommit(bytes);
    const known = this.hashes[round];
    if (known !== undefined && known !== toHex(hash)) throw new BrokenPromise('one-chain', `there are two commits of round ${round}`);
    this.hashes[round] = toHex(hash);
  }

  private requireAllCounted(commit: SignedCommit, rows: readonly CountedReport[]): void {
    const { round, attempt } = commit;
    const { policy: { reportsMin }, estimator } = this.manifest.manifest;
    if (commit.reports < reportsMin) throw new BrokenPromise('reports-min', `round ${round} rests on ${commit.reports} reports, ${reportsMin} are needed`);
    const lost = [...this.acknowledged].filter((key) => key.startsWith(`${round}/${attempt}/`) && !rows.some(({ device }) => key === `${round}/${attempt}/${device}`));
    if (lost.length > 0) throw new BrokenPromise('no-report-lost', `${lost.join(', ')} was acknowledged and is gone`);
    const counted = aggregateGroups({ reports: rows, queries: estimator.queries });
    const coefficients = coefficientsOf({ estimator, differences: counted.differences });
    const isSame = commit.reports === rows.length && coefficients.length === commit.coefficients.length && coefficients.every((value, j) => Object.is(value, commit.coefficients[j]));
    if (!isSame) throw new BrokenPromise('no-report-lost', `round ${round} counts ${commit.reports} reports, ${rows.length} are recorded, or it counts them otherwise`);
  }
}
