import { Injectable } from '@nestjs/common';
import { toRefusal, type ErrorCode } from '@seedfleet/errors';
import { type MessageOf } from '@seedfleet/protocol';
import { serverLimits } from '../app/limits.js';
import { Clock, Luck } from '../app/surroundings.js';
import { IntakeGate } from './intake-gate.js';
import { RoundWatchers } from './round-watchers.js';
import { RunDesk } from './run-desk.js';

/** Takes what devices report. */
@Injectable()
export class RoundsService {
  private readonly gate = new IntakeGate({ waitingMax: serverLimits.reportsWaitingMax, retryMsMax: serverLimits.reportRetryMsMax });

  constructor(private readonly desk: RunDesk, private readonly watchers: RoundWatchers, private readonly clock: Clock, private readonly luck: Luck) {}

  /** Durable when this resolves. A retry is answered as the first was. @throws FleetError `intake.full` with the time to come again, and what refuses the report */
  async record(device: string, report: MessageOf<'round:report'>): Promise<{ recorded: true }> {
    const beganMs = this.clock.nowMs();
    const answered = (refused: ErrorCode | null) => this.watchers.tell({ type: 'report', refused, seconds: (this.clock.nowMs() - beganMs) / 1_000 });
    try {
      const recorded = await this.throughGate(() => this.desk.report(device, report));
      answered(null);
      return recorded;
    } catch (error) {
      answered(toRefusal(error).code);
      throw error;
    }
  }

  recordEvaluation(device: string, report: MessageOf<'evaluation:report'>): Promise<{ recorded: true }> {
    return this.desk.evaluationReport(device, report);
  }

  private async throughGate<Answer>(take: () => Promise<Answer>): Promise<Answer> {
    this.gate.enter({ nowMs: this.clock.nowMs(), luck: this.luck.uint32() });
    try {
      return await take();
    } finally {
      this.gate.leave(this.clock.nowMs());
    }
  }
}
