import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '@seedfleet/example-sentiment';
import { type ToyFleet } from '../toy/toy-fleet.js';
import { faults, possibleFaults, type Victims } from './faults.js';
import { oneCoordinatorStage } from './one-coordinator-stage.js';
import { replicasStage } from './replicas-stage.js';
import { type Stage, type StageName } from './stage.js';
import { Witness } from './witness.js';

const workers = 3;
/** Longest peace between two faults. */
const peaceMaxMs = 800;
/** A run that commits no whole round within this after a repair is stuck: six deadlines of the toy run. */
const stuckAfterMs = 30_000;

export interface ChaosOutcome {
  kills: number;
  /** by fault, ms from the repair to the commit of the first round that began after it */
  resumesMs: { fault: string; resumeMs: number }[];
  rounds: number;
  acknowledged: number;
  lost: string[];
  forks: string[];
  stuck: string[];
  /** processes that ended though nobody killed them */
  unexpectedExits: string[];
}

/** Harms one fleet `kills` times, or until the time is up, and counts what must not happen. */
export async function chaosRun({ stage: name, kills, endsAtMs, random, say, only }: {
  stage: StageName; kills: number; endsAtMs: number; random: () => number; say: (line: string) => void;
  /** names of faults; null: all that are possible */
  only: readonly string[] | null;
}): Promise<ChaosOutcome> {
  const stage = await (name === 'replicas' ? replicasStage({ workers }) : oneCoordinatorStage({ database: name, workers }));
  let keptPromises = false;
  try {
    const outcome = await harm(stage, { kills, endsAtMs, random, only, say: (line) => say(`${name}: ${line}`) });
    keptPromises = [outcome.lost, outcome.forks, outcome.stuck, outcome.unexpectedExits].every((broken) => broken.length === 0);
    return outcome;
  } finally {
    // The logs of a broken promise are what it can be understood from.
    const folder = await stage.close({ keep: !keptPromises });
    if (!keptPromises) say(`${name}: logs and homes are left in ${folder}`);
  }
}

interface Orders {
  kills: number;
  endsAtMs: number;
  random: () => number;
  only: readonly string[] | null;
  say: (line: string) => void;
}

async function harm(stage: Stage, { kills, endsAtMs, random, only, say }: Orders): Promise<ChaosOutcome> {
  const victims: Victims = { ...stage.victims, random };
  const { fleet } = victims;
  const run = await fleet.startRun({ rounds: 1_000_000 });
  await fleet.reached(run, 3);
  const witness = new Witness(fleet, run);
  const outcome: ChaosOutcome = { kills: 0, resumesMs: [], rounds: 0, acknowledged: 0, lost: [], forks: witness.forks, stuck: [], unexpectedExits: [] };
  const possible = possibleFaults(victims).filter((name) => only === null || only.includes(name));
  say(`faults: ${possible.join(', ')}`);
  // From a bag that is filled again when it is empty: few kills, too, meet every fault.
  let bag: string[] = [];
  while (outcome.kills < kills && Date.now() < endsAtMs && outcome.stuck.length === 0) {
    await sleep(random() * peaceMaxMs);
    outcome.unexpectedExits.push(...endedProcesses(victims));
    if (outcome.unexpectedExits.length > 0) break;
    if (bag.length === 0) bag = [...possible];
    const [name = 'coordinator'] = bag.splice(Math.floor(random() * bag.length), 1);
    const repair = await (faults[name] as (typeof faults)[string]).perform(victims);
    const { at: repairedAt, rest } = typeof repair === 'number' ? { at: repair, rest: undefined } : repair;
    outcome.kills++;
    try {
      await wholeRound(fleet, run);
      const resumeMs = performance.now() - repairedAt;
      outcome.resumesMs.push({ fault: name, resumeMs });
      await rest;
      outcome.rounds = await witness.look();
      say(`${outcome.kills}/${kills} ${name}, a whole round after ${Math.round(resumeMs)} ms, ${outcome.rounds} commits`);
    } catch (error) {
      outcome.stuck.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (outcome.stuck.length === 0) await endTogether(fleet, run, outcome);
  await stage.stop();
  Object.assign(outcome, await witness.lostReports());
  return outcome;
}

/** Waits for a round that was opened and committed after now. A coordinator whose database is away answers with a failure: asked again. */
async function wholeRound(fleet: ToyFleet, run: number): Promise<void> {
  let base: number | null = null;
  await waitUntil({ what: 'a whole round after the repair', timeoutMs: stuckAfterMs, everyMs: 20 }, async () => {
    const view = await fleet.run(run).catch(() => null);
    if (view === null) return false;
    if (view.state !== 'running') throw new Error(`The run is ${view.state}: ${view.cause ?? 'no cause'}`);
    base ??= view.round;
    return view.round >= base + 2;
  });
}

/** Everybody catches up with the fleet, and holds the state of the log's end when the run is stopped. */
async function endTogether(fleet: ToyFleet, run: number, outcome: ChaosOutcome): Promise<void> {
  const reach = async (round: number): Promise<string[]> => Promise.all(fleet.workers.map((_, device) => fleet.workerReached(`device-${device}`, { run, round, timeoutMs: stuckAfterMs })));
  try {
    // Before the stop: a device that was not prepared when a run was cancelled leaves it where it is.
    await reach((await fleet.run(run)).round);
    await fleet.coordinator.client.call('stopRun', { params: { id: run } });
    const { round, stateHash } = await fleet.run(run);
    for (const held of await reach(round)) if (held !== stateHash) outcome.forks.push('a worker ended with another state');
  } catch (error) {
    outcome.stuck.push(`at the end: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function endedProcesses({ fleet, replicas }: Victims): string[] {
  return [...(replicas?.replicas ?? [fleet.coordinator]), ...fleet.workers].filter((process) => !process.running()).map(({ logPath }) => logPath);
}
