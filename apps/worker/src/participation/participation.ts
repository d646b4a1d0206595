import { FleetError, type ErrorCode } from '@seedfleet/errors';
import { toHex, type VerifiedManifest } from '@seedfleet/ledger';
import { type AckOf, type MessageOf } from '@seedfleet/protocol';
import { createParticipant, stepParticipant, type DeclineReason, type Participant, type ParticipantEffect, type ParticipantInput } from '@seedfleet/rounds';
import { type Logger } from 'pino';
import { type Bench } from '../evaluation/bench.js';
import { type RunCompute } from '../preparation/compute-options.js';
import { type Session } from '../session/session.js';
import { type RunStatus } from '../status/status-file.js';
import { type Surroundings } from '../surroundings.js';
import { type Measurement, type RunFolder } from '../vault/run-folder.js';
import { type CatchUpMeter } from './catch-up-meter.js';
import { CatchingUp } from './catching-up.js';
import { asFleetError, codeOf, isUnanswered, problemOf } from './failure.js';
import { KnownHead } from './known-head.js';
import { type Replica } from './replica.js';
import { Waiting } from './waiting.js';

export interface ParticipationParts {
  run: number;
  manifest: VerifiedManifest;
  folder: RunFolder;
  replica: Replica;
  surroundings: Surroundings;
  logger: Logger;
  send: Session['send'];
  bench: Bench;
  compute: RunCompute;
  fetchCheckpoint(): Promise<Uint8Array>;
  /** Whether the owner's policy lets one more attempt of `scalars` differences happen now, and why not. Pays nothing. */
  forbids(scalars: number): DeclineReason | null;
  /** Pays for one attempt, durable on return; false if there is no budget left. */
  spend(scalars: number): boolean;
  /** Something that the status shows has changed. */
  changed(): void;
  /** Something happened that no effect foresees, like a full disk: this process cannot go on. */
  broken(error: unknown): void;
}

type EffectOf<T extends ParticipantEffect['type']> = Extract<ParticipantEffect, { type: T }>;

/** One device in one run: performs the effects of the participant in their order and tells it what came of them. Decides nothing itself. */
export class Participation {
  readonly run: number;
  private machine: Participant;
  /** Of the state that the last losses were measured at. */
  private evaluatedHash: Uint8Array | null = null;
  private readonly head: KnownHead;
  private leftFor: FleetError | null = null;
  private isClosed = false;
  private isStepping = false;
  private readonly inputs: ParticipantInput[] = [];
  private readonly catchingUp: CatchingUp;
  private readonly starts = new Waiting<string, AckOf<'round:start'>>();
  private readonly evaluations = new Waiting<number, AckOf<'evaluation:start'>>();
  private readonly timers = new Map<string, () => void>();
  private readonly tasks = new Set<Promise<void>>();

  constructor(private readonly parts: ParticipationParts) {
    this.run = parts.run;
    const { estimator } = parts.manifest.manifest;
    this.head = new KnownHead({ manifestHash: parts.manifest.hash, queries: estimator.queries });
    this.catchingUp = new CatchingUp({
      ...parts, head: this.head, directionValues: parts.replica.layout.size * estimator.queries * estimator.groups, logOnly: !parts.bench.hasData,
    });
    this.machine = createParticipant({ run: parts.run, round: parts.replica.round, batches: parts.folder.readBatches(this.batchesAtMost()) });
  }

  get catchUp(): CatchUpMeter['last'] {
    return this.catchingUp.last;
  }

  /** Peak memory of the process that rewrote the model of this run; 0 if none did. */
  get rewritePeakMegabytes(): number {
    return this.parts.bench.rewritePeakMegabytes;
  }

  /** What a step of this run costs here, as last measured. */
  get measurement(): Measurement | null {
    return this.parts.bench.measurement ?? this.parts.folder.readMeasurement();
  }

  /** Commits applied. */
  get round(): number {
    return this.parts.replica.round;
  }

  connected(head: { headRound: number; stateMatches: boolean }): void {
    this.head.hear(head.headRound);
    this.tell({ type: 'connected', ...head });
  }

