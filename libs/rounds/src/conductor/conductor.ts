import { InvariantError } from '@seedfleet/errors';
import { type Pile, pileOf } from '../pile.js';
import { type Roster, rosterOf } from '../roster.js';
import { type CohortSeat } from './conductor-effect.js';
import { type EvaluationSums } from './conductor-input.js';
import { type Canary } from './canary.js';
import { type RoundPolicy } from './round-policy.js';
import { judgeProgress, noProgress, type Evaluated, type Progress, type Verdict } from './stop-conditions.js';

/** A connected device that is prepared in this run. */
export interface Member {
  device: string;
  /** commits that it has applied, as far as we know; -1 once it said or showed that its state is not the fleet's */
  round: number;
  trainExamples: number;
  heldOutExamples: number;
  /** it declined: not asked again before this time */
  restsUntilMs: number;
}

/** One device of an open round's cohort. */
export interface Seat extends CohortSeat {
  /** `asked` may still report; `gone` departed or never answered; `out` declined or turned out stale. Who reported stands in `reports`. */
  standing: 'asked' | 'gone' | 'out';
}

/** A report that is saved or about to be: from here on it counts. */
export interface CountedReport extends CohortSeat {
  examples: number;
  differences: Float32Array;
}

/** What the conductor is waiting for. Each wait is listed with its bound in docs/rounds.md. */
export type ConductorPhase =
  | { type: 'idle'; recovered?: { seats: Roster<Seat>; reports: Pile<CountedReport> } }
  /** nothing is open and nothing waits: only inside a step, which then decides what follows (`breath`: after a while) */
  | { type: 'between'; breath: boolean }
  /** for eligible devices, or (`breath`) for a while after an abandoned attempt, whoever arrives; `tries` lengthens the next wait */
  | { type: 'waiting'; breath: boolean; retryAtMs: number; tries: number }
  /** `outstanding`: seats that are asked and have not reported, counted along: a walk over them at every report would be quadratic */
  | { type: 'collecting'; deadlineAtMs: number; seats: Roster<Seat>; reports: Pile<CountedReport>; outstanding: number }
  | { type: 'committing' }
  | { type: 'evaluating'; deadlineAtMs: number; asked: Roster<{ device: string }>; reports: Roster<{ device: string } & EvaluationSums> }
  | { type: 'paused' }
  | { type: 'ended'; state: 'completed' | 'failed' | 'cancelled'; cause: string };

/** All that the conductor of one run knows: plain data that structured clone copies. */
export interface Conductor {
  run: number;
  policy: RoundPolicy;
  queries: number;
  groups: number;
  /** commits so far, which is the number of the open or next round */
  round: number;
  /** abandoned attempts at this round, which is the number of the open or next attempt */
  attempt: number;
  /** round whose evaluation is done with, or null */
  evaluatedRound: number | null;
  /** length of the day that owners' budgets count in; a simulation has shorter ones */
  dayMs: number;
  /** what the stop conditions know of the evaluations so far */
  progress: Progress;
  /** how the run ends by them, as soon as nothing is open */
  verdict: Verdict | null;
  phase: ConductorPhase;
  /** asked for while something had to run to its end first */
  wish: { type: 'pause' } | { type: 'stop'; cause: string } | null;
  members: Roster<Member>;
  /** devices that are not asked, members or not: they left the group that the run follows */
  aside: Roster<{ device: string }>;
  /** first rounds on few devices, if it has such */
  canary: Canary | null;
  /** differences that devices reported so far: what a budget counts */
  scalars: number;
  /** when the run was started first: what a budget of time counts from */
  startedAtMs: number;
  /** when it last opened a round, 0 before the first: of runs that share devices, the earlier is served first */
  turnAtMs: number;
  /** the attempt that was decided last: a report of it that comes again is answered as the first was */
  decided: { round: number; attempt: number; reports: Pile<CountedReport> } | null;
}

/** A run as the database knows it when a process takes it over. */
export interface RecordedRun {
  run: number;
  policy: RoundPolicy;
  queries: number;
  groups: number;
  /** commits so far */
  round: number;
  /** abandoned attempts at the next round (the attempt of `open`, if one is open) */
  attempt: number;
  /** round of the newest saved evaluation */
  evaluatedRound?: number | null;
  /** default: 24 hours */
  dayMs?: number;
  /** members that are not asked */
  aside?: readonly string[];
  canary?: Canary | null;
  /** differences in all recorded reports */
  scalars?: number;
  /** first start; default: the epoch, where no budget of time runs out */
  startedAtMs?: number;
  /** all saved evaluations, in the order of their rounds; only stop conditions need them */
  evaluations?: readonly Evaluated[];
  /** opened, saved, and neither committed nor abandoned; its cohort gets a whole deadline again, for nobody listened meanwhile */
  open?: { round: number; attempt: number; cohort: readonly CohortSeat[]; reports: readonly CountedReport[] } | undefined;
}

/**
 * The conductor of one run before its first input, which is `start` (or `pause`, for a run that is recorded as paused).
 * With `open` it goes on at that round and attempt: recorded reports count, and devices of the cohort that arrive are asked again.
 * @throws InvariantError if `open` is not the attempt that `round` and `attempt` name
 */
export function createConductor({ run, policy, queries, groups, round, attempt, evaluatedRound = null, evaluations = [], dayMs = 86_400_000, aside = [], canary = null, scalars = 0, startedAtMs = 0, open }: RecordedRun): Conductor {
  if (open !== undefined && (open.round !== round || open.attempt !== attempt)) {
    throw new InvariantError(`run ${run} stands at round ${round}, attempt ${attempt}, but round ${open.round}, attempt ${open.attempt} is recorded as open`);
  }
  let judged: { progress: Progress; verdict: Verdict | null } = { progress: noProgress, verdict: null };
  for (const evaluated of evaluations) judged = judgeProgress(judged.progress, evaluated, policy.stop ?? {});
  return {
    ...judged, dayMs, run, policy, queries, groups, round, attempt, evaluatedRound, wish: null, members: [], decided: null, canary, scalars, startedAtMs, turnAtMs: 0,
    aside: rosterOf(aside.map((device) => ({ device }))),
    phase: open === undefined ? { type: 'idle' } : {
      type: 'idle',
      recovered: {
        seats: rosterOf(open.cohort.map(({ device, group }) => ({ device, group, standing: 'asked' as const }))),
        reports: pileOf(open.reports),
      },
    },
  };
}
