import { Injectable } from '@nestjs/common';
import { FleetError, type ErrorCode } from '@seedfleet/errors';
import { equalBytes, fromHex } from '@seedfleet/ledger';
import { type MessageOf } from '@seedfleet/protocol';
import { createConductor, stepConductor, type Conductor } from '@seedfleet/rounds';
import { Clock } from '../app/surroundings.js';
import { RetryBudget } from '../replicas/retry-budget.js';
import { ReplicaNews } from '../replicas/replica-news.js';
import { FollowedRunRepository, type RunStanding } from './followed-run.repository.js';
import { FleetState } from './fleet-state.js';
import { RoundRepository, type RoundKey, type SavedReport } from './round.repository.js';
import { RunInputs } from './run-inputs.js';
import { RunLoops } from './run-loops.js';

type ReportMessage = MessageOf<'round:report'>;

/** What a report is judged by: the open attempt as it is in the database. Its cohort never changes. */
interface OpenAttempt {
  key: RoundKey;
  /** of the head: what a device must have measured at */
  stateHash: Uint8Array;
  /** a conductor that has this attempt open and has heard of no report: it judges, it decides nothing */
  judge: Conductor;
}

interface Waiting {
  open: OpenAttempt;
  report: SavedReport;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Reports that one statement makes durable. */
const reportsPerStatementMax = 500;
const live: ReadonlySet<string> = new Set(['running', 'paused']);
/** Refusals of an attempt that is over: its report may have been recorded while it was open. */
const overCodes: ReadonlySet<ErrorCode> = new Set(['round.closed', 'round.wrong-attempt', 'round.unknown', 'run.not-running']);

/**
 * Takes reports at any replica, whichever leads the run: judged by the same machine, durable before they are answered, and then the leader is told.
 * A round that is decided meanwhile counts them or refuses them: whoever decides it locks it.
 */
@Injectable()
export class ReportIntake {
  private readonly attempts = new Map<number, OpenAttempt>();
  private readonly initialHashes = new Map<number, Uint8Array>();
  private waiting: Waiting[] = [];
  private saving: Promise<void> = Promise.resolve();

  constructor(
    private readonly rounds: RoundRepository, private readonly followed: FollowedRunRepository, private readonly inputs: RunInputs, private readonly loops: RunLoops,
    private readonly news: ReplicaNews, private readonly clock: Clock, private readonly retries: RetryBudget,
  ) {
    news.on('ended', ({ run }) => this.forget(run));
    news.on('reports', ({ type: _type, devices, ...key }) => this.handHere(key, devices));
  }

  /** Durable when this resolves. A retry is answered as the first was. @throws FleetError the refusal */
  async record(device: string, message: ReportMessage): Promise<void> {
    const { run, round, attempt, stateHash, examples, differences } = message;
    const known = this.attempts.get(run);
    const open = known?.key.round === round && known.key.attempt === attempt ? known : await this.readOpen(message);
    if (open === null) return this.answerOver(device, message, await this.refusalWithoutRound(message));
    const stateMatches = equalBytes(open.stateHash, stateHash);
    const { effects: [judged] } = stepConductor(open.judge, { type: 'report', device, report: { round, attempt, stateMatches, examples, differences } }, { nowMs: this.clock.nowMs(), luck: 0 });
    if (judged?.type === 'save-report') {
      const { group } = judged;
      return new Promise((resolve, reject) => {
        this.waiting.push({ open, report: { device, group, examples, differences }, resolve, reject });
        if (this.waiting.length === 1) this.saving = this.saving.then(() => this.save());
      });
    }
    const refusal = judged?.type === 'refuse-report' ? new FleetError(judged.code, { field: judged.field, problem: judged.problem }) : closed(message);
    // The leader is to know that it does not have to wait for this one.
    if (refusal.code === 'report.stale-state') await this.inputs.tell(run, { type: 'decline', device, round, attempt, reason: 'state-mismatch' });
    return this.answerOver(device, message, refusal);
  }

  /** The safety net for news that were lost: reports of runs led here that their conductors have not heard of. */
  async passAll(): Promise<void> {
    for (const loop of this.loops.all()) {
      const collecting = loop.collecting();
      if (collecting === null) continue;
      const { key, reported } = collecting;
      await this.hand(key, await this.rounds.findOtherReports(key, reported));
    }
  }

  private forget(run: number): void {
    this.attempts.delete(run);
    this.initialHashes.delete(run);
  }

  /** What has been taken is durable and answered. */
  async close(): Promise<void> {
    while (this.waiting.length > 0) await this.saving;
    await this.saving;
  }

  private async save(): Promise<void> {
    const [first] = this.waiting;
    if (first === undefined) return;
    const batch = this.waiting.filter(({ open }) => open === first.open).slice(0, reportsPerStatementMax);
    // A device that sent its report twice at once: the second is answered by what the first became.
    const byDevice = new Map<string, Waiting>();
    for (const entry of batch) if (!byDevice.has(entry.report.device)) byDevice.set(entry.report.device, entry);
    const once = [...byDevice.values()];
    this.waiting = this.waiting.filter((entry) => byDevice.get(entry.report.device) !== entry);
    const { key } = first.open;
    try {
      const saved = await this.retries.run(() => this.rounds.saveWhileCollecting(key, once.map(({ report }) => report), this.clock.now()));
      for (const { report, resolve } of once) if (saved.has(report.device)) resolve();
      if (saved.size > 0) this.pass(key, [...saved]);
      const others = once.filter(({ report }) => !saved.has(report.device));
      if (others.length > 0) await this.answerOthers(key, others);
    } catch (error) {
      for (const { reject } of once) reject(error); // no effect on those that were answered
    }
    if (this.waiting.length > 0) this.saving = this.saving.then(() => this.save());
  }

