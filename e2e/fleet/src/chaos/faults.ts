import { setTimeout as sleep } from 'node:timers/promises';
import { type DebianPostgres } from '../postgres/debian-postgres.js';
import { type ToyFleet } from '../toy/toy-fleet.js';
import { type CutProxy } from './cut-proxy.js';

/** What a fault may do harm to. */
export interface Victims {
  fleet: ToyFleet;
  proxy: CutProxy;
  /** null: the database lives and dies with the coordinator */
  postgres: DebianPostgres | null;
  random: () => number;
}

/** Longest time that a database or a network stays away, milliseconds. */
const awayMaxMs = 2_000;

/** Kills, cuts, and starts again what it killed, as a supervisor does. @returns when the repair began, ms */
type Fault = (victims: Victims) => Promise<number>;

async function killWorkers({ fleet }: Victims, workers: ToyFleet['workers']): Promise<number> {
  const names = workers.map(({ home }) => home.slice(fleet.folder.length + 1));
  await Promise.all(workers.map((worker) => worker.kill('SIGKILL')));
  const repairedAt = performance.now();
  await Promise.all(names.map((name) => fleet.startWorker(name)));
  return repairedAt;
}

async function restartCoordinator({ fleet }: Victims): Promise<number> {
  const repairedAt = performance.now();
  await fleet.restartCoordinator();
  return repairedAt;
}

async function healLater({ proxy, random }: Victims): Promise<number> {
  await sleep(random() * awayMaxMs);
  proxy.heal();
  return performance.now();
}

async function killDatabase({ postgres, random }: Victims): Promise<number> {
  await postgres?.kill();
  await sleep(random() * awayMaxMs);
  const repairedAt = performance.now();
  await postgres?.restart();
  return repairedAt;
}

/** By name; `kills` are processes that end by SIGKILL. */
export const faults: Record<string, { needsPostgres: boolean; perform: Fault }> = {
  coordinator: { needsPostgres: false, perform: async (victims) => {
    await victims.fleet.killCoordinator();
    return restartCoordinator(victims);
  } },
  worker: { needsPostgres: false, perform: (victims) => {
    const { workers } = victims.fleet;
    return killWorkers(victims, workers.slice(Math.floor(victims.random() * workers.length)).slice(0, 1));
  } },
  'all workers': { needsPostgres: false, perform: (victims) => killWorkers(victims, [...victims.fleet.workers]) },
  'network cut': { needsPostgres: false, perform: (victims) => {
    victims.proxy.cut();
    return healLater(victims);
  } },
  'network silent': { needsPostgres: false, perform: (victims) => {
    victims.proxy.silence();
    return healLater(victims);
  } },
  database: { needsPostgres: true, perform: killDatabase },
  'coordinator and database': { needsPostgres: true, perform: async (victims) => {
    const { fleet, postgres } = victims;
    await Promise.all([fleet.killCoordinator(), postgres?.kill()]);
    const repairedAt = performance.now();
    await postgres?.restart();
    await restartCoordinator(victims);
    return repairedAt;
  } },
};
