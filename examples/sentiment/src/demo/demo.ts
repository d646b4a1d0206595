import { type Run } from '@seedfleet/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFile } from 'node:fs/promises';
import { waitUntil } from '../fleet/wait-until.js';
import { type Worker } from '../fleet/worker.js';
import { type DemoFleet, startDemoFleet } from './demo-fleet.js';
import { makeFleetHome } from './fleet-home.js';
import { describeMachine } from './machine.js';
import { type DemoOptions } from './options.js';
import { progressView } from './progress.js';
import { type DemoReport, reportTable, shortcomings } from './report.js';
import { demoRun, roundsDefault } from './run-request.js';
import { SocketTraffic } from './socket-traffic.js';
import { watchFleet } from './watch.js';

const pollMs = 500;
/** A run that commits nothing for so long is stuck. */
const stillMsMax = 90_000;
const replayTimeoutMs = 60_000;

/** Runs the demo from an empty folder to the report. Resolves with the exit code; ends every process unless told to keep them. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const say = (line: string): void => { process.stdout.write(`${line}\n`); };
  const home = await makeFleetHome(options.home);
  say(`Everything that the fleet writes: ${home.folder}`);
  const startedAt = Date.now();
  const { fleet, model } = await startDemoFleet({ home, detached: options.keep, say });
  try {
    const report = await Promise.race([fleetReport({ fleet, model, options, startedAt, say }), fleet.broken]);
    say(reportTable(report));
    if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
    const problems = shortcomings(report, { fullLength: options.rounds >= roundsDefault });
    problems.forEach(say);
    if (options.watch) await watchFleet({ fleet, say });
    else if (options.keep) leave({ fleet, say });
    else {
      await fleet.stop();
      await home.discard();
    }
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    await fleet.stop();
    say(`The logs of all processes are in ${home.folder}.`);
    throw error;
  }
}

async function fleetReport({ fleet, model, options, startedAt, say }: { fleet: DemoFleet; model: string; options: DemoOptions; startedAt: number; say: (line: string) => void }): Promise<DemoReport> {
  const { client } = fleet.coordinator;
  // The worker that joins later is none of them.
  const devices = [...fleet.workers];
  const request = demoRun({ model, rounds: options.rounds, devices: devices.length });
  const { id } = await client.call('createRun', { body: request });
  say(`Run ${id}: ${request.adapter.sites} and a head, ${request.estimator.type}, ${request.estimator.queries} queries, ${options.rounds} rounds.`);
  const traffic = new SocketTraffic();
  const run = await followRun({ fleet, devices, id, rounds: options.rounds, traffic });
  if (run.stateHash === null) throw new Error('The run completed without a single commit.');
  const equal = await Promise.all(devices.map((worker) => reaches(worker, run, traffic)));

  say('A seventh worker, without data, joins and replays the log.');
  const [follower] = await fleet.addWorkers([{ name: 'late-joiner' }]);
  if (follower === undefined) throw new Error('The late joiner was not started.');
  const followerEqual = await reaches(follower, run);
  const catchUp = (await follower.status())?.catchUp ?? null;
  if (catchUp === null) throw new Error(`The late joiner did not say how it caught up: ${follower.logPath}`);
  const wallSeconds = seconds(Date.now() - startedAt);

  const evaluations = (await client.call('listEvaluations', { params: { id } })).items;
  const [before, after] = [evaluations.at(0), evaluations.at(-1)];
  if (before?.round !== 0 || after?.round !== run.round) throw new Error('The run was not evaluated before its first round and after its last.');
  const { first, last } = await boundsOfRun(fleet, run);
  return {
    accuracyBefore: before.accuracy, accuracyAfter: after.accuracy, heldOut: after.count, lossBefore: before.loss, lossAfter: after.loss,
    rounds: run.round, devices: devices.length, queries: request.estimator.queries, groups: request.estimator.groups, estimator: request.estimator.type,
    bytesPerRoundPerDevice: traffic.perRoundPerDevice(),
    stateHash: run.stateHash, stateHashesEqual: equal.every(Boolean),
    lateJoiner: { rounds: catchUp.rounds, bytes: catchUp.bytes, milliseconds: catchUp.milliseconds, stateHashEqual: followerEqual },
    wallSeconds,
    firstCommitSeconds: seconds(first - startedAt),
    secondsPerRound: seconds((last - first) / Math.max(1, run.round - 1)),
    coordinatorPeakMegabytes: await fleet.coordinator.peakMegabytes(),
    workerPeakMegabytes: await peakOf([...devices, follower]),
    machine: describeMachine(),
  };
}

/** Shows the run until it has ended. @throws Error if it failed, was cancelled, or stands still */
async function followRun({ fleet, devices, id, rounds, traffic }: { fleet: DemoFleet; devices: Worker[]; id: number; rounds: number; traffic: SocketTraffic }): Promise<Run> {
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
async function noteTraffic(workers: Worker[], traffic: SocketTraffic): Promise<number> {
  const statuses = await Promise.all(workers.map((worker) => worker.status()));
  for (const status of statuses) if (status !== null) traffic.note(status);
  return statuses.filter((status) => status?.state === 'connected').length;
}

/** Waits until a worker has replayed the whole run, and says whether its state is the fleet's. */
async function reaches(worker: Worker, run: Run, traffic?: SocketTraffic): Promise<boolean> {
  const own = await waitUntil({ what: `${worker.home} to replay ${run.round} rounds`, timeoutMs: replayTimeoutMs }, async () => {
    const status = await worker.status();
    if (status !== null) traffic?.note(status);
    return status?.runs.find((of) => of.run === run.id && of.round === run.round);
  });
  return own.stateHash === run.stateHash;
}

/** When the first and the last commit were made, milliseconds since 1970, by the clock of the coordinator: the same machine's. */
async function boundsOfRun(fleet: DemoFleet, run: Run): Promise<{ first: number; last: number }> {
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

async function peakOf(workers: Worker[]): Promise<number | null> {
  const peaks = await Promise.all(workers.flatMap((worker) => [worker.peakMegabytes(), worker.status().then((status) => status?.peakMegabytes ?? null)]));
  const known = peaks.filter((peak) => peak !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function leave({ fleet, say }: { fleet: DemoFleet; say: (line: string) => void }): void {
  const processes = [...fleet.workers, fleet.coordinator];
  for (const process of processes) process.letGo();
  say(`Still running: the coordinator at ${fleet.coordinator.url} (token: ${fleet.coordinator.home}/admin-token) and ${processes.length - 1} workers.`);
  say(`End them with: kill ${processes.map(({ pid }) => pid).join(' ')}`);
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 10) / 100;
