import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort, waitUntil } from '@seedfleet/example-sentiment';
import pg from 'pg';

const binaries = '/usr/lib/postgresql/15/bin';
const startTimeoutMs = 30_000;

/** PostgreSQL refuses to run as root: then it runs as the user that Debian's package made. `setpriv` becomes the server: one process id. */
function asDatabaseUser(command: string, args: readonly string[]): [string, string[]] {
  return userInfo().uid === 0 ? ['setpriv', ['--reuid', 'postgres', '--regid', 'postgres', '--init-groups', command, ...args]] : [command, [...args]];
}

const living = new Set<ChildProcess>();
// Whatever ends us, short of SIGKILL, no server stays behind; its own processes notice that it is gone, and end.
process.on('exit', () => { for (const server of living) server.kill('SIGKILL'); });

/** A PostgreSQL 15 of Debian on a free port, that can be killed and started again. */
export class DebianPostgres {
  readonly url: string;
  private server: ChildProcess | null = null;

  private constructor(private readonly folder: string, private readonly port: number) {
    this.url = `postgresql://seedfleet@127.0.0.1:${port}/postgres`;
  }

  /** @param prepare  makes something of the empty folder before the data is put into it */
  static async start({ prepare }: { prepare?: (folder: string) => Promise<void> } = {}): Promise<DebianPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'seedfleet-postgres-'));
    await prepare?.(folder);
    if (userInfo().uid === 0) execFileSync('chown', ['postgres:postgres', folder]);
    await chmod(folder, 0o700);
    const postgres = new DebianPostgres(folder, await freePort());
    const [program, args] = asDatabaseUser(`${binaries}/initdb`, ['-D', join(folder, 'data'), '-A', 'trust', '-U', 'seedfleet', '--locale=C', '--encoding=UTF8']);
    execFileSync(program, args, { stdio: 'ignore', cwd: tmpdir() });
    await postgres.restart();
    return postgres;
  }

  /** Starts the server on its data and waits until it answers. */
  async restart(): Promise<void> {
    const [program, args] = asDatabaseUser(`${binaries}/postgres`, ['-D', join(this.folder, 'data'), '-p', String(this.port), '-k', this.folder]);
    const log = await open(`${this.folder}.log`, 'a');
    const server = spawn(program, args, { stdio: ['ignore', log.fd, log.fd], cwd: tmpdir() });
    living.add(server.once('exit', () => living.delete(server)));
    this.server = server;
    await log.close();
    await waitUntil({ what: 'PostgreSQL to answer', timeoutMs: startTimeoutMs, everyMs: 20 }, () => this.answers());
  }

  /** kill -9 of the server and of every process that serves a connection, as a dying machine does it. */
  async kill(): Promise<void> {
    const { server } = this;
    if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const children = await readFile(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8');
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    for (const child of children.trim().split(/\s+/).filter((word) => word !== '')) {
      try {
        process.kill(Number(child), 'SIGKILL');
      } catch { /* ended by itself meanwhile */ }
    }
    await ended;
  }

  running(): boolean {
    return this.server !== null && this.server.exitCode === null && this.server.signalCode === null;
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
    await rm(`${this.folder}.log`, { force: true });
  }

  private async answers(): Promise<boolean> {
    if (this.server?.exitCode !== null) throw new Error(`PostgreSQL ended at its start: ${(await readFile(`${this.folder}.log`, 'utf8')).trim().split('\n').at(-1)}`);
    return this.query('SELECT 1').then(() => true, () => false);
  }
}
