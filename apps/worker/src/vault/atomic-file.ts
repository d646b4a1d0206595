import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Replaces a file so that a reader, also one after a crash at any instant, sees the old bytes or the new ones, never a part:
 * write beside it, fsync, rename, fsync the folder.
 * @param mode permissions of the file, 0600 unless said
 */
export function writeFileAtomically(path: string, bytes: Uint8Array | string, mode = 0o600): void {
  // The name is unique because a killed process may have left its own temporary file behind.
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  const file = openSync(temporary, 'wx', mode);
  try {
    const data = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    for (let written = 0; written < data.length;) written += writeSync(file, data, written);
    fsyncSync(file);
  } catch (error) {
    closeSync(file);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** Makes the entries of a folder durable: a rename or a new file survives a power cut only after this. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The bytes of a file, or null where there is none. */
export function readFileIfThere(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Makes a folder and its parents, readable by the owner only. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

function isMissing(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The code of an error of the operating system, like ENOENT. Asks for the field, not the class: addons and jest have classes of their own. */
export function systemCodeOf(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
