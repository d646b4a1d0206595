import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { type MessageOf } from '@seedfleet/protocol';
import { type ConductorInput } from '@seedfleet/rounds';
import { Replica } from '../replicas/replica.js';
import { FollowedRunRepository } from './followed-run.repository.js';
import { ReportIntake } from './report-intake.js';
import { RunFollowers } from './run-followers.js';
import { RunInputs } from './run-inputs.js';
import { RunLoops } from './run-loops.js';

type Command = Extract<ConductorInput, { type: 'pause' | 'resume' | 'stop' | 'set-aside' | 'devices-freed' }>;
type Announced = Omit<Extract<ConductorInput, { type: 'arrival' }>, 'type' | 'device'>;

/** How long an operator who stops a run waits for the replica that leads it. */
const stopWaitMs = 8_000;
const live: ReadonlySet<string> = new Set(['running', 'paused']);

/** Where devices and operators speak to the conductor of a run, whichever replica leads it. */
@Injectable()
export class RunDesk {
  constructor(
    private readonly loops: RunLoops, private readonly inputs: RunInputs, private readonly followers: RunFollowers, private readonly intake: ReportIntake,
    private readonly followed: FollowedRunRepository, private readonly replica: Replica,
  ) {}

  /** @throws FleetError `run.moving` while nobody would hear of a device: it would be waited for without end */
  requireHeard({ run, state }: { run: number; state: string }): void {
    if (this.replica.isAlone && this.loops.find(run) === undefined && live.has(state)) throw new FleetError('run.moving', { field: 'run', problem: `Run ${run} is being taken up.` });
  }

  /** Of a run that goes on. @throws FleetError `run.not-running` if nobody leads it or will */
  requireLed(run: number): void {
    if (this.replica.isAlone) this.loops.require(run);
  }

  /** A device is prepared. @param head commits of the run when its state was compared */
  async arrive(run: number, device: string, { head, ...announced }: Announced & { head: number }): Promise<void> {
    if (this.replica.isAlone) await this.loops.find(run)?.input({ type: 'arrival', device, ...announced });
    else await this.followers.arrive(run, device, { head, ...announced });
  }

  /** A device has left one run, or (no `run`) is gone from here. */
  async depart(device: string, run?: number): Promise<void> {
    if (!this.replica.isAlone) return this.followers.depart(device, run);
    const loops = run === undefined ? [...this.loops.all()] : [this.loops.find(run)];
    for (const loop of loops) await loop?.input({ type: 'departure', device }).catch(() => undefined);
  }

  /** What an operator wants. A stop is waited for; the rest is certain to be heard. @throws FleetError `run.not-running` */
  async command(run: number, input: Command): Promise<void> {
    if (this.replica.isAlone || this.loops.find(run) !== undefined) return this.loops.require(run).input(input);
    await this.inputs.tell(run, input);
    if (input.type === 'stop') await this.ended(run);
  }

  /** Durable when this resolves. @throws FleetError the refusal */
  async report(device: string, message: MessageOf<'round:report'>): Promise<{ recorded: true }> {
    if (!this.replica.isAlone) {
      await this.intake.record(device, message);
      return { recorded: true };
    }
    const { run, round, attempt, stateHash, examples, differences } = message;
    const loop = await this.requireLoop(run);
    // Of an earlier round the conductor knows without the state that it is closed.
    const stateMatches = round !== loop.fleet.round || loop.fleet.matches(stateHash);
    return loop.report({ type: 'report', device, report: { round, attempt, stateMatches, examples, differences } });
  }

  /** Where another replica leads the run it is durable when this resolves, and counts if the evaluation is still open. */
  async evaluationReport(device: string, { run, perClass, ...sums }: MessageOf<'evaluation:report'>): Promise<{ recorded: true }> {
    const loop = this.replica.isAlone ? await this.requireLoop(run) : this.loops.find(run);
    const task = loop?.task ?? (await this.requireLive(run)).manifest.task;
    const classes = task.type === 'language' ? 0 : task.labels.length;
    if (perClass !== undefined && perClass.actual.length !== classes) throw new FleetError('report.examples', { field: 'perClass', problem: `Run ${run} has ${classes} classes.` });
    const input = { type: 'evaluation-report' as const, device, ...sums, ...(perClass === undefined ? {} : { perClass }) };
    if (loop !== undefined) return loop.report(input);
    await this.inputs.tell(run, input);
    return { recorded: true };
  }

  private async requireLoop(run: number) {
    const loop = this.loops.find(run);
    if (loop !== undefined) return loop;
    await this.requireStanding(run);
    return this.loops.require(run);
  }

  private async requireLive(run: number) {
    const { state } = await this.requireStanding(run);
    if (!live.has(state)) throw new FleetError('run.not-running', { field: 'run', problem: `Run ${run} is not going on.` });
    return this.followed.manifest(run);
  }

  private async requireStanding(run: number) {
    const [standing] = await this.followed.look([run]);
    if (standing === undefined) throw new FleetError('run.unknown', { field: 'run', problem: `There is no run ${run}.` });
    return standing;
  }

  private async ended(run: number): Promise<void> {
    const everyMs = 50;
    for (let waitedMs = 0; waitedMs < stopWaitMs; waitedMs += everyMs) {
      const [standing] = await this.followed.look([run]);
      if (standing === undefined || !live.has(standing.state)) return;
      await sleep(everyMs);
    }
  }
}
