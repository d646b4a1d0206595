import { type AlertCondition, type RunState } from '@seedfleet/protocol';

export interface WatchedRun {
  id: number;
  name: string;
  state: RunState;
  cause: string | null;
  startedAt: Date | null;
  endedAt: Date | null;
  /** of the newest commit; null before the first */
  committedAt: Date | null;
  /** mean losses, oldest first, as many as the longest rule looks at and one */
  losses: readonly number[];
  /** newest first: devices asked, devices that reported */
  rounds: readonly { selected: number; reported: number }[];
  /** names of devices whose state differs from the fleet's */
  mismatched: readonly string[];
  /** largest share of its budget that is spent; null without one */
  spent: number | null;
}

export interface WatchedDevice { id: string; name: string; connected: boolean; lastSeenAt: Date | null; enrolledAt: Date; workerVersion: string | null; clonedAt: Date | null }

/** What the rules look at, read at one moment. */
export interface FleetFacts { now: Date; version: string; runs: readonly WatchedRun[]; devices: readonly WatchedDevice[] }

/** Something that a rule holds of now. One alert a rule and subject. */
export interface Firing { subject: string; summary: string }

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** What a rule's condition holds of. Pure: the time comes with the facts. */
export function firingOf(condition: AlertCondition, facts: FleetFacts): Firing[] {
  const nowMs = facts.now.getTime();
  const running = facts.runs.filter(({ state }) => state === 'running');
  const of = (runs: readonly WatchedRun[], summaryOf: (run: WatchedRun) => string | null): Firing[] => runs.flatMap((run) => {
    const summary = summaryOf(run);
    return summary === null ? [] : [{ subject: `run ${run.id}`, summary: `Run ${run.id} (${run.name}) ${summary}` }];
  });
  switch (condition.type) {
    case 'round-stalled': return of(running, ({ committedAt, startedAt }) => {
      const since = committedAt ?? startedAt;
      return since !== null && nowMs - since.getTime() > condition.minutes * minuteMs ? `has committed nothing since ${since.toISOString()}.` : null;
    });
    case 'loss-rising': return of(running, ({ losses }) => (risesAtTheEnd(losses, condition.evaluations) ? `has a loss that rose in each of its last ${condition.evaluations} evaluations, to ${losses.at(-1)?.toPrecision(4)}.` : null));
    case 'participation-low': return of(running, ({ rounds }) => {
      const last = rounds.slice(0, condition.rounds);
      const selected = last.reduce((sum, round) => sum + round.selected, 0);
      const reported = last.reduce((sum, round) => sum + round.reported, 0);
      return last.length === condition.rounds && selected > 0 && reported / selected < condition.share ? `had reports from ${reported} of ${selected} devices asked in its last ${condition.rounds} rounds.` : null;
    });
    case 'run-failed': return of(facts.runs.filter(({ state, endedAt }) => state === 'failed' && endedAt !== null && nowMs - endedAt.getTime() < dayMs), ({ cause }) => `failed: ${cause ?? 'no cause is known'}.`);
    case 'state-mismatch': return of(running, ({ mismatched }) => (mismatched.length === 0 ? null : `has ${mismatched.length} ${mismatched.length === 1 ? 'device' : 'devices'} in another state than the fleet: ${mismatched.slice(0, 5).join(', ')}.`));
    case 'budget': return of(running, ({ spent }) => (spent !== null && spent > condition.share ? `has spent ${(spent * 100).toFixed(0)} % of its budget.` : null));
    case 'device-gone': return facts.devices.flatMap(({ id, name, connected, lastSeenAt, enrolledAt }) => {
      const since = lastSeenAt ?? enrolledAt;
      return !connected && nowMs - since.getTime() > condition.hours * hourMs ? [{ subject: id, summary: `Device ${name} was last seen ${since.toISOString()}.` }] : [];
    });
    case 'version-skew': return facts.devices.flatMap(({ id, name, connected, workerVersion }) => (connected && workerVersion !== null && workerVersion !== facts.version
      ? [{ subject: id, summary: `Device ${name} runs worker ${workerVersion}, this coordinator is ${facts.version}.` }] : []));
    case 'device-cloned': return facts.devices.flatMap(({ id, name, clonedAt }) => (clonedAt !== null && nowMs - clonedAt.getTime() < hourMs
      ? [{ subject: id, summary: `Two processes take turns with the key of device ${name}, last seen ${clonedAt.toISOString()}: somebody has a copy of it.` }] : []));
  }
}

function risesAtTheEnd(losses: readonly number[], times: number): boolean {
  const last = losses.slice(-times - 1);
  return last.length === times + 1 && last.every((loss, i) => i === 0 || loss > (last[i - 1] ?? Infinity));
}

export interface OpenAlert { id: string; subject: string }

/** What a rule's alerts become: those that begin, and the open ones that are over. */
export function changesOf(firing: readonly Firing[], open: readonly OpenAlert[]): { begun: Firing[]; over: OpenAlert[] } {
  const now = new Set(firing.map(({ subject }) => subject));
  const before = new Set(open.map(({ subject }) => subject));
  return { begun: firing.filter(({ subject }) => !before.has(subject)), over: open.filter(({ subject }) => !now.has(subject)) };
}

/** Waits before the next try of a delivery, in milliseconds: doubling from 5 s to an hour; null after a day of tries. */
export function retryAfterMs(attempts: number): number | null {
  return attempts > 30 ? null : Math.min(hourMs, 5_000 * 2 ** Math.min(attempts - 1, 20));
}
