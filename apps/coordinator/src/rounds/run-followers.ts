import { Injectable } from '@nestjs/common';
import { deriveSeeds } from '@seedfleet/numerics';
import { limits } from '@seedfleet/protocol';
import { Logger } from '../app/logger.js';
import { Clock } from '../app/surroundings.js';
import { ReplicaNews } from '../replicas/replica-news.js';
import { Announcer, type AnswerTo } from './announcer.js';
import { CommitRepository } from './commit.repository.js';
import { FollowedRunRepository, type RunStanding } from './followed-run.repository.js';
import { type RunInput } from './run-input.js';
import { RunInputs } from './run-inputs.js';
import { RunLoops } from './run-loops.js';

/** A device that is connected here and prepared in a run. */
interface LocalMember {
  round: number;
  /** it had the state of the head when it said so; it has got every commit since */
  atHead: boolean;
  trainExamples: number;
  heldOutExamples: number;
  /** attempt that it was asked for from here */
  asked: string | null;
  /** commits after which it was asked for an evaluation */
  evaluated: number | null;
}

interface FollowedRun {
  members: Map<string, LocalMember>;
  /** commits that its members here have got */
  told: number;
  /** of the leader that knows its members; null: none does yet */
  token: number | null;
  /** the last commit is on its way to the members here: no start overtakes it */
  passing: Promise<void>;
  /** attempt that was found open here, and when */
  found: { attempt: string; atMs: number } | null;
}

const ended: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);
const page = { countMax: 100, bytesMax: 1_048_576 };

/**
 * The part of the devices that are connected here in runs, whichever replica leads them: they get every commit in order, are asked for every
 * attempt whose cohort they are in, and a new leader hears of them. News make it quick; without them the database is looked at once a second.
 */
@Injectable()
export class RunFollowers {
  private readonly runs = new Map<number, FollowedRun>();
  private lettingGo = false;
  private readonly looking = new Map<number, { now: Promise<void>; again: boolean }>();

  constructor(
    private readonly repository: FollowedRunRepository, private readonly commits: CommitRepository, private readonly inputs: RunInputs,
    private readonly loops: RunLoops, private readonly announcer: Announcer, news: ReplicaNews, private readonly clock: Clock, private readonly logger: Logger,
  ) {
    news.on('commit', ({ run, round, commit }) => this.hearCommit(run, { round, commit }));
    news.on('opened', ({ run }) => void this.look(run));
    news.on('led', ({ run }) => void this.look(run));
    news.on('ended', ({ type: _type, ...message }) => {
      this.forget(message.run);
      void this.announcer.passEndOn(message);
    });
  }

  /** A device said that it is prepared. @param head commits of the run when its state was looked at */
  async arrive(run: number, device: string, { head, stateMatches, ...state }: { head: number; round: number; stateMatches: boolean; trainExamples: number; heldOutExamples: number }): Promise<void> {
    const followed = this.runs.get(run) ?? { members: new Map<string, LocalMember>(), told: head, token: null, passing: Promise.resolve(), found: null };
    this.runs.set(run, followed);
    const member: LocalMember = { ...state, atHead: stateMatches && state.round >= head, asked: null, evaluated: null };
    if (stateMatches) followed.members.set(device, member);
    else followed.members.delete(device);
    await this.inputs.tell(run, arrivalOf(device, member, stateMatches));
    void this.look(run);
  }

  /** This replica stops: its devices are on their way to others, and a round that waits for them goes on waiting. */
  letGo(): void {
    this.lettingGo = true;
  }

  /** A device is gone from here, or has left one run. */
  depart(device: string, run?: number): void {
    for (const [id, { members }] of this.runs) {
      if ((run !== undefined && run !== id) || !members.delete(device)) continue;
      if (!this.lettingGo || run !== undefined) this.tell(id, { type: 'departure', device });
      if (members.size === 0) this.forget(id);
    }
  }

  /** Looks at every run that has members here. */
  async lookAtAll(): Promise<void> {
    for (const standing of await this.repository.look([...this.runs.keys()])) void this.look(standing.id, standing);
  }

  /** One look at a run after the other; one that is asked for while another goes on comes after it. */
  look(run: number, standing?: RunStanding): Promise<void> {
    const going = this.looking.get(run);
    if (going !== undefined) {
      going.again = true;
      return going.now;
    }
    if (!this.runs.has(run)) return Promise.resolve();
    const entry = { now: Promise.resolve(), again: false };
    entry.now = this.lookNow(run, standing).catch((error: unknown) => this.logger.failure('run.not-followed', error, { run })).finally(() => {
      this.looking.delete(run);
      if (entry.again) void this.look(run);
    });
    this.looking.set(run, entry);
    return entry.now;
  }

  private async lookNow(run: number, seen?: RunStanding): Promise<void> {
    const [standing] = seen === undefined ? await this.repository.look([run]) : [seen];
    const followed = this.runs.get(run);
    if (standing === undefined || followed === undefined) return;
    if (ended.has(standing.state)) {
      this.forget(run);
      await this.announcer.passEndOn({ run, state: standing.state as 'completed', cause: standing.cause ?? standing.state });
      return;
    }
    if (followed.token !== standing.fencingToken) {
      followed.token = standing.fencingToken;
      for (const [device, member] of followed.members) this.tell(run, arrivalOf(device, member, true));
    }
    const loop = this.loops.find(run);
    if (loop !== undefined) {
      followed.told = loop.fleet.round; // the loop speaks to its own devices
      return;
    }
    await this.passCommitsOn(run, followed, standing.round);
    await followed.passing;
    if (standing.evaluating) await this.evaluate(followed, { run, round: standing.round });
    if (standing.openAttempt !== null) await this.ask(followed, { run, round: standing.round, attempt: standing.openAttempt });
  }

