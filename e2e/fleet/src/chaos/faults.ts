import { setTimeout as sleep } from 'node:timers/promises';
import { type DebianPostgres } from '../postgres/debian-postgres.js';
import { type ReplicaFleet } from '../replicas/replica-fleet.js';
import { type ToyFleet } from '../toy/toy-fleet.js';
import { type CutProxy } from './cut-proxy.js';
import { clockNoticedMs, type MovedClocks } from './moved-clocks.js';
import { type SmallDisk } from './small-disk.js';

/** What a fault may do harm to. */
export interface Victims {
  fleet: ToyFleet;
  /** null: the network is what it is */
  proxy: CutProxy | null;
  /** null: the database lives and dies with the coordinator */
  postgres: DebianPostgres | null;
  /** null: one coordinator */
  replicas: ReplicaFleet | null;
  /** by `coordinator`, `postgres` or the name of a device; empty where nobody may mount one */
  disks: ReadonlyMap<string, SmallDisk>;
  /** null without libfaketime */
  clocks: MovedClocks | null;
  random: () => number;
}

/** Longest time that a database or a network stays away, milliseconds. */
const awayMaxMs = 2_000;
/** Shortest time that a disk stays full, milliseconds. */
const fullMinMs = 4_000;
/** How far clocks are moved: five minutes. */
const clockSeconds = 300;

/** When a repair began, ms; what is still being started when rounds may go on already. */
export interface Repair {
  at: number;
  rest?: Promise<unknown>;
}

/** Kills, cuts, and starts again what it killed, as a supervisor does it. */
type Fault = (victims: Victims) => Promise<number | Repair>;

const nameOf = (fleet: ToyFleet, { home }: ToyFleet['workers'][number]) => home.slice(fleet.folder.length + 1);

function oneOf({ fleet, random }: Victims): ToyFleet['workers'][number] {
  const worker = fleet.workers[Math.floor(random() * fleet.workers.length)];
  if (worker === undefined) throw new Error('The fleet has no worker.');
  return worker;
}

async function killWorkers({ fleet }: Victims, workers: ToyFleet['workers']): Promise<number> {
  const names = workers.map((worker) => nameOf(fleet, worker));
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
  proxy?.heal();
  return performance.now();
}

async function killDatabase({ postgres, random }: Victims): Promise<number> {
  await postgres?.kill();
  await sleep(random() * awayMaxMs);
  const repairedAt = performance.now();
  await postgres?.restart();
  return repairedAt;
}

/** Fills a disk for a while. Who ends by itself because of it is started again, as a supervisor does it, when there is room. */
async function fillDisk({ fleet, postgres, disks, random }: Victims, name: string): Promise<number> {
  const disk = disks.get(name);
  if (disk === undefined) throw new Error(`There is no small disk of ${name}.`);
  await disk.fill();
  // Long enough that a table, or the log of the database, wants another block.
  await sleep(fullMinMs + random() * awayMaxMs);
  await disk.free();
  const repairedAt = performance.now();
  if (postgres !== null && !postgres.running()) await postgres.restart();
  if (!fleet.coordinator.running()) await fleet.restartCoordinator();
  await Promise.all(fleet.workers.filter((worker) => !worker.running()).map((worker) => fleet.startWorker(nameOf(fleet, worker))));
  return repairedAt;
}

/** Five minutes ahead, behind or right, but another than before. */
async function moveClock({ clocks, random }: Victims, name: string): Promise<number> {
  const choices = [0, clockSeconds, -clockSeconds].filter((seconds) => seconds !== clocks?.offsetOf(name));
  await clocks?.move(name, choices[Math.floor(random() * choices.length)] ?? 0);
  await sleep(clockNoticedMs);
  return performance.now();
}

/** Nobody repairs it: others take over, and one that was started anew joins them later. */
async function killReplica(all: ReplicaFleet | null, which: 'leader' | 'follower'): Promise<Repair> {
  if (all === null) throw new Error('There is one coordinator.');
  const leader = await all.leader();
  const victim = which === 'leader' ? leader : all.replicas.find((replica) => replica !== leader);
  const at = performance.now();
  await victim?.kill('SIGKILL');
  all.replicas.splice(0, all.replicas.length, ...all.replicas.filter((replica) => replica !== victim));
  all.openDoor();
  return { at, rest: all.addReplica() };
}

async function killRedis({ replicas, random }: Victims): Promise<number> {
  await replicas?.redis.kill();
  await sleep(random() * awayMaxMs);
  const repairedAt = performance.now();
  await replicas?.redis.restart();
  return repairedAt;
}

type Need = 'one coordinator' | 'replicas' | 'proxy' | 'postgres' | 'disks' | 'clocks';

/** By name; `kills` are processes that end by SIGKILL. */
export const faults: Record<string, { needs: readonly Need[]; perform: Fault }> = {
  coordinator: { needs: ['one coordinator'], perform: async (victims) => {
    await victims.fleet.killCoordinator();
    return restartCoordinator(victims);
  } },
  worker: { needs: [], perform: (victims) => killWorkers(victims, [oneOf(victims)]) },
  'all workers': { needs: [], perform: (victims) => killWorkers(victims, [...victims.fleet.workers]) },
  'network cut': { needs: ['proxy'], perform: (victims) => {
    victims.proxy?.cut();
    return healLater(victims);
  } },
  'network silent': { needs: ['proxy'], perform: (victims) => {
    victims.proxy?.silence();
    return healLater(victims);
  } },
  'disk of the database full': { needs: ['disks'], perform: (victims) => fillDisk(victims, victims.postgres === null ? 'coordinator' : 'postgres') },
  'disk of a worker full': { needs: ['disks'], perform: (victims) => fillDisk(victims, nameOf(victims.fleet, oneOf(victims))) },
  'clock of the coordinator moved': { needs: ['clocks'], perform: (victims) => moveClock(victims, 'coordinator') },
  'clock of a worker moved': { needs: ['clocks'], perform: (victims) => moveClock(victims, nameOf(victims.fleet, oneOf(victims))) },
  database: { needs: ['postgres'], perform: killDatabase },
  'leader among replicas': { needs: ['replicas'], perform: ({ replicas }) => killReplica(replicas, 'leader') },
  'replica that follows': { needs: ['replicas'], perform: ({ replicas }) => killReplica(replicas, 'follower') },
  Redis: { needs: ['replicas'], perform: killRedis },
  'coordinator and database': { needs: ['postgres', 'one coordinator'], perform: async (victims) => {
    const { fleet, postgres } = victims;
    await Promise.all([fleet.killCoordinator(), postgres?.kill()]);
    const repairedAt = performance.now();
    await postgres?.restart();
    await restartCoordinator(victims);
    return repairedAt;
  } },
};

/** Which of the faults this machine and this database can do. */
export function possibleFaults({ postgres, replicas, proxy, disks, clocks }: Victims): string[] {
  const has: Record<Need, boolean> = {
    'one coordinator': replicas === null, replicas: replicas !== null, proxy: proxy !== null, postgres: postgres !== null, disks: disks.size > 0, clocks: clocks !== null,
  };
  return Object.entries(faults).filter(([, { needs }]) => needs.every((need) => has[need])).map(([name]) => name);
}