  disconnected(): void {
    this.tell({ type: 'disconnected' });
  }

  started({ run: _run, ...start }: MessageOf<'round:start'>): Promise<AckOf<'round:start'>> {
    const answer = this.starts.answerTo(startKey(start));
    this.tell({ type: 'start', ...start, seedsMatch: this.head.areChained(start, { own: this.parts.replica.end }), declined: this.parts.forbids(start.seeds.length) });
    return answer;
  }

  evaluationStarted({ round, deadlineMs }: MessageOf<'evaluation:start'>): Promise<AckOf<'evaluation:start'>> {
    const answer = this.evaluations.answerTo(round);
    this.tell({ type: 'evaluation-start', round, deadlineMs });
    return answer;
  }

  committed({ commit, next }: MessageOf<'round:commit'>): void {
    const round = this.head.receive(commit);
    this.tell({ type: 'commit', round, bytes: commit });
    if (next) this.started({ run: this.run, round: round + 1, ...next }).catch(() => undefined);
  }

  ended(state: EffectOf<'finish'>['state']): void {
    this.tell({ type: 'ended', state });
  }

  /** Lets what is under way end, closes the engine, saves the state. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const cancel of this.timers.values()) cancel();
    await this.parts.bench.close();
    await Promise.allSettled(this.tasks);
    this.parts.replica.save();
  }

  /** One input after the other: what an effect answers at once waits until the effects beside it were begun. */
  private tell(input: ParticipantInput): void {
    this.inputs.push(input);
    if (this.isStepping) return;
    this.isStepping = true;
    try {
      for (let next = this.inputs.shift(); next !== undefined && !this.isClosed; next = this.inputs.shift()) this.step(next);
    } catch (error) {
      // An effect that could not be begun (a full disk) leaves the effects after it undone: going on would break their order.
      this.isClosed = true;
      this.parts.broken(error);
    } finally {
      this.isStepping = false;
    }
  }

  private step(input: ParticipantInput): void {
    const { surroundings } = this.parts;
    const { state, effects } = stepParticipant(this.machine, input, { nowMs: surroundings.nowMs(), luck: surroundings.luck() });
    this.machine = state;
    for (const effect of effects) this.perform(effect);
  }

  private perform(effect: ParticipantEffect): void {
    switch (effect.type) {
      case 'prepare': return this.begin(this.prepare());
      case 'announce': return this.begin(this.announce(effect.round));
      case 'answer-start': return this.answerStart(effect);
      case 'save-batch-counter': return this.parts.folder.writeBatches(effect.batches);
      case 'evaluate': return this.begin(this.evaluate(effect));
      case 'send-report': return this.begin(this.sendReport(effect));
      case 'request-tail': return this.begin(this.requestTail(effect.from));
      case 'apply': return this.begin(this.catchingUp.apply(effect.commits).then((input) => this.tell(input)));
      case 'load-checkpoint': return this.begin(this.catchingUp.loadCheckpoint().then((input) => this.tell(input)));
      case 'reset-state': return this.parts.replica.reset();
      case 'answer-evaluation-start': return this.answerEvaluationStart(effect);
      case 'evaluate-held-out': return this.begin(this.evaluateHeldOut(effect.round));
      case 'send-evaluation': return this.begin(this.sendEvaluation(effect));
      case 'set-timer': return this.setTimer(effect);
      case 'finish': return this.begin(this.finish(effect));
      case 'leave': return this.begin(this.leave(effect.cause));
    }
  }

  /** Begins what takes long; the effects after it do not wait. */
  private begin(task: Promise<void>): void {
    const watched = task
      .catch((error: unknown) => this.parts.broken(error))
      .finally(() => {
        this.tasks.delete(watched);
        if (!this.isClosed) this.parts.changed();
      });
    this.tasks.add(watched);
  }

  private async prepare(): Promise<void> {
    try {
      await this.parts.bench.prepare();
    } catch (error) {
      this.leftFor = asFleetError(error);
      this.parts.logger.error({ run: this.run, code: this.leftFor.code, fix: this.leftFor.fix, field: this.leftFor.field }, this.leftFor.problem);
      return this.tell({ type: 'preparation-failed', code: this.leftFor.code });
    }
    this.notePrepared();
    this.tell({ type: 'prepared', ...this.parts.bench.offer });
  }

