import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DebianPostgres } from '../postgres/debian-postgres.js';
import { ToyFleet } from '../toy/toy-fleet.js';
import { CutProxy } from './cut-proxy.js';
import { MovedClocks } from './moved-clocks.js';
import { SmallDisk } from './small-disk.js';
import { type Stage } from './stage.js';

/** Enough for what a run of some minutes writes. */
const diskMegabytes = { coordinator: 256, postgres: 512, worker: 32 };

/** One coordinator, its workers behind a proxy, every home on a small disk of its own where that can be had. */
export async function oneCoordinatorStage({ database, workers }: { database: 'embedded' | 'postgresql'; workers: number }): Promise<Stage> {
  const disks = new Map<string, SmallDisk>();
  const mayMount = await SmallDisk.possible();
  const smallDisk = async (name: string, folder: string) => {
    if (mayMount) disks.set(name, await SmallDisk.mount(folder, { megabytes: diskMegabytes[name === 'coordinator' || name === 'postgres' ? name : 'worker'] }));
  };
  const unmount = () => { for (const disk of disks.values()) disk.unmount(); };
  const clockFolder = await mkdtemp(join(tmpdir(), 'seedfleet-clocks-'));
  const clocks = await MovedClocks.in(clockFolder);
  const postgres = database === 'postgresql' ? await DebianPostgres.start({ prepare: (folder) => smallDisk('postgres', folder) }) : null;
  const proxies: CutProxy[] = [];
  const fleet = await ToyFleet.start(workers, {
    ...(postgres === null ? {} : { postgres }),
    doorOf: async (port) => {
      const proxy = await CutProxy.listen(port);
      proxies.push(proxy);
      return proxy.url;
    },
    prepareHome: smallDisk, ...(clocks === null ? {} : { environmentOf: (name) => clocks.environmentOf(name) }),
  }).catch(async (error: unknown) => {
    await postgres?.kill();
    unmount();
    await postgres?.remove();
    throw error;
  });
  return {
    victims: { fleet, proxy: proxies[0] ?? null, postgres, replicas: null, disks, clocks },
    stop: () => fleet.stop(),
    async close({ keep }) {
      await fleet.stop();
      await postgres?.kill();
      if (keep) for (const { folder } of disks.values()) await cp(folder, `${folder}.kept`, { recursive: true });
      unmount();
      if (!keep) await fleet.remove();
      for (const proxy of proxies) await proxy.close();
      await postgres?.remove();
      await rm(clockFolder, { recursive: true, force: true });
      return fleet.folder;
    },
  };
}
