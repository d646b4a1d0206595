import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '@seedfleet/example-sentiment';
import { DebianPostgres } from '../postgres/debian-postgres.js';
import { ToyFleet } from '../toy/toy-fleet.js';
import { CutProxy } from './cut-proxy.js';
import { faults, possibleFaults, type Victims } from './faults.js';
import { MovedClocks } from './moved-clocks.js';
import { SmallDisk } from './small-disk.js';
import { Witness } from './witness.js';

const workers = 3;
/** Enough for what a run of some minutes writes. */
const diskMegabytes = { coordinator: 256, postgres: 512, worker: 32 };
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

/** Harms one fleet on one database `kills` times, or until the time is up, and counts what must not happen. */
export async function chaosRun({ database, kills, endsAtMs, random, say, only }: {
  database: 'embedded' | 'postgresql'; kills: number; endsAtMs: number; random: () => number; say: (line: string) => void;
  /** names of faults; null: all that are possible */
  only: readonly string[] | null;
}): Promise<ChaosOutcome> {
  const disks = new Map<string, SmallDisk>();
  const mayMount = await SmallDisk.possible();
  const smallDisk = async (name: string, folder: string) => {
    if (mayMount) disks.set(name, await SmallDisk.mount(folder, { megabytes: diskMegabytes[name === 'coordinator' || name === 'postgres' ? name : 'worker'] }));
  };
  const clockFolder = await mkdtemp(join(tmpdir(), 'seedfleet-clocks-'));
  const clocks = await MovedClocks.in(clockFolder);
  const postgres = database === 'postgresql' ? await DebianPostgres.start({ prepare: (folder) => smallDisk('postgres', folder) }) : null;
  let proxy: CutProxy | null = null;
  const fleet = await ToyFleet.start(workers, {
    ...(postgres === null ? {} : { postgres }),
    doorOf: async (port) => (proxy = await CutProxy.listen(port)).url,
    prepareHome: smallDisk, ...(clocks === null ? {} : { environmentOf: (name) => clocks.environmentOf(name) }),
  }).catch(async (error: unknown) => {
    await postgres?.kill();
    for (const disk of disks.values()) disk.unmount();
    await postgres?.remove();
    throw error;
  });
  let keptPromises = false;
  try {
    if (proxy === null) throw new Error('The fleet was started without its proxy.');
    const outcome = await harm({ fleet, proxy, postgres, disks, clocks, random }, { kills, endsAtMs, only, say: (line) => say(`${database}: ${line}`) });
    keptPromises = [outcome.lost, outcome.forks, outcome.stuck, outcome.unexpectedExits].every((broken) => broken.length === 0);
    return outcome;
  } finally {
    await fleet.stop();
    await postgres?.kill();
    // The logs of a broken promise are what it can be understood from.
    if (!keptPromises) {
      for (const { folder } of disks.values()) await cp(folder, `${folder}.kept`, { recursive: true });
      say(`${database}: logs and homes are left in ${fleet.folder}`);
    }
    for (const disk of disks.values()) disk.unmount();
    if (keptPromises) await fleet.remove();
    await (proxy as CutProxy | null)?.close();
    await postgres?.remove();
    await rm(clockFolder, { recursive: true, force: true });
  }
}

async function harm(victims: Victims, { kills, endsAtMs, say, only }: { kills: number; endsAtMs: number; say: (line: string) => void; only: readonly string[] | null }): Promise<ChaosOutcome> {
  const { fleet, random } = victims;
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
    outcome.unexpectedExits.push(...endedProcesses(fleet));
    if (outcome.unexpectedExits.length > 0) break;
    if (bag.length === 0) bag = [...possible];
    const [name = 'coordinator'] = bag.splice(Math.floor(random() * bag.length), 1);
    const repairedAt = await (faults[name] as (typeof faults)[string]).perform(victims);
    outcome.kills++;
    try {
      await wholeRound(fleet, run);
      const resumeMs = performance.now() - repairedAt;
      outcome.resumesMs.push({ fault: name, resumeMs });
      outcome.rounds = await witness.look();
      say(`${outcome.kills}/${kills} ${name}, a whole round after ${Math.round(resumeMs)} ms, ${outcome.rounds} commits`);
    } catch (error) {
      outcome.stuck.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (outcome.stuck.length === 0) await endTogether(fleet, run, outcome);
  await fleet.stop();
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

function endedProcesses(fleet: ToyFleet): string[] {
  return [fleet.coordinator, ...fleet.workers].filter((process) => !process.running()).map(({ logPath }) => logPath);
}
