import { existsSync, statSync } from 'node:fs';
import { copyFile, link, mkdir, open, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { hasContent } from './content-hash.js';
import { type HubClient, type HubFile, type HubRevision } from './hub-client.js';

/** Broken connections in a row that brought no byte. */
const failuresMax = 5;
/** Silence in the middle of a file that ends the connection. */
const silenceMs = 60_000;
const pauseMs = 1_000;

export interface Download {
  client: HubClient;
  revision: HubRevision;
  path: string;
  onProgress(received: number, file: HubFile): void;
  sleep(milliseconds: number): Promise<void>;
}

/**
 * Files of a hub on this disk. `blobs/` holds each content once, under its hash, and only when it was verified; `models/ORG--NAME/COMMIT/` holds
 * the files under their names, as hard links: ONNX Runtime refuses external weights behind a symbolic link that leaves the model's folder.
 */
export class DownloadCache {
  constructor(private readonly folder: string) {}

  /** Where a file of a revision is, after `fetch`. */
  pathOf({ repository, commit }: HubRevision, path: string): string {
    return join(this.folder, 'models', repository.replace('/', '--'), commit, path);
  }

  /**
   * The file on this disk: from the cache if its content is still that, else fetched, going on where an earlier connection or process stopped.
   * @throws FleetError `hub.hash-mismatch`, `hub.interrupted`, `hub.no-space`, those of `askHub`
   */
  async fetch(download: Download): Promise<string> {
    const file = await download.client.describe(download.revision, download.path);
    const blob = join(this.folder, 'blobs', `${file.hash.kind}-${file.hash.hex}`);
    if (!await isWhole(blob, file)) {
      await mkdir(dirname(blob), { recursive: true, mode: 0o700 });
      await fetchBlob(blob, { ...download, file });
    }
    const target = this.pathOf(download.revision, download.path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await rm(target, { force: true });
    await link(blob, target).catch(() => copyFile(blob, target));
    return target;
  }
}

async function isWhole(path: string, { bytes, hash }: HubFile): Promise<boolean> {
  return existsSync(path) && statSync(path).size === bytes && await hasContent(path, hash);
}

async function fetchBlob(blob: string, download: Download & { file: HubFile }): Promise<void> {
  const { file } = download;
  const part = `${blob}.part`;
  await requireSpace(dirname(blob), file.bytes - sizeOf(part));
  for (let failures = 0; sizeOf(part) !== file.bytes || file.bytes === 0;) {
    const before = sizeOf(part);
    const { ended, cause } = await appendTo(part, download);
    if (ended) break;
    // A connection that brought something does not count: only a hub that sends nothing ends this.
    failures = sizeOf(part) > before ? 0 : failures + 1;
    if (failures >= failuresMax) throw new FleetError('hub.interrupted', { field: file.path, problem: `The download of ${file.path} stopped at byte ${sizeOf(part)} of ${file.bytes}.`, cause });
    await download.sleep(pauseMs);
  }
  const right = await isWhole(part, file);
  if (right) await rename(part, blob);
  await forget(part);
  if (!right) throw new FleetError('hub.hash-mismatch', { field: file.path, problem: `The bytes of ${file.path} are not those that the hub names by ${file.hash.kind} ${file.hash.hex}.` });
}

/** One connection's worth of bytes. @returns whether all are there; if not, `cause` may say why */
async function appendTo(part: string, { client, revision, path, file, onProgress }: Download & { file: HubFile }): Promise<{ ended: boolean; cause?: unknown }> {
  const offset = sizeOf(part) > file.bytes ? 0 : sizeOf(part);
  const etag = offset === 0 ? undefined : await readFile(etagFile(part), 'utf8').catch(() => undefined);
  const silence = new AbortController();
  const response = await client.open(revision, path, { offset, signal: silence.signal, ...(etag === undefined ? {} : { etag }) });
  const continues = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${offset}-`) === true;
  if (!continues && response.status !== 200) {
    // A range of another place, or beyond the end: what is here belongs to another file.
    await response.body?.cancel();
    await forget(part);
    return { ended: false };
  }
  // Without ranges the hub starts over, and so do we, rather than joining two places of the file.
  const handle = await open(part, continues ? 'a' : 'w', 0o600);
  let size = continues ? offset : 0;
  let timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    const strong = response.headers.get('etag');
    if (strong?.startsWith('"')) await writeFile(etagFile(part), strong, { mode: 0o600 });
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMs);
      size += chunk.length;
      if (size > file.bytes) break;
      await handle.write(chunk);
      onProgress(size, file);
    }
    await handle.sync();
  } catch (cause) {
    if (isDiskError(cause)) throw noSpace(part, cause);
    return { ended: false, cause };
  } finally {
    clearTimeout(timer);
    await handle.close();
  }
  if (size > file.bytes) {
    await forget(part);
    throw new FleetError('hub.hash-mismatch', { field: path, problem: `The hub sent more than the ${file.bytes} bytes that it names for ${path}.` });
  }
  return { ended: size === file.bytes };
}

const etagFile = (part: string) => `${part}.etag`;
const sizeOf = (path: string) => (existsSync(path) ? statSync(path).size : 0);

async function forget(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(etagFile(part), { force: true });
}

async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes) throw noSpace(folder);
}

const isDiskError = (cause: unknown) => typeof cause === 'object' && cause !== null && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT' || cause.code === 'EIO');
const noSpace = (field: string, cause?: unknown) => new FleetError('hub.no-space', { field, problem: 'The disk of the download cache has no room for this file.', ...(cause === undefined ? {} : { cause }) });
