import { FleetError } from '@seedfleet/errors';
import { routes, type Evaluation, type RoundRow, type Run, type RunState } from '@seedfleet/protocol';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';

/** Looks in a row that may find no coordinator: it may be starting again. */
const missedLooksMax = 30;

const ended: readonly RunState[] = ['completed', 'failed', 'cancelled'];

/** What happened in a run, in the order in which the watcher learned of it. */
export type WatchLine =
  | { type: 'state'; run: number; state: RunState; round: number; roundsMax: number; cause: string | null }
  | ({ type: 'round'; run: number } & RoundRow)
  | ({ type: 'evaluation'; run: number } & Evaluation);

export interface Watch {
  client: CoordinatorClient;
  id: number;
  intervalMs: number;
  /** null: as long as it takes */
  timeoutMs: number | null;
  sleep(milliseconds: number): Promise<void>;
  nowMs(): number;
  show(line: WatchLine): void;
}

/**
 * Follows a run until it has ended: every ended round once, in order, every evaluation once, every change of state. A coordinator that is
 * starting again is waited for.
 * @throws FleetError what the coordinator answered; `coordinator.unreachable` once it was away for long; `wait.timed-out`
 */
export async function watchRun(watch: Watch): Promise<Run> {
  const seen: Seen = { rounds: new Set(), evaluations: new Set(), state: undefined };
  let missedLooks = 0;
  const endMs = watch.timeoutMs === null ? Infinity : watch.nowMs() + watch.timeoutMs;
  for (;;) {
    try {
      const run = await look(watch, seen);
      if (ended.includes(run.state)) return run;
      missedLooks = 0;
    } catch (error) {
      if (!(error instanceof FleetError && error.code === 'coordinator.unreachable') || ++missedLooks === missedLooksMax) throw error;
    }
    const leftMs = endMs - watch.nowMs();
    if (leftMs <= 0) throw new FleetError('wait.timed-out', { problem: `Run ${watch.id} is ${seen.state ?? 'not heard of'} after ${(watch.timeoutMs ?? 0) / 1_000} seconds; it goes on.` });
    await watch.sleep(Math.min(watch.intervalMs, leftMs));
  }
}

/** What was shown already. */
interface Seen { rounds: Set<string>; evaluations: Set<number>; state: RunState | undefined }

async function look({ client, id, show }: Watch, seen: Seen): Promise<Run> {
  // The run first: what it had when it ended is then in the lists that follow.
  const run = await client.json(routes.showRun, { params: { id } });
  const rounds = await newRounds(client, { id, shown: seen.rounds });
  const { items } = await client.json(routes.listEvaluations, { params: { id } });
  for (const round of rounds) {
    seen.rounds.add(keyOf(round));
    show({ type: 'round', run: id, ...round });
  }
  for (const evaluation of items.filter(({ round }) => !seen.evaluations.has(round))) {
    seen.evaluations.add(evaluation.round);
    show({ type: 'evaluation', run: id, ...evaluation });
  }
  if (run.state !== seen.state) {
    seen.state = run.state;
    show({ type: 'state', run: id, state: run.state, round: run.round, roundsMax: run.roundsMax, cause: run.cause });
  }
  return run;
}

const keyOf = ({ round, attempt }: RoundRow) => `${round}/${attempt}`;

/** Ended rounds that were not shown, oldest first. The list is newest first: it is read back to the first page that brings nothing new. */
async function newRounds(client: CoordinatorClient, { id, shown }: { id: number; shown: Set<string> }): Promise<RoundRow[]> {
  const found: RoundRow[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.json(routes.listRounds, { params: { id }, query: { cursor } });
    const fresh = page.items.filter((round) => round.endedAt !== null && !shown.has(keyOf(round)));
    found.push(...fresh);
    cursor = fresh.length === 0 ? undefined : page.next ?? undefined;
  } while (cursor !== undefined);
  return found.reverse();
}

/** One line for people. */
export function watchText(line: WatchLine): string {
  if (line.type === 'state') return `run ${line.run} is ${line.state} at round ${line.round} of ${line.roundsMax}${line.cause === null ? '' : `: ${line.cause}`}`;
  if (line.type === 'evaluation') return `evaluation after ${line.round} rounds: accuracy ${line.accuracy.toFixed(4)}${line.perplexity === null ? '' : `, perplexity ${line.perplexity.toFixed(2)}`}${line.macroF1 === null ? '' : `, macro F1 ${line.macroF1.toFixed(4)}`}, loss ${line.loss.toFixed(4)} (${line.count} examples, ${line.devices} devices)`;
  const reports = `${line.reported} of ${line.selected} devices reported`;
  if (line.state === 'abandoned') return `round ${line.round}, attempt ${line.attempt}: abandoned (${line.cause ?? 'no cause given'}), ${reports}`;
  return `round ${line.round}: ${line.state}, ${reports}, coefficients ${line.coefficientRms?.toExponential(2) ?? '-'}, state ${line.stateHash?.slice(0, 12) ?? '-'}`;
}
