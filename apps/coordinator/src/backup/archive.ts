import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, type WriteStream, openSync, fsyncSync, closeSync, renameSync, rmSync, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { FleetError } from '@seedfleet/errors';

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
  private readonly sink: WriteStream;
  private readonly done: Promise<void>;
  private lines = 0;

  /** @throws FleetError `backup.exists` */
  constructor(private readonly path: string) {
    if (existsSync(path)) throw new FleetError('backup.exists', { field: 'out', problem: `${path} is there already.` });
    rmSync(this.draft, { force: true });
    this.sink = createWriteStream(this.draft, { flags: 'wx', mode: 0o600 });
    // A pipeline, not a pipe: it settles when either end breaks. It is awaited at the end, a disk that is full says so before.
    this.done = pipeline(this.gzip, this.sink);
    this.done.catch(() => {});
  }

  async write(line: ArchiveLine): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.hash.update(text);
    this.lines += 1;
    if (!this.gzip.write(text)) await once(this.gzip, 'drain');
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
    if (!this.sink.closed) await once(this.sink, 'close');
    rmSync(this.draft, { force: true });
  }

  private get draft(): string {
    return `${this.path}.new`;
  }
}

const damaged = (problem: string, cause?: unknown) => new FleetError('backup.damaged', { field: 'from', problem, cause });

/**
 * Lines of an archive without its end, which is checked when it is reached.
 * @throws FleetError `backup.damaged`
 */
export async function* readArchive(path: string): AsyncGenerator<ArchiveLine> {
  const hash = createHash('sha256');
  let lines = 0;
  let end: { lines: number; sha256: string } | null = null;
  const source = createReadStream(path).pipe(createGunzip());
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
    if (source.errored !== null) throw source.errored;
  } catch (error) {
    throw error instanceof FleetError ? error : damaged('The archive cannot be read to its end.', error);
  }
  if (end === null || end.lines !== lines || end.sha256 !== hash.digest('hex')) throw damaged('The archive is cut or was changed: its checksum does not match.');
}