  private async passCommitsOn(run: number, followed: FollowedRun, head: number): Promise<void> {
    while (followed.told < head) {
      const from = followed.told;
      const commits = await this.commits.tail({ run, from, ...page, countMax: Math.min(page.countMax, head - from) });
      if (commits.length === 0) return;
      for (const [index, commit] of commits.entries()) {
        if (followed.told !== from + index) continue; // heard meanwhile
        followed.told++;
        followed.passing = this.announcer.passCommitOn(run, commit);
        await followed.passing;
      }
    }
  }

  /** Asks the members here that are in the cohort and were not asked yet. The one that asks for seeds derives them as the leader does. */
  private async ask(followed: FollowedRun, key: { run: number; round: number; attempt: number }): Promise<void> {
    const { run, round, attempt } = key;
    const name = `${round}/${attempt}`;
    const waiting = [...followed.members].filter(([, { atHead, asked }]) => atHead && asked !== name).map(([device]) => device);
    if (waiting.length === 0) return;
    const cohort = await this.repository.cohort(key);
    const chosen = waiting.filter((device) => cohort.has(device));
    for (const device of waiting) if (!cohort.has(device)) this.markAsked(followed, device, name);
    if (chosen.length === 0) return;
    const { manifest, hash } = await this.repository.manifest(run);
    const { previousHash } = await this.repository.head(run, round);
    const reported = await this.repository.reported(key, chosen);
    const nowMs = this.clock.nowMs();
    if (followed.found?.attempt !== name) followed.found = { attempt: name, atMs: nowMs };
    const deadlineMs = Math.max(1, Math.min(limits.deadlineMsMax, manifest.policy.deadlineMs - (nowMs - followed.found.atMs)));
    for (const device of chosen) {
      const member = followed.members.get(device);
      if (member === undefined || member.asked === name) continue;
      member.asked = name;
      if (reported.has(device)) continue;
      const group = cohort.get(device) ?? 0;
      const seeds = deriveSeeds({ manifestHash: hash, previousHash, attempt, groups: [group], queries: manifest.estimator.queries });
      void this.announcer.start(device, { run, round, attempt, group, seeds, deadlineMs }).then((answer) => this.answered(key, { device, member, answer }));
    }
  }

  private markAsked({ members }: FollowedRun, device: string, attempt: string): void {
    const member = members.get(device);
    if (member !== undefined) member.asked = attempt;
  }

  private answered({ run, round, attempt }: { run: number; round: number; attempt: number }, { device, member, answer }: { device: string; member: LocalMember; answer: AnswerTo<'round:start'> }): void {
    if (answer === 'offline') return; // its departure is told by whoever saw it
    if (answer !== 'unanswered' && answer.ok && answer.accepted) return this.tell(run, { type: 'accept', device, round, attempt });
    const reason = answer === 'unanswered' ? answer : (answer.ok ? answer.reason : undefined) ?? 'busy';
    // Until it says that it has caught up.
    if (reason === 'state-mismatch') member.atHead = false;
    this.tell(run, { type: 'decline', device, round, attempt, reason });
  }

  private async evaluate({ members }: FollowedRun, { run, round }: { run: number; round: number }): Promise<void> {
    const { manifest: { policy: { deadlineMs } } } = await this.repository.manifest(run);
    for (const [device, member] of members) {
      if (!member.atHead || member.heldOutExamples === 0 || member.evaluated === round) continue;
      member.evaluated = round;
      void this.announcer.startEvaluation(device, { run, round, deadlineMs }).then((answer) => {
        if (answer === 'offline' || (answer !== 'unanswered' && answer.ok && answer.accepted)) return;
        this.tell(run, { type: 'evaluation-decline', device, round });
      });
    }
  }

  /** The next commit goes on at once; one after a gap shows that news were lost. */
  private hearCommit(run: number, { round, commit }: { round: number; commit: Uint8Array }): void {
    const followed = this.runs.get(run);
    if (followed !== undefined && followed.told > round) return;
    if (followed !== undefined && followed.told < round) return void this.look(run);
    // Devices that are not prepared yet hear it, too.
    const passing = this.announcer.passCommitOn(run, commit);
    if (followed !== undefined) Object.assign(followed, { told: round + 1, passing });
  }

  private forget(run: number): void {
    this.runs.delete(run);
    this.repository.forget(run);
  }

  /** What cannot be told now is told to the next leader, or found out by its deadline. */
  private tell(run: number, input: RunInput): void {
    this.inputs.tell(run, input).catch((error: unknown) => this.logger.failure('run.not-told', error, { run, input: input.type }));
  }
}

function arrivalOf(device: string, { round, atHead, trainExamples, heldOutExamples }: LocalMember, stateMatches: boolean): RunInput {
  return { type: 'arrival', device, round, stateMatches, atHead, trainExamples, heldOutExamples };
}
