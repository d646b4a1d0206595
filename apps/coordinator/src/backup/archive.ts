import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, createReadStream, createWriteStream, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { FleetError } from '@seedfleet/errors';
import { headerBytes, isSealed, seal, unseal, type Seal, type SealKey } from './archive-seal.js';

export const archiveFormat = 'seedfleet/backup/v1';

/** What an archive begins with. */
export interface ArchiveHead {
  format: typeof archiveFormat;
  /** of the coordinator that wrote it */
  version: string;
  /** when, ISO 8601 */
  at: string;
  /** names of the migrations that its rows belong to */
  migrations: string[];
}

/** One line. Rows follow their table, in an order in which each finds what it refers to; chunks follow their file. */
export type ArchiveLine =
  | ArchiveHead
  | { table: string; columns: { name: string; type: string }[] }
  /** one row: PostgreSQL's text form of each value */
  | (string | null)[]
  /** relative to the home */
  | { file: string }
  | { chunk: string }
  | { end: { lines: number; sha256: string } };

/** Lines of JSON through gzip into a file of mode 0600, whole or not at all. The last line holds the SHA-256 of those before. */
export class ArchiveWriter {
  private readonly hash: Hash = createHash('sha256');
  private readonly gzip = createGzip();
  private readonly done: Promise<void>;
  private lines = 0;

  /** @param whoMayRead  null: everybody who can read the file */
  constructor(private readonly path: string, whoMayRead: Seal | null = null) {
    // A pipeline, not a pipe: it settles when either end breaks. It is awaited at the end, a disk that is full says so before.
    this.done = this.pour(whoMayRead);
    this.done.catch(() => this.gzip.destroy());
    this.gzip.on('error', () => { /* told by `done` */ });
  }

  private async pour(whoMayRead: Seal | null): Promise<void> {
    if (existsSync(this.path)) throw new FleetError('backup.exists', { field: 'out', problem: `${this.path} is there already.` });
    const packed: Readable = whoMayRead === null ? this.gzip : await seal(this.gzip, whoMayRead);
    rmSync(this.draft, { force: true });
    await pipeline(packed, createWriteStream(this.draft, { flags: 'wx', mode: 0o600 }));
  }

  async write(line: ArchiveLine): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.hash.update(text);
    this.lines += 1;
    // What broke the pipeline says more than the stream that it left behind.
    if (this.gzip.destroyed) await this.done;
    if (!this.gzip.write(text)) await Promise.race([once(this.gzip, 'drain'), this.done]);
  }

  async close(): Promise<void> {
    this.gzip.end(`${JSON.stringify({ end: { lines: this.lines, sha256: this.hash.digest('hex') } })}\n`);
    await this.done;
    const file = openSync(this.draft, 'r');
    fsyncSync(file);
    closeSync(file);
    renameSync(this.draft, this.path);
  }

  async abandon(): Promise<void> {
    this.gzip.destroy();
    await this.done.catch(() => {});
    rmSync(this.draft, { force: true });
  }

  private get draft(): string {
    return `${this.path}.new`;
  }
}

const damaged = (problem: string, cause?: unknown) => new FleetError('backup.damaged', { field: 'from', problem, cause });

/** The packed lines of an archive, opened if it is sealed. @throws FleetError `backup.sealed`, `backup.wrong-key` */
async function openArchive(path: string, key: SealKey | null): Promise<Readable> {
  const file = openSync(path, 'r');
  const first = Buffer.alloc(headerBytes);
  readSync(file, first, 0, headerBytes, 0);
  closeSync(file);
  const source = createReadStream(path);
  if (!isSealed(first)) return source;
  if (key === null) throw new FleetError('backup.sealed', { field: 'from', problem: `${path} is encrypted.` });
  return unseal(source, key);
}

/**
 * Lines of an archive without its end, which is checked when it is reached.
 * @throws FleetError `backup.damaged`, `backup.sealed`, `backup.wrong-key`
 */
export async function* readArchive(path: string, key: SealKey | null = null): AsyncGenerator<ArchiveLine> {
  const hash = createHash('sha256');
  let lines = 0;
  let end: { lines: number; sha256: string } | null = null;
  const source = createGunzip();
  const read = pipeline(await openArchive(path, key), source);
  read.catch(() => {});
  try {
    for await (const text of createInterface({ input: source, crlfDelay: Infinity })) {
      if (end !== null) throw damaged('Something follows the end of the archive.');
      const line = JSON.parse(text) as ArchiveLine;
      if (typeof line === 'object' && !Array.isArray(line) && 'end' in line) {
        end = line.end;
        continue;
      }
      hash.update(`${text}\n`);
      lines += 1;
      yield line;
    }
    await read;
  } catch (error) {
    throw error instanceof FleetError ? error : damaged('The archive cannot be read to its end.', error);
  }
  if (end === null || end.lines !== lines || end.sha256 !== hash.digest('hex')) throw damaged('The archive is cut or was changed: its checksum does not match.');
}
