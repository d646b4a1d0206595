import { writeFile } from 'node:fs/promises';
import { type DemoFleet, startDemoFleet } from './demo-fleet.js';
import { makeFleetHome } from './fleet-home.js';
import { boundsOfRun, followRun, peakOf, reaches, seconds } from './follow-run.js';
import { describeMachine } from './machine.js';
import { type DemoOptions } from './options.js';
import { type DemoReport, reportTable, shortcomings } from './report.js';
import { demoRun, roundsDefault } from './run-request.js';
import { SocketTraffic } from './socket-traffic.js';
import { watchFleet } from './watch.js';

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

function leave({ fleet, say }: { fleet: DemoFleet; say: (line: string) => void }): void {
  const processes = [...fleet.workers, fleet.coordinator];
  for (const process of processes) process.letGo();
  say(`Still running: the coordinator at ${fleet.coordinator.url} (token: ${fleet.coordinator.home}/admin-token) and ${processes.length - 1} workers.`);
  say(`End them with: kill ${processes.map(({ pid }) => pid).join(' ')}`);
}
