import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const binaries = '/usr/lib/postgresql/15/bin';

/** A PostgreSQL 15 of Debian on a free port, for one spec. */
export interface PostgresUnderTest {
  url: string;
  /** makes a database beside the one of the URL */
  create(name: string): void;
  drop(name: string): void;
  close(): void;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian's package made. */
function run(command: string, args: string[]): void {
  const [program, ...rest] = userInfo().uid === 0 ? ['setpriv', '--reuid', 'postgres', '--regid', 'postgres', '--init-groups', command, ...args] : [command, ...args];
  execFileSync(program as string, rest, { stdio: 'ignore', cwd: tmpdir() });
}

export async function aPostgres(): Promise<PostgresUnderTest> {
  if (!existsSync(binaries)) throw new Error('This spec needs PostgreSQL 15: apt-get install -y postgresql-15');
  const folder = mkdtempSync(join(tmpdir(), 'seedfleet-postgres-'));
  if (userInfo().uid === 0) execFileSync('chown', ['postgres:postgres', folder]);
  chmodSync(folder, 0o700);
  const data = join(folder, 'data');
  const port = await freePort();
  run(`${binaries}/initdb`, ['-D', data, '-A', 'trust', '-U', 'seedfleet', '--locale=C', '--encoding=UTF8']);
  run(`${binaries}/pg_ctl`, ['-D', data, '-w', '-l', join(folder, 'log'), '-o', `-p ${port} -k ${folder}`, 'start']);
  return {
    url: `postgresql://seedfleet@127.0.0.1:${port}/postgres`,
    create(name) { run(`${binaries}/createdb`, ['-h', '127.0.0.1', '-p', String(port), '-U', 'seedfleet', name]); },
    drop(name) { run(`${binaries}/dropdb`, ['--force', '-h', '127.0.0.1', '-p', String(port), '-U', 'seedfleet', name]); },
    close() {
      run(`${binaries}/pg_ctl`, ['-D', data, '-w', '-m', 'immediate', 'stop']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
