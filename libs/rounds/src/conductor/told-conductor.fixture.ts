import { type ConductorEffect } from './conductor-effect.js';
import { type Conductor, createConductor, type RecordedRun } from './conductor.js';
import { type ConductorInput, type Report } from './conductor-input.js';
import { type RoundPolicy } from './round-policy.js';
import { stepConductor } from './step-conductor.js';

export const policy: RoundPolicy = {
  roundsMax: 2, cohort: 3, overSelection: 1, reportsMin: 2, deadlineMs: 10_000, evaluationEveryRounds: 0, checkpointEveryRounds: 5, attemptsMax: 2,
};

/** A conductor and what it asked for since it was last looked at. */
export class Run {
  state: Conductor;
  nowMs = 1_000_000;
  constructor(recorded: Partial<RecordedRun> = {}) {
    this.state = createConductor({ run: 1, policy, queries: 2, groups: 1, round: 0, attempt: 0, ...recorded });
  }

  tell(...inputs: ConductorInput[]): ConductorEffect[] {
    return inputs.flatMap((input) => {
      const { state, effects } = stepConductor(this.state, input, { nowMs: this.nowMs, luck: 7 });
      this.state = state;
      return effects;
    });
  }

  arrive(...devices: string[]): ConductorEffect[] {
    const { round } = this.state;
    return devices.flatMap((device) => this.tell({ type: 'arrival', device, round, stateMatches: true, trainExamples: 10, heldOutExamples: 0 }));
  }

  report(device: string, changes: Partial<Report> = {}): ConductorEffect[] {
    const { round, attempt } = this.state;
    return this.tell({ type: 'report', device, report: { round, attempt, stateMatches: true, examples: 4, differences: Float32Array.of(1, 2), ...changes } });
  }
}

export const typesOf = (effects: ConductorEffect[]) => effects.map(({ type }) => type);
