import { type Moment } from '../moment.js';
import { createParticipant, type Participant } from '../participant/participant.js';
import { type ParticipantEffect } from '../participant/participant-effect.js';
import { type ParticipantInput, type ParticipantRequest } from '../participant/participant-input.js';
import { stepParticipant } from '../participant/step-participant.js';

/** A machine's state as text, to compare: it must be plain data, so that its text says all of it. */
export function textOf(state: object): string {
  return JSON.stringify(state, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value));
}

/** What a device asks of its coordinator; each answer comes back as an input, or never. */
export interface DeviceLine {
  announce(device: SimulatedDevice, round: number): void;
  answerStart(device: SimulatedDevice, answer: Extract<ParticipantEffect, { type: 'answer-start' }>): void;
  report(device: SimulatedDevice, report: Extract<ParticipantEffect, { type: 'send-report' }>): void;
  tail(device: SimulatedDevice, from: number): void;
  answerEvaluationStart(device: SimulatedDevice, answer: Extract<ParticipantEffect, { type: 'answer-evaluation-start' }>): void;
  evaluation(device: SimulatedDevice, sums: Extract<ParticipantEffect, { type: 'send-evaluation' }>): void;
}

/** One device: a participant, its disk, its engine and its timers. Breaks its word never, its state when told to. */
export class SimulatedDevice {
  participant: Participant;
  readonly disk = { round: 0, batches: 0, corrupt: false };
  /** bumped when a connection begins or ends: messages of an old one are lost */
  session = 0;
  connected = false;
  readonly timers = new Map<ParticipantRequest, number>();
  /** what takes time: prepare, evaluate, apply; each ends with an input */
  jobs: (() => void)[] = [];
  readonly shownBatches = new Set<number>();
  finalRound: number | null = null;

  constructor(readonly id: string, readonly data: { trainExamples: number; heldOutExamples: number; queries: number }, readonly line: DeviceLine,
    readonly moment: () => Moment, readonly checkpointRound: () => number) {
    this.participant = createParticipant({ run: 1, ...this.disk });
  }

  take(input: ParticipantInput): void {
    const before = textOf(this.participant);
    const step = stepParticipant(this.participant, input, this.moment());
    // Pure: the step left its argument alone, and the argument is plain data.
    if (textOf(this.participant) !== before) throw new Error(`a step wrote its state on ${input.type}`);
    this.participant = step.state;
    step.effects.forEach((effect) => this.perform(effect));
  }

  /** kill -9: only the disk is left. */
  crash(): void {
    this.connected = false;
    this.session += 1;
    this.jobs = [];
    this.timers.clear();
    this.participant = createParticipant({ run: 1, round: this.disk.round, batches: this.disk.batches });
  }

  private perform(effect: ParticipantEffect): void {
    switch (effect.type) {
      case 'prepare': return this.begin(() => this.take({ type: 'prepared', ...this.data }));
      case 'announce': return this.line.announce(this, effect.round);
      case 'answer-start': return this.line.answerStart(this, effect);
      case 'save-batch-counter': { this.disk.batches = effect.batches; return; }
      case 'evaluate': return this.evaluate(effect);
      case 'send-report': return this.line.report(this, effect);
      case 'request-tail': return this.line.tail(this, effect.from);
      case 'apply': return this.apply(effect);
      case 'load-checkpoint': return this.begin(() => {
        const round = this.checkpointRound();
        this.disk.round = Math.max(this.disk.round, round);
        this.take({ type: 'checkpoint-loaded', round: this.disk.round });
      });
      case 'reset-state': { this.disk.round = 0; this.disk.corrupt = false; return; }
      case 'answer-evaluation-start': return this.line.answerEvaluationStart(this, effect);
      case 'evaluate-held-out': return this.begin(() => this.take({ type: 'evaluated', round: effect.round, lossSum: 1.5, correct: 1, count: 2 }));
      case 'send-evaluation': return this.line.evaluation(this, effect);
      case 'set-timer': { this.timers.set(effect.name, effect.atMs); return; }
      case 'finish': { this.finalRound = effect.round; return; }
      case 'leave': return;
    }
  }

  private evaluate({ round, attempt, batch }: Extract<ParticipantEffect, { type: 'evaluate' }>): void {
    // A fresh batch for every attempt, counted on disk before it is shown.
    expect(this.shownBatches.has(batch)).toBe(false);
    expect(this.disk.batches).toBe(batch + 1);
    expect(this.disk.round).toBe(round);
    this.shownBatches.add(batch);
    const differences = Float32Array.from({ length: this.data.queries }, (_, j) => batch + j / 8);
    this.begin(() => this.take({ type: 'losses', round, attempt, differences, examples: this.data.trainExamples }));
  }

  private apply({ from, commits }: Extract<ParticipantEffect, { type: 'apply' }>): void {
    this.begin(() => {
      expect(from).toBe(this.disk.round);
      commits.forEach((bytes, index) => expect(bytes[0]).toBe(from + index));
      if (this.disk.corrupt) return this.take({ type: 'mismatch', round: from });
      this.disk.round = from + commits.length;
      this.take({ type: 'applied', round: this.disk.round });
    });
  }

  private begin(job: () => void): void {
    this.jobs.push(job);
  }
}
