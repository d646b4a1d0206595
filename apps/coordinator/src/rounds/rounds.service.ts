import { Injectable } from '@nestjs/common';
import { toRefusal, type ErrorCode } from '@seedfleet/errors';
import { type MessageOf } from '@seedfleet/protocol';
import { Clock } from '../app/surroundings.js';
import { RoundWatchers } from './round-watchers.js';
import { RunDesk } from './run-desk.js';

/** Takes what devices report. */
@Injectable()
export class RoundsService {
  constructor(private readonly desk: RunDesk, private readonly watchers: RoundWatchers, private readonly clock: Clock) {}

  /** Durable when this resolves. A retry is answered as the first was. */
  async record(device: string, report: MessageOf<'round:report'>): Promise<{ recorded: true }> {
    const beganMs = this.clock.nowMs();
    const answered = (refused: ErrorCode | null) => this.watchers.tell({ type: 'report', refused, seconds: (this.clock.nowMs() - beganMs) / 1_000 });
    try {
      const recorded = await this.desk.report(device, report);
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
}