  private notePrepared(): void {
    const { bench, folder, logger } = this.parts;
    const { measurement, counts } = bench;
    if (measurement !== null) folder.writeMeasurement(measurement);
    logger.info({ event: 'run.prepared', run: this.run, examples: counts.trainExamples + counts.heldOutExamples, ...counts, ...measurement }, 'prepared');
    if (counts.heldOutExamples > 0 && bench.hasTooFew) logger.info({ run: this.run, heldOutExamples: counts.heldOutExamples }, 'too few held-out examples to evaluate with: a sum over few is nearly the loss of one');
  }

  private async announce(round: number): Promise<void> {
    await this.ask('announce', async () => {
      const ack = await this.parts.send('run:prepared', { run: this.run, round, stateHash: this.parts.replica.stateHash, ...this.parts.bench.offer });
      this.head.hear(ack.round);
      return { type: 'announced', headRound: ack.round };
    });
  }

  private answerStart(effect: EffectOf<'answer-start'>): void {
    const key = startKey(effect);
    if (!effect.accepted) this.parts.logger.info({ event: 'round.declined', run: this.run, round: effect.round, reason: effect.reason }, 'declined a round');
    this.starts.answer(key, effect.accepted ? { accepted: true } : { accepted: false, reason: sentReason(effect.reason) });
  }

  private answerEvaluationStart({ round, accepted }: EffectOf<'answer-evaluation-start'>): void {
    this.evaluations.answer(round, accepted ? { accepted } : { accepted, reason: 'busy' });
  }

  private async evaluate({ round, attempt, group, seeds, batch }: EffectOf<'evaluate'>): Promise<void> {
    const { replica, logger } = this.parts;
    try {
      requireRound(replica, round);
      if (!this.head.areChained({ round, attempt, group, seeds }, { own: replica.end, only: 'verified' })) {
        throw new FleetError('start.seeds-not-chained', { field: 'seeds', problem: `The seeds of round ${round} do not grow from the commit before it.` });
      }
      if (!this.parts.spend(seeds.length)) throw new FleetError('policy.forbids', { field: 'scalarsPerDay', problem: 'The budget of today is spent.' });
      this.evaluatedHash = replica.stateHash;
      const losses = await this.parts.bench.evaluateRound({ b: replica.b, seeds, batch });
      this.tell({ type: 'losses', round, attempt, ...losses });
    } catch (error) {
      logger.error({ run: this.run, round, code: codeOf(error) }, problemOf(error));
      this.tell({ type: 'losses-failed', round, attempt, code: codeOf(error) });
    }
  }

