import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { routes } from '@seedfleet/protocol';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { type Surroundings } from '../terminal/surroundings.js';

type ModelFile = Manifest['model']['files'][number];

/** Broken connections in a row after which the file was no longer than ever before. */
const failuresMax = 5;
const pauseMs = 1_000;

/** Where downloaded files of base models stay, under their hash: `seedfleet/models` in XDG_CACHE_HOME, which is ~/.cache where nothing is said. */
export function modelCacheFolder({ env, homeFolder }: Pick<Surroundings, 'env' | 'homeFolder'>): string {
  const configured = env['XDG_CACHE_HOME'];
  return join(configured?.startsWith('/') ? configured : join(homeFolder, '.cache'), 'seedfleet', 'models');
}

export interface RunFiles {
  client: CoordinatorClient;
  run: number;
  files: readonly ModelFile[];
  folder: string;
  /** @param received bytes of all the files that are on this disk */
  onProgress(received: number): void;
  sleep(milliseconds: number): Promise<void>;
}

/**
 * The files of a run's base model on this disk, by their path in the manifest. What is there already is not fetched again; what a broken connection or
 * an earlier command left is gone on with. A file stands under its hash only when it has that hash.
 * @throws FleetError `download.failed`, `download.hash-mismatch`, or what the coordinator refused
 */
export async function fetchRunFiles({ files, folder, onProgress, ...rest }: RunFiles): Promise<Map<string, string>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const places = new Map<string, string>();
  let before = 0;
  for (const file of files) {
    const target = join(folder, file.sha256);
    if (sizeOf(target) !== file.bytes || await sha256OfFile(target) !== file.sha256) {
      await rm(target, { force: true });
      await fetchFile(target, { ...rest, file, onProgress: (received) => { onProgress(before + received); } });
    }
    before += file.bytes;
    onProgress(before);
    places.set(file.path, target);
  }
  return places;
}

interface Fetch extends Pick<RunFiles, 'client' | 'run' | 'onProgress' | 'sleep'> { file: ModelFile }

async function fetchFile(target: string, fetch: Fetch): Promise<void> {
  const { file, sleep } = fetch;
  const part = `${target}.part`;
  if (sizeOf(part) > file.bytes) await rm(part);
  let failures = 0;
  let most = sizeOf(part);
  while (sizeOf(part) < file.bytes || !existsSync(part)) {
    let problem: unknown;
    try {
      await append(part, fetch);
    } catch (error) {
      if (error instanceof FleetError && error.code !== 'coordinator.unreachable') throw error;
      problem = error;
    }
    failures = sizeOf(part) > most ? 0 : failures + 1;
    most = Math.max(most, sizeOf(part));
    if (failures >= failuresMax) throw new FleetError('download.failed', { field: file.path, problem: `The download of ${file.path} stopped at byte ${sizeOf(part)} of ${file.bytes}.`, fix: 'Run the same command again: it goes on at the byte where it stopped.', cause: problem });
    if (problem !== undefined) await sleep(pauseMs);
  }
  if (sizeOf(part) !== file.bytes || await sha256OfFile(part) !== file.sha256) {
    await rm(part);
    throw new FleetError('download.hash-mismatch', { field: file.path, problem: `The bytes of ${file.path} are not those that the manifest names.`, fix: 'Run the command again; if it stays, the coordinator serves another model than the run was trained on.' });
  }
  await rename(part, target);
}

async function append(part: string, { client, run, file, onProgress }: Fetch): Promise<void> {
  const offset = sizeOf(part);
  const answer = await client.open(routes.downloadRunFile, { params: { id: run }, query: { path: file.path }, offset });
  // A coordinator without ranges starts over, and so do we.
  const handle = await open(part, answer.status === 206 ? 'a' : 'w', 0o600);
  let size = answer.status === 206 ? offset : 0;
  try {
    for await (const chunk of answer.body ?? []) {
      await handle.write(chunk);
      size += chunk.length;
      onProgress(Math.min(size, file.bytes));
      // What is too much is found out by its length; an endless body must not fill the disk.
      if (size > file.bytes) return;
    }
  } finally {
    await handle.close();
  }
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

/** Hex, read as a stream: a model may be larger than memory. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
