import { Injectable } from '@nestjs/common';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { equalBytes, fromHex, verifyManifest } from '@seedfleet/ledger';
import { limits, type AckOf, type MessageOf } from '@seedfleet/protocol';
import { assignmentTransitions, requireTransition } from '@seedfleet/rounds';
import { Logger } from '../app/logger.js';
import { Clock } from '../app/surroundings.js';
import { type DeviceSocket } from '../devices/presence.js';
import { ReplicaNews } from '../replicas/replica-news.js';
import { Announcer } from '../rounds/announcer.js';
import { ArtifactRepository } from '../rounds/artifact.repository.js';
import { CommitRepository } from '../rounds/commit.repository.js';
import { FleetState } from '../rounds/fleet-state.js';
import { RunDesk } from '../rounds/run-desk.js';
import { RunLoops } from '../rounds/run-loops.js';
import { AssignmentRepository, type AssignmentRow } from './assignment.repository.js';
import { RunRepository } from './run.repository.js';

const tailCommitsMax = 4_096;
const liveStates: ReadonlySet<string> = new Set(['running', 'paused']);
/** Of runs that are still to start no device hears. */
const startedStates: ReadonlySet<string> = new Set(['running', 'paused', 'completed', 'failed', 'cancelled']);
type Prepared = Extract<MessageOf<'run:prepared'>, { stateHash: Uint8Array }>;
type HelloRun = MessageOf<'session:hello'>['runs'][number];

/** Devices in runs: who is offered what, how far each is. */
@Injectable()
export class AssignmentsService {
  constructor(
    private readonly repository: AssignmentRepository,
    private readonly runs: RunRepository,
    private readonly commits: CommitRepository,
    private readonly artifacts: ArtifactRepository,
    private readonly loops: RunLoops,
    private readonly desk: RunDesk,
    private readonly announcer: Announcer,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly news: ReplicaNews,
  ) {
    news.on('offered', ({ run }) => void this.offerHere(run));
  }

  /** Where the runs that a device knows stand; those that are none of its business are left out. */
  async greet(socket: DeviceSocket, known: readonly HelloRun[]): Promise<AckOf<'session:hello'>['runs']> {
    const { device } = socket.data;
    await this.repository.assignMissing(device, this.clock.now());
    const assignments = await this.repository.findOfDevice(device);
    for (const { run, state } of assignments) if (state !== 'left') this.announcer.join(run, socket);
    const answers: AckOf<'session:hello'>['runs'] = [];
    for (const { run, round, stateHash } of known) {
      const assignment = assignments.find((candidate) => candidate.run === run);
      if (assignment !== undefined) answers.push({ run, round: assignment.head, stateMatches: await this.matches(assignment, { round, stateHash }) });
    }
    return answers;
  }

  /** After the hello is answered: runs that the device does not have yet, and the end of those that ended while it was away. */
  async followUp(socket: DeviceSocket, known: readonly HelloRun[]): Promise<void> {
    const { device } = socket.data;
    const rounds = new Map(known.map(({ run, round }) => [run, round]));
    // Read again: a run that was started before this device counted as greeted was not offered to it.
    for (const assignment of await this.repository.findOfDevice(device)) {
      const { run, runState, state, head } = assignment;
      if (state === 'left' || !startedStates.has(runState)) continue;
      const round = rounds.get(run);
      const end = endFor({ runState, head, round });
      if (end !== null && round !== undefined) socket.emit('run:ended', { run, state: end, cause: end });
      if (end === null && round === undefined) await this.offer(assignment);
    }
  }

  /** Offers a run to those of its devices that are here. The others are offered it when they come. */
  async offerToAll(run: number): Promise<void> {
    this.news.tell({ type: 'offered', run });
    await this.offerHere(run);
  }

  private async offerHere(run: number): Promise<void> {
    try {
      await Promise.all((await this.repository.findOfRun(run)).map((assignment) => this.offer(assignment)));
    } catch (error) {
      this.logger.failure('run.not-offered', error, { run });
    }
  }

  /** Offers a run to some of its devices. */
  async offerTo(run: number, devices: readonly string[]): Promise<void> {
    if (devices.length > 0) this.news.tell({ type: 'offered', run });
    for (const device of devices) {
      const assignment = await this.repository.find(run, device);
      if (assignment !== null) await this.offer(assignment);
    }
  }

  async prepared(device: string, message: MessageOf<'run:prepared'>): Promise<AckOf<'run:prepared'>> {
    const assignment = await this.require(message.run, device);
    return 'failed' in message ? this.preparationFailed(assignment, message.failed) : this.ready(assignment, message);
  }