  private async sendReport({ round, attempt, differences, examples }: EffectOf<'send-report'>): Promise<void> {
    try {
      await this.parts.send('round:report', { run: this.run, round, attempt, stateHash: this.evaluatedHash ?? this.parts.replica.stateHash, examples, differences });
      this.parts.logger.debug({ run: this.run, round, attempt }, 'the report was recorded');
      this.tell({ type: 'report-answered', round, attempt });
    } catch (error) {
      if (isUnanswered(error)) return this.tell({ type: 'unanswered', request: 'report' });
      this.parts.logger.info({ run: this.run, round, code: codeOf(error) }, 'the report was refused');
      const retryAfterMs = error instanceof FleetError ? error.retryAfterMs : undefined;
      this.tell({ type: 'report-refused', round, attempt, code: codeOf(error), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    }
  }

  private async requestTail(from: number): Promise<void> {
    this.catchingUp.begin();
    await this.ask('tail', () => this.catchingUp.tail(from));
  }

  private async evaluateHeldOut(round: number): Promise<void> {
    const { replica } = this.parts;
    try {
      requireRound(replica, round);
      const sums = await this.parts.bench.evaluateHeldOut({ b: replica.b });
      this.tell({ type: 'evaluated', round, ...sums });
    } catch (error) {
      this.parts.logger.error({ run: this.run, round, code: codeOf(error) }, problemOf(error));
      this.tell({ type: 'evaluation-failed', round, code: codeOf(error) });
    }
  }

  private async sendEvaluation({ type: _type, round, perClass, ...sums }: EffectOf<'send-evaluation'>): Promise<void> {
    await this.ask('evaluation', async () => {
      const byClass = perClass && { actual: [...perClass.actual], predicted: [...perClass.predicted], correct: [...perClass.correct] };
      await this.parts.send('evaluation:report', { run: this.run, round, ...sums, ...(byClass === undefined ? {} : { perClass: byClass }) });
      return { type: 'evaluation-answered', round };
    });
  }

  private async ask(request: 'announce' | 'tail' | 'evaluation', send: () => Promise<ParticipantInput>): Promise<void> {
    let input: ParticipantInput;
    try {
      input = await send();
    } catch (error) {
      if (!isUnanswered(error)) this.parts.logger.warn({ run: this.run, code: codeOf(error) }, asFleetError(error).problem);
      input = isUnanswered(error) ? { type: 'unanswered', request } : { type: 'refused', request, code: codeOf(error) };
    }
    this.tell(input);
  }

  private setTimer({ name, atMs }: EffectOf<'set-timer'>): void {
    const { surroundings } = this.parts;
    this.timers.get(name)?.();
    this.timers.set(name, surroundings.after(Math.max(0, atMs - surroundings.nowMs()), () => {
      this.timers.delete(name);
      this.tell({ type: 'timer', name });
    }));
  }

  private async finish({ state }: EffectOf<'finish'>): Promise<void> {
    this.parts.replica.save();
    await this.parts.bench.close();
    this.parts.folder.writeEnded({ state, cause: '' });
    this.parts.logger.info({ event: 'run.ended', run: this.run, state, ...this.parts.replica.describe() }, 'the run has ended');
  }

  private async leave(cause: ErrorCode): Promise<void> {
    const problem = this.leftFor?.code === cause ? this.leftFor.problem : 'The device cannot go on in this run.';
    this.parts.logger.error({ run: this.run, code: cause }, problem);
    this.parts.logger.warn({ event: 'run.left', run: this.run }, 'left the run');
    await this.parts.bench.close();
    this.parts.folder.removeActivations();
    try {
      await this.parts.send('run:prepared', { run: this.run, failed: { code: cause, problem: problem.slice(0, 500) } });
    } catch (error) {
      this.parts.logger.warn({ run: this.run, code: codeOf(error) }, 'the coordinator was not told that this device left the run');
    }
  }

  /** No more batches than attempts can have been used. */
  private batchesAtMost(): number {
    return (this.parts.replica.round + 1) * this.parts.manifest.manifest.policy.attemptsMax;
  }

  /** For the hello: round and state hash of this run. */
  describe(): { run: number; round: number; stateHash: Uint8Array } {
    return { run: this.run, round: this.round, stateHash: this.parts.replica.stateHash };
  }

  /** For the status file. */
  status(): RunStatus {
    const { bench, replica, compute } = this.parts;
    return {
      run: this.run, state: this.machine.phase.type, round: this.round, stateHash: toHex(replica.stateHash), ...bench.counts,
      evaluates: bench.offer.heldOutExamples > 0, precision: compute.precision, cacheMegabytes: compute.cacheMegabytes, memoryMegabytes: compute.memoryMegabytes,
      forwardMs: this.measurement?.forwardMs ?? null, peakMegabytes: this.measurement?.peakMegabytes ?? null,
    };
  }
}

/** An evaluation that was begun at another state than it was meant for would be a lie, however small. */
function requireRound(replica: Replica, round: number): void {
  if (replica.round !== round) throw new FleetError('internal.failure', { problem: `Round ${round} was to be evaluated at the state of round ${replica.round}.` });
}

function startKey({ round, attempt }: { round: number; attempt: number }): string {
  return `${round}:${attempt}`;
}

/** `unanswered` is the coordinator's own word for silence: a device that speaks is at most busy. */
function sentReason(reason: DeclineReason): AckOf<'round:start'>['reason'] {
  return reason === 'unanswered' ? 'busy' : reason;
}
