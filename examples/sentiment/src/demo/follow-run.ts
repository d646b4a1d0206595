import { type Run } from '@seedfleet/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../fleet/wait-until.js';
import { type Worker } from '../fleet/worker.js';
import { type DemoFleet } from './demo-fleet.js';
import { progressView } from './progress.js';
import { type SocketTraffic } from './socket-traffic.js';

const pollMs = 500;
/** A run that commits nothing for so long is stuck. */
const stillMsMax = 90_000;
const replayTimeoutMs = 60_000;

/** Shows the run until it has ended. @throws Error if it failed, was cancelled, or stands still */
export async function followRun({ fleet, devices, id, rounds, traffic }: { fleet: DemoFleet; devices: readonly Worker[]; id: number; rounds: number; traffic: SocketTraffic }): Promise<Run> {
  const { client } = fleet.coordinator;
  const view = progressView({ rounds, stream: process.stdout });
  let lossBefore: number | null = null;
  let moved = { round: -1, at: Date.now() };
  try {
    for (;;) {
      const run = await client.call('showRun', { params: { id } });
      const connected = await noteTraffic(devices, traffic);
      const evaluation = run.lastEvaluation;
      if (evaluation?.round === 0) lossBefore = evaluation.loss;
      const lossChange = evaluation === null || evaluation.round === 0 || lossBefore === null ? null : evaluation.loss - lossBefore;
      view.show({ round: run.round, lossChange, accuracy: evaluation?.accuracy ?? null, bytes: traffic.total(), devices: connected });
      if (run.state === 'completed') return run;
      if (run.state === 'failed' || run.state === 'cancelled') throw new Error(`The run ended early (${run.state}): ${run.cause ?? 'no cause was given'}.`);
      if (run.round !== moved.round) moved = { round: run.round, at: Date.now() };
      if (Date.now() - moved.at > stillMsMax) throw new Error(`The run has stood at round ${run.round} for ${stillMsMax / 1_000} s.`);
      await sleep(pollMs);
    }
  } finally {
    view.end();
  }
}

/** @returns how many of the workers are connected */
async function noteTraffic(workers: readonly Worker[], traffic: SocketTraffic): Promise<number> {
  const statuses = await Promise.all(workers.map((worker) => worker.status()));
  for (const status of statuses) if (status !== null) traffic.note(status);
  return statuses.filter((status) => status?.state === 'connected').length;
}

/** Waits until a worker has replayed the whole run, and says whether its state is the fleet's. */
export async function reaches(worker: Worker, run: Run, traffic?: SocketTraffic): Promise<boolean> {
  const own = await waitUntil({ what: `${worker.home} to replay ${run.round} rounds`, timeoutMs: replayTimeoutMs }, async () => {
    const status = await worker.status();
    if (status !== null) traffic?.note(status);
    return status?.runs.find((of) => of.run === run.id && of.round === run.round);
  });
  return own.stateHash === run.stateHash;
}

/** When the first and the last commit were made, milliseconds since 1970, by the clock of the coordinator: the same machine's. */
export async function boundsOfRun(fleet: DemoFleet, run: Run): Promise<{ first: number; last: number }> {
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { items: { state: string; endedAt: string | null }[]; next: string | null } =
      await fleet.coordinator.client.call('listRounds', { params: { id: run.id }, query: { limit: 500, ...(cursor === '' ? {} : { cursor }) } });
    for (const { state, endedAt } of page.items) {
      if (state !== 'committed' || endedAt === null) continue;
      first = Math.min(first, Date.parse(endedAt));
      last = Math.max(last, Date.parse(endedAt));
    }
    cursor = page.next;
  }
  return { first, last };
}

/** Largest memory of these workers so far, megabytes. */
export async function peakOf(workers: readonly Worker[]): Promise<number | null> {
  const peaks = await Promise.all(workers.flatMap((worker) => [worker.peakMegabytes(), worker.status().then((status) => status?.peakMegabytes ?? null)]));
  const known = peaks.filter((peak) => peak !== null);
  return known.length === 0 ? null : Math.max(...known);
}

export const seconds = (milliseconds: number): number => Math.round(milliseconds / 10) / 100;