  async tail(device: string, { run, from }: MessageOf<'ledger:tail'>): Promise<AckOf<'ledger:tail'>> {
    const { head } = await this.require(run, device);
    if (from > head) throw new FleetError('round.unknown', { field: 'from', problem: `Run ${run} has ${head} commits; there is none from round ${from}.` });
    const commits = await this.commits.tail({ run, from, countMax: tailCommitsMax, bytesMax: limits.tailPageBytesMax });
    const checkpoint = await this.artifacts.findNewestCheckpoint(run);
    // A commit may have come between the two reads: the head is what the page says at least.
    return { commits, head: Math.max(head, from + commits.length), checkpoint };
  }

  /** The device is gone from here: no run waits for it. */
  async depart(device: string): Promise<void> {
    await this.desk.depart(device);
  }

  private async ready(assignment: AssignmentRow, { round, stateHash, trainExamples, heldOutExamples }: Prepared): Promise<AckOf<'run:prepared'>> {
    const { run, runState, device, head } = assignment;
    // Taken up in a moment, but not yet: an arrival that nobody hears would leave the run waiting for this device.
    this.desk.requireHeard({ run, state: runState });
    const stateMatches = await this.matches(assignment, { round, stateHash });
    const said = { stateRound: round, stateHash, at: this.clock.now() };
    if (stateMatches) {
      this.requireChange(assignment, 'ready');
      await this.repository.save(run, device, { state: 'ready', cause: null, round, trainExamples, heldOutExamples, ...said });
    }
    // At a round that we know, another state is an error, and not only a device that is behind; it stands with the device until that is over.
    else if (round <= head && assignment.state !== 'left') await this.repository.save(run, device, { state: 'preparing', cause: `log.state-mismatch: another state after ${round} commits`, ...said });
    if (liveStates.has(runState)) await this.desk.arrive(run, device, { head, round, stateMatches, trainExamples, heldOutExamples });
    if (!stateMatches) throw new FleetError('report.stale-state', { field: 'stateHash', problem: `The state is not the one after ${round} commits of run ${run}.` });
    const end = endFor({ runState: assignment.runState, head, round });
    if (end !== null) this.announcer.tellEnd(device, { run, state: end, cause: end });
    return { round: Math.max(head, this.loops.find(run)?.fleet.round ?? 0) };
  }

  private async preparationFailed(assignment: AssignmentRow, failed: { code: string; problem: string }): Promise<AckOf<'run:prepared'>> {
    const { run, device, head } = assignment;
    this.requireChange(assignment, 'failed');
    await this.repository.save(run, device, { state: 'failed', cause: `${failed.code}: ${failed.problem}`.slice(0, limits.problemCharactersMax), at: this.clock.now() });
    await this.desk.depart(device, run);
    this.logger.warning('assignment.failed', { run, device, code: failed.code });
    return { round: head };
  }

  private async offer(assignment: AssignmentRow): Promise<void> {
    const { run, device, state } = assignment;
    const answer = await this.announcer.assign(device, run);
    if (answer === 'offline' || answer === 'unanswered' || !answer.ok) return;
    if (!answer.accepted) {
      this.requireChange(assignment, 'left');
      await this.repository.save(run, device, { state: 'left', cause: answer.reason ?? 'declined', at: this.clock.now() });
      return;
    }
    // It may have said run:prepared already while its answer to the offer was on the way.
    if (state !== 'preparing' && state !== 'ready') await this.repository.savePreparing(run, device, { from: state, at: this.clock.now() });
  }

  private async matches({ run, head }: AssignmentRow, { round, stateHash }: { round: number; stateHash: Uint8Array }): Promise<boolean> {
    const fleet = this.loops.find(run)?.fleet;
    if (fleet?.round === round) return fleet.matches(stateHash);
    if (round > Math.max(head, fleet?.round ?? 0)) return false;
    const ours = round === 0 ? await this.initialHash(run) : await this.commits.findStateHash(run, round - 1);
    return ours !== null && equalBytes(ours, stateHash);
  }

  private async initialHash(run: number): Promise<Uint8Array> {
    const signed = await this.runs.findManifest(run);
    if (signed === null) throw new InvariantError(`run ${run} has assignments but no manifest`);
    const verified = verifyManifest(signed);
    const { branch } = verified.manifest;
    return branch === null ? new FleetState(verified).stateHash : fromHex(branch.stateHash);
  }

  private requireChange({ state: from }: AssignmentRow, to: AssignmentRow['state']): void {
    if (from !== to) requireTransition(assignmentTransitions, from, to);
  }

  private async require(run: number, device: string): Promise<AssignmentRow> {
    const assignment = await this.repository.find(run, device);
    if (assignment === null) throw new FleetError('run.unknown', { field: 'run', problem: `This device has no part in a run ${run}.` });
    return assignment;
  }
}

/** How a run is over for a device at `round`; null while there is something left for it. A completed run leaves the commits up to its head. */
function endFor({ runState, head, round }: { runState: AssignmentRow['runState']; head: number; round: number | undefined }): MessageOf<'run:ended'>['state'] | null {
  if (runState === 'failed' || runState === 'cancelled') return runState;
  return runState === 'completed' && round === head ? runState : null;
}
