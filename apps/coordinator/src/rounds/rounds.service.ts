import { Injectable } from '@nestjs/common';
import { FleetError, toRefusal, type ErrorCode } from '@seedfleet/errors';
import { type MessageOf } from '@seedfleet/protocol';
import { Clock } from '../app/surroundings.js';
import { RunRepository } from '../runs/run.repository.js';
import { RoundWatchers } from './round-watchers.js';
import { type RunLoop } from './run-loop.js';
import { RunLoops } from './run-loops.js';

/** Takes what devices report. */
@Injectable()
export class RoundsService {
  constructor(private readonly loops: RunLoops, private readonly runs: RunRepository, private readonly watchers: RoundWatchers, private readonly clock: Clock) {}

  /** Durable when this resolves. A retry is answered as the first was. */
  async record(device: string, report: MessageOf<'round:report'>): Promise<{ recorded: true }> {
    const beganMs = this.clock.nowMs();
    const answered = (refused: ErrorCode | null) => this.watchers.tell({ type: 'report', refused, seconds: (this.clock.nowMs() - beganMs) / 1_000 });
    try {
      const recorded = await this.take(device, report);
      answered(null);
      return recorded;
    } catch (error) {
      answered(toRefusal(error).code);
      throw error;
    }
  }

  async recordEvaluation(device: string, { run, round, lossSum, correct, count, perClass }: MessageOf<'evaluation:report'>): Promise<{ recorded: true }> {
    const loop = await this.requireLoop(run);
    const classes = loop.task.type === 'language' ? 0 : loop.task.labels.length;
    if (perClass !== undefined && perClass.actual.length !== classes) throw new FleetError('report.examples', { field: 'perClass', problem: `Run ${run} has ${classes} classes.` });
    return loop.report({ type: 'evaluation-report', device, round, lossSum, correct, count, ...(perClass === undefined ? {} : { perClass }) });
  }

  private async take(device: string, { run, round, attempt, stateHash, examples, differences }: MessageOf<'round:report'>): Promise<{ recorded: true }> {
    const loop = await this.requireLoop(run);
    // Of an earlier round the conductor knows without the state that it is closed.
    const stateMatches = round !== loop.fleet.round || loop.fleet.matches(stateHash);
    return loop.report({ type: 'report', device, report: { round, attempt, stateMatches, examples, differences } });
  }

  private async requireLoop(run: number): Promise<RunLoop> {
    const loop = this.loops.find(run);
    if (loop !== undefined) return loop;
    if (await this.runs.find(run) === null) throw new FleetError('run.unknown', { field: 'run', problem: `There is no run ${run}.` });
    return this.loops.require(run);
  }
}
