import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where the processes of a demo keep what they write, each in a folder of its own, with its log beside it. */
export interface FleetHome {
  folder: string;
  coordinator: string;
  encoder: string;
  data: string;
  worker(name: string): string;
  /** Removes a temporary folder; one that was asked for stays. */
  discard(): Promise<void>;
}

/** @param folder a new or empty folder; default: a temporary one */
export async function makeFleetHome(folder?: string): Promise<FleetHome> {
  const path = folder === undefined ? await mkdtemp(join(tmpdir(), 'seedfleet-demo-')) : resolve(folder);
  await mkdir(path, { recursive: true });
  if ((await readdir(path)).length > 0) throw new Error(`${path} is not empty. Give --home a new or an empty folder.`);
  return {
    folder: path,
    coordinator: join(path, 'coordinator'),
    encoder: join(path, 'encoder'),
    data: join(path, 'data'),
    worker: (name) => join(path, 'workers', name),
    discard: async () => { if (folder === undefined) await rm(path, { recursive: true, force: true }); },
  };
}