  private async answerOthers(key: RoundKey, others: readonly Waiting[]): Promise<void> {
    const recorded = new Map((await this.rounds.findReportsOf(key, others.map(({ report }) => report.device))).map((report) => [report.device, report]));
    if (recorded.size < others.length) this.attempts.delete(key.run);
    for (const { report, resolve, reject } of others) {
      const refusal = compare(recorded.get(report.device), report, key, closed(key));
      if (refusal === null) resolve();
      else reject(refusal);
    }
  }

  /** A report of an attempt that is over is answered as it was while it was open. */
  private async answerOver(device: string, message: ReportMessage, refusal: FleetError): Promise<void> {
    if (!overCodes.has(refusal.code)) throw refusal;
    const [recorded] = await this.rounds.findReportsOf(message, [device]);
    const { examples, differences } = message;
    const answer = compare(recorded, { device, group: 0, examples, differences }, message, refusal);
    if (answer !== null) throw answer;
  }

  /** To the conductor, if it is here; else its replica is told. */
  private pass(key: RoundKey, devices: readonly string[]): void {
    if (this.loops.find(key.run) === undefined) this.news.tell({ type: 'reports', ...key, devices: [...devices] });
    else this.handHere(key, devices);
  }

  /** Nobody waits for it: what is not handed over now is found by `passAll`. */
  private handHere(key: RoundKey, devices: readonly string[]): void {
    if (this.loops.find(key.run) === undefined) return;
    this.rounds.findReportsOf(key, devices).then((reports) => this.hand(key, reports)).catch(() => undefined);
  }

  private async hand(key: RoundKey, reports: readonly SavedReport[]): Promise<void> {
    if (reports.length > 0) await this.loops.find(key.run)?.recorded(key, reports);
  }

  private async readOpen({ run }: { run: number }): Promise<OpenAttempt | null> {
    const [standing] = await this.followed.look([run]);
    if (standing === undefined) throw new FleetError('run.unknown', { field: 'run', problem: `There is no run ${run}.` });
    if (standing.openAttempt === null) return null;
    const key = { run, round: standing.round, attempt: standing.openAttempt };
    const known = this.attempts.get(run);
    if (known?.key.round === key.round && known.key.attempt === key.attempt) return known;
    const cohort = [...await this.followed.cohort(key)].map(([device, group]) => ({ device, group }));
    const { manifest } = await this.followed.manifest(run);
    const { stateHash } = await this.followed.head(run, key.round);
    const idle = createConductor({
      ...key, policy: { ...manifest.policy, cohort: cohort.length + 1, reportsMin: 1 }, queries: manifest.estimator.queries, groups: manifest.estimator.groups, open: { ...key, cohort, reports: [] },
    });
    const judge = stepConductor(idle, { type: 'start' }, { nowMs: this.clock.nowMs(), luck: 0 }).state;
    const open = { key, stateHash: stateHash ?? await this.initialHash(run), judge };
    this.attempts.set(run, open);
    return open;
  }

  private async initialHash(run: number): Promise<Uint8Array> {
    const known = this.initialHashes.get(run);
    if (known !== undefined) return known;
    const verified = await this.followed.manifest(run);
    const { branch } = verified.manifest;
    const hash = branch === null ? new FleetState(verified).stateHash : fromHex(branch.stateHash);
    this.initialHashes.set(run, hash);
    return hash;
  }

  /** No attempt is open. */
  private async refusalWithoutRound({ run, round, attempt }: ReportMessage): Promise<FleetError> {
    const [standing] = await this.followed.look([run]);
    if (standing === undefined || !live.has(standing.state)) return new FleetError('run.not-running', { field: 'run', problem: `Run ${run} is not going on.` });
    return isOver(standing, { round, attempt }) ? closed({ round, attempt }) : new FleetError('round.unknown', { field: 'round', problem: `Round ${round} is not open.` });
  }
}

function isOver({ round: head, attempts }: RunStanding, { round, attempt }: { round: number; attempt: number }): boolean {
  return round < head || (round === head && attempt < attempts);
}

function closed({ round, attempt }: { round: number; attempt: number }): FleetError {
  return new FleetError('round.closed', { field: 'attempt', problem: `Round ${round}, attempt ${attempt} takes no more reports.` });
}

/** @returns null if the same report is recorded; what to refuse it with otherwise */
function compare(recorded: SavedReport | undefined, report: SavedReport, { round, attempt }: { round: number; attempt: number }, otherwise: FleetError): FleetError | null {
  if (recorded === undefined) return otherwise;
  const same = recorded.examples === report.examples && recorded.differences.length === report.differences.length
    && recorded.differences.every((difference, j) => Object.is(difference, report.differences[j]));
  return same ? null : new FleetError('report.duplicate-differs', { field: 'differences', problem: `Another report of this device for round ${round}, attempt ${attempt} was recorded before.` });
}
