import { createHash } from 'node:crypto';
import { createReadStream, existsSync, rmSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, isAbsolute, normalize, sep } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { makePrivateFolder, syncFolder } from '../vault/atomic-file.js';

export interface RemoteFile {
  /** Where to put it. */
  target: string;
  /** Length in bytes, and hex SHA-256 of the whole. */
  bytes: number;
  sha256: string;
}

/** Asks for the bytes from `offset` on. The answer is 206, or 200 with the whole file where the server knows no ranges. */
export type OpenRange = (offset: number) => Promise<Response>;

/** Tries of one download after a broken connection, each from the byte where the last one stopped. */
const triesMax = 5;

/**
 * Fetches a file into `target`, resuming from `target.part` whatever an earlier process left of it. Under its name the file
 * is only ever whole and of the right hash.
 * @returns bytes that crossed the network now; 0 where the file was there
 * @throws FleetError `download.failed`, `download.hash-mismatch` (the bytes are removed)
 */
export async function downloadFile(file: RemoteFile, openRange: OpenRange): Promise<number> {
  if (existsSync(file.target)) {
    if (statSync(file.target).size === file.bytes && await sha256OfFile(file.target) === file.sha256) return 0;
    rmSync(file.target);
  }
  makePrivateFolder(dirname(file.target));
  const part = `${file.target}.part`;
  let fetched = 0;
  for (let tries = 1; ; tries++) {
    const before = sizeOf(part);
    if (before > file.bytes) rmSync(part);
    if (sizeOf(part) === file.bytes && file.bytes > 0) break;
    try {
      fetched += await appendFrom(part, file.bytes, openRange);
      break;
    } catch (cause) {
      fetched += Math.max(0, sizeOf(part) - before);
      if (cause instanceof FleetError && (!cause.retryable || cause.code === 'download.hash-mismatch')) {
        rmSync(part, { force: true });
        throw cause;
      }
      // A try that brought something is not counted: only a server that sends nothing ends this.
      if (sizeOf(part) > before) tries = 0;
      if (tries >= triesMax) throw new FleetError('download.failed', { problem: `The download stopped at byte ${sizeOf(part)} of ${file.bytes}.`, cause });
    }
  }
  if (sizeOf(part) !== file.bytes || await sha256OfFile(part) !== file.sha256) {
    rmSync(part, { force: true });
    throw new FleetError('download.hash-mismatch', { problem: `The bytes of ${file.target} are not those that the manifest names.` });
  }
  await rename(part, file.target);
  syncFolder(dirname(file.target));
  return fetched;
}

async function appendFrom(part: string, length: number, openRange: OpenRange): Promise<number> {
  const offset = sizeOf(part);
  const response = await openRange(offset);
  const isPartial = response.status === 206;
  // A server without ranges starts over: so do we, rather than joining two different places of the file.
  const file = await open(part, isPartial ? 'a' : 'w', 0o600);
  let size = isPartial ? offset : 0;
  let fetched = 0;
  try {
    for await (const chunk of response.body ?? []) {
      if (size + chunk.length > length) {
        throw new FleetError('download.hash-mismatch', { problem: `The server sent more than the ${length} bytes that the manifest names.` });
      }
      await file.write(chunk);
      size += chunk.length;
      fetched += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (size < length) throw new FleetError('download.failed', { problem: `The connection ended at byte ${size} of ${length}.` });
  return fetched;
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

/** Hex SHA-256 of a file, read as a stream: a model may be larger than memory. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** The path itself if it stays below the folder that it will be joined to. @throws FleetError `download.path` */
export function requireInside(path: string): string {
  const plain = normalize(path);
  if (path === '' || isAbsolute(plain) || plain.split(sep).includes('..') || path.includes('\\') || path.includes('\0')) {
    throw new FleetError('download.path', { field: 'model.files.path', problem: 'A model file has a path that leaves its folder.' });
  }
  return plain;
}
