import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { FleetError } from '@seedfleet/errors';
import { type EmbeddedPostgresNotice, type EmbeddedPostgresTask } from './embedded-postgres.thread.js';

/** A PostgreSQL in a thread of this process, for connections over a socket that only this user may open. */
export interface EmbeddedPostgres {
  /** For node-postgres: host is the folder of the socket. */
  connection: { host: string; port: number; user: string; database: string };
  /** How often a write was forced to the disk since the start. */
  fsyncCalls(): number;
  close(): Promise<void>;
}

const socketName = '.s.PGSQL.5432';
/** The kernel's limit for the path of a socket is 108 bytes on Linux, 104 elsewhere. */
const socketPathBytesMax = 100;

/** Beside the database, where the next start finds what a kill -9 left; in the temporary folder if that path is too long for a socket. */
function makeSocketFolder(folder: string): string {
  if (Buffer.byteLength(join(folder, socketName)) > socketPathBytesMax) return mkdtempSync(join(tmpdir(), 'seedfleet-'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Threads and processes run outside of jest: always the built files, from src as from dist. */
const threadFile = new URL('../../dist/database/embedded-postgres.thread.js', import.meta.url);
const createFile = new URL('../../dist/database/embedded-create.process.js', import.meta.url);

const failed = (problem: string) => new FleetError('database.unavailable', { problem: `The embedded database did not start: ${problem}.` });

function create(directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [fileURLToPath(createFile), directory], { env: {} }, (error, _, stderr) => {
      if (error === null) resolve();
      else reject(failed(stderr.trim().split('\n').at(-1) || error.message));
    });
  });
}

/**
 * PostgreSQL as WebAssembly is compiled once and kept so: optimising it again function by function, in all threads at once, is what takes a
 * coordinator over its 400 MB (measured after start: 385 MB with, 267 MB without). Its queries wait for the disk, not for the processor.
 */
function keepWebAssemblySmall(): void {
  setFlagsFromString('--liftoff-only');
}

function startThread(task: EmbeddedPostgresTask): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const fail = (problem: string) => reject(failed(problem));
    // Whatever the parent was started with (loaders, inspectors) is not for the database.
    const thread = new Worker(threadFile, { workerData: task, execArgv: [], env: {} });
    thread.once('error', (error) => fail(error.message));
    thread.once('exit', (code) => fail(`its thread ended with code ${code}`));
    thread.once('message', (notice: EmbeddedPostgresNotice) => (notice.type === 'serving' ? resolve(thread) : fail(notice.problem)));
  });
}

/**
 * Opens the database directory, making it first where there is none.
 * @param directory  the caller holds the lock of the home: PGlite itself takes none
 * @throws FleetError `database.unavailable`
 */
export async function openEmbeddedPostgres(directory: string): Promise<EmbeddedPostgres> {
  const fsyncCalls = new Int32Array(new SharedArrayBuffer(4));
  const socketFolder = makeSocketFolder(`${directory}-socket`);
  const socketPath = join(socketFolder, socketName);
  if (!existsSync(directory)) {
    // A half-made directory is never used: the name comes last.
    const unfinished = `${directory}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    await create(unfinished);
    renameSync(unfinished, directory);
  }
  keepWebAssemblySmall();
  const thread = await startThread({ directory, socketPath, fsyncCalls });
  return {
    connection: { host: socketFolder, port: 5432, user: 'postgres', database: 'postgres' },
    fsyncCalls: () => Atomics.load(fsyncCalls, 0),
    close: async () => {
      const ended = new Promise((resolve) => thread.once('exit', resolve));
      thread.postMessage('close');
      await ended;
      rmSync(socketFolder, { recursive: true, force: true });
    },
  };
}
